//! Several processes that share the instances of a cloud account.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod flag;
mod hashing;
mod together;
