//! The alerts: whether Prometheus accepts them, whether they fire when they
//! should, whether they speak of nothing that does not exist, and whether they
//! arrive.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails has failed its test"
)]

/// What the end-to-end tests use too, each its own part of it.
#[path = "../e2e"]
#[allow(
    dead_code,
    unused_imports,
    clippy::indexing_slicing,
    reason = "shared with tests that use the rest of it"
)]
mod shared {
    pub(crate) mod daemon;
    pub(crate) mod exposition;
    pub(crate) mod http;
    pub(crate) mod prometheus;
    pub(crate) mod simulator;
    pub(crate) mod wait;
}
use shared::{daemon, exposition, http, prometheus, simulator, wait};

mod alertmanager;
mod delivery;
mod hurry;
mod labels;
mod outlook;
mod promtool;
mod receiver;
mod rule;
mod runbooks;
mod scenarios;
mod wording;
