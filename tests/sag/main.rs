//! The typed operations: what they send, and what they make of the answers.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

mod decoding;
mod in_process;
mod operations;
