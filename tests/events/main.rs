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

mod observer;
mod properties;
mod tables;
mod words;
