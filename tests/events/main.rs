//! Events: what they say of made-up sweeps, how they look, and how they arrive.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]
#![expect(unreachable_pub, reason = "the modules of a test are its own")]

/// Sweeps as text, which the tests of the rules use too.
#[path = "../rules/world.rs"]
#[allow(dead_code, reason = "shared with tests that use the rest of it")]
mod world;

/// What the end-to-end tests use too, each its own part of it.
#[path = "../e2e"]
#[allow(
    dead_code,
    unused_imports,
    reason = "shared with tests that use the rest of it"
)]
mod shared {
    pub(crate) mod daemon;
    pub(crate) mod exposition;
    pub(crate) mod http;
    pub(crate) mod python;
    pub(crate) mod simulator;
    pub(crate) mod wait;
}
use shared::{daemon, exposition, http, python, simulator, wait};

mod documents;
mod hooks;
mod observer;
mod place;
mod properties;
mod receiver;
mod retries;
mod tables;
mod truth;
mod words;
