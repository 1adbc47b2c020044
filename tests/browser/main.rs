//! The status page in a real browser: Debian's Chromium, driven by Playwright,
//! with axe as the judge of accessibility.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails has failed its test"
)]

/// What the end-to-end tests use too.
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
    pub(crate) mod simulator;
    pub(crate) mod wait;
}
use shared::{daemon, exposition, http, simulator, wait};

mod browser;
mod json;
mod status;
