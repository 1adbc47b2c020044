//! TLS, users, headers and rate, over real sockets, as files in
//! exporter-toolkit's format say.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]

#[path = "guard/access.rs"]
mod access;
#[path = "guard/cases.rs"]
mod cases;
#[path = "guard/certificates.rs"]
mod certificates;
#[path = "guard/client.rs"]
mod client;
#[path = "guard/client_auth.rs"]
mod client_auth;
#[path = "guard/curl.rs"]
mod curl;
#[path = "guard/damage.rs"]
mod damage;
#[path = "guard/handshake.rs"]
mod handshake;
#[path = "guard/http2.rs"]
mod http2;
#[path = "guard/prometheus.rs"]
mod prometheus;
#[path = "guard/rotation.rs"]
mod rotation;
#[path = "guard/server.rs"]
mod server;
#[path = "guard/sockets.rs"]
mod sockets;
