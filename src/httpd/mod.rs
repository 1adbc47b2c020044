//! The HTTP server under every page: accept loop, limits, drain.
//!
//! It knows connections, not routes: a [`Handler`] turns a request into a
//! response, and [`serve`] keeps strangers from hurting it. The caller binds
//! the listeners and the caller stops them.
//!
//! HTTP/1.0 and 1.1 are spoken, and HTTP/2 over TLS where both sides want it.
//! Everything that serves one connection is generic over its transport; [`tls`]
//! comes between accepting and serving.

mod activity;
mod body;
mod connection;
pub mod gzip;
mod http1;
mod http2;
mod io;
mod limits;
mod listeners;
mod origin;
mod probe;
mod refusal;
mod server;
mod shared;
pub mod systemd;
pub mod tls;
mod watch;

use std::future::Future;

use hyper::{Request, Response};

pub use self::body::Body;
pub use self::limits::Limits;
pub use self::probe::{ProbeError, Sign, probe};
pub use self::server::{Drained, Entrance, ServeError, serve};

/// Turns requests into responses.
///
/// A request has no body: those that bring one are refused before they come
/// here. A panic in a handler is a bug and ends the server with an error, see
/// [`serve`].
pub trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(&self, request: Request<()>) -> impl Future<Output = Response<Body>> + Send;
}

impl<F, R> Handler for F
where
    F: Fn(Request<()>) -> R + Send + Sync + 'static,
    R: Future<Output = Response<Body>> + Send,
{
    fn handle(&self, request: Request<()>) -> impl Future<Output = Response<Body>> + Send {
        self(request)
    }
}
