//! The alerts: whether Prometheus accepts them, whether they fire when they
//! should, and whether they speak of nothing that does not exist.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails has failed its test"
)]

mod labels;
mod promtool;
mod rule;
mod runbooks;
mod wording;
