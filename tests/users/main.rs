//! The commands of the terminal as people use them: the real program over the
//! simulated cloud, at a pseudo-terminal where there is something to ask, with
//! the official SDK reading back what was written.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails has failed its test"
)]

mod rig;
mod sdk;

mod doubt;
mod file;
mod hostile;
mod kick;
mod list;
mod many;
mod readers;
mod set;
mod shells;
mod show;
mod terminal;
mod textfile;
