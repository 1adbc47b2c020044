//! The simulator from the outside: requests in, replies out, truth beside.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod caller;
mod faults;
mod garbage;
mod operations;
mod recorded;
mod refusals;
mod socket;
mod verification;
mod worlds;
