//! The documents: whether what they point to exists, and whether what they say
//! of the program is what the program says of itself.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails has failed its test"
)]

#[path = "../kubernetes/fresh.rs"]
mod fresh;
mod links;
mod metrics;
mod policies;
mod queries;
mod statements;
