//! What all connections of a server share, whatever protocol they speak.

use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use tokio_util::sync::CancellationToken;

use super::body::Body;
use super::limits::Limits;
use super::refusal::Refusal;
use super::tls::Acceptor;
use crate::telemetry::Telemetry;

/// What all connections of a server share.
pub(super) struct Shared<H> {
    /// Makes the responses.
    pub(super) handler: H,
    /// Makes the handshakes; `None` for plain HTTP.
    pub(super) tls: Option<Acceptor>,
    /// What a client may take.
    pub(super) limits: Limits,
    /// Counts what is refused.
    pub(super) telemetry: Telemetry,
    /// Cancelled when the server stops.
    pub(super) shutdown: CancellationToken,
}

/// Counts a connection that ended because of what came in.
pub(super) fn ended(result: hyper::Result<()>, telemetry: &Telemetry) {
    let Err(error) = result else { return };
    if error.is_parse() || error.is_parse_too_large() {
        Refusal::Malformed.count(telemetry);
        return;
    }
    // The client went away; nobody is left to tell.
    tracing::debug!(%error, "connection failed");
}

/// Answers a request that brings a body, and counts the answer.
pub(super) fn refuse_body(telemetry: &Telemetry) -> Response<Body> {
    let response = no_bodies();
    telemetry.http_request(HANDLER_OF_BODIES, response.status().as_u16());
    response
}

fn no_bodies() -> Response<Body> {
    let mut response = Response::new(Body::from("requests must not have a body\n"));
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    // The body is not read, so what follows cannot be told from it.
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The label `handler` of requests that never reach one.
const HANDLER_OF_BODIES: &str = "other";
