//! The chart and the plain manifests: whether Helm and Kubernetes accept them,
//! whether the program accepts what they hand to it, and whether copies in them
//! are fresh. `UPDATE=1 cargo nextest run --test kubernetes` makes them anew.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails has failed its test"
)]

mod copies;
mod fresh;
mod judge;
mod monitoring;
mod object;
mod plain;
mod pods;
mod program;
mod render;
mod security;
mod values;
