//! The server and its pages over real sockets, with a client that looks at
//! every byte.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a helper that fails has failed its test"
)]

mod api;
mod client;
mod drain;
mod fleet;
mod limits;
mod negotiation;
mod openmetrics;
mod pages;
mod protocol;
mod schema;
mod scrape;
mod server;
mod status;
