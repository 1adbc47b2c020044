//! Sweeps over a cloud in memory, under paused time.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]
#![expect(unreachable_pub, reason = "the modules of a test are its own")]

mod discovery;
mod failures;
mod fake;
#[path = "../sag/in_process.rs"]
mod in_process;
mod lists;
mod loops;
mod rig;
mod simulated;
