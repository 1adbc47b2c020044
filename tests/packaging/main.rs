//! What operators install: the container, the units of systemd, the Debian
//! package, the compose stack and the examples, each read as it is shipped and
//! judged by the tools that will read it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails has failed its test"
)]

/// What other tests use too, each its own part of it.
#[path = "../e2e"]
#[allow(
    dead_code,
    unused_imports,
    reason = "shared with tests that use the rest of it"
)]
mod shared {
    pub(crate) mod exposition;
    pub(crate) mod http;
    pub(crate) mod prometheus;
    pub(crate) mod wait;
}
use shared::{exposition, http, prometheus, wait};

#[path = "../guard/certificates.rs"]
#[allow(dead_code, reason = "shared with tests that use the rest of it")]
mod certificates;

mod demo;
mod dockerfile;
mod project;

mod compose;
mod container;
mod debian;
mod healthcheck;
mod scrape;
mod systemd;
