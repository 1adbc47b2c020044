//! How many calls sweeps need: by hand, by arithmetic, and by counting.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may fail by panicking"
)]

mod advice;
mod arithmetic;
mod command;

#[path = "../sag/in_process.rs"]
mod in_process;
mod inputs;
mod measured;
