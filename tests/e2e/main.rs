//! The program as a real process over the simulated cloud, read as its users
//! read it: by Prometheus, promtool and Prometheus' own parser for Python.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails has failed its test"
)]

/// Made for the tests of the gate, which need more of it.
#[path = "../guard/certificates.rs"]
#[allow(dead_code, reason = "shared with tests that use the rest of it")]
mod certificates;
#[allow(dead_code, reason = "shared with tests that use the rest of it")]
mod daemon;
mod exposition;
mod http;
mod prometheus;
mod python;
mod simulator;
mod truth;
mod wait;

mod bad_input;
mod credentials;
mod demo;
mod doors;
mod extremes;
mod faults;
mod format;
mod life;
mod once;
mod scrapes;
mod secrets;
mod service;
mod starts;
