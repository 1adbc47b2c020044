//! The program before and after a restart, as processes over the simulated
//! cloud: what the state file keeps, and what becomes of it when things go wrong.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]

mod damage;
mod events;
mod house;
mod memory;
mod sharing;

#[path = "../e2e/exposition.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod exposition;
#[path = "../e2e/http.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod http;
#[path = "../e2e/simulator.rs"]
mod simulator;
#[path = "../e2e/wait.rs"]
mod wait;
