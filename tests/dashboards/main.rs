//! The dashboards: whether they are fresh, whether they keep the rules of
//! Grafana's linter, whether they speak of nothing that does not exist, and
//! whether real Prometheus answers every one of their queries.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
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
    pub(crate) mod python;
    pub(crate) mod simulator;
    pub(crate) mod wait;
}
use shared::{daemon, exposition, http, prometheus, python, simulator, wait};

mod board;
mod expressions;
mod freshness;
mod layout;
mod links;
mod linter;
mod live;
mod provisioning;
