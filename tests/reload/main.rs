//! The daemon as a process, with several cloud accounts, and with a
//! configuration that changes while it runs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

mod accounts;
mod daemon;
mod privacy;
mod reload;
