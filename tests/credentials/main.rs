//! The credential chain against doubles of the services it asks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test helper that meets the unexpected has to fail the test"
)]

mod chain;
mod double;
mod issuer;
mod machine;
mod official;
mod profiles;
mod renewal;
mod roles;
mod silence;
mod world;
