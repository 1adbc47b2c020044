//! The program as a real process over the simulated cloud, read as its users
//! read it: by Prometheus, promtool and Prometheus' own parser for Python.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails has failed its test"
)]

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
mod extremes;
mod faults;
mod format;
mod life;
mod once;
mod scrapes;
mod secrets;
mod service;
mod starts;
