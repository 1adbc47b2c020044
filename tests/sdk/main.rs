//! The official SDKs call the simulator over a socket, every operation of it.
//! The answers that they return are compared with the truth of the world.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod errors;
mod leash;
mod operations;
