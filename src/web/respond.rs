//! Responses that all pages have in common.

use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};
use serde::Serialize;

use crate::httpd::Body;

/// A response that is never stored and never guessed at.
pub(super) fn with_type(content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A line of text for a person or a probe.
pub(super) fn line(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = with_type("text/plain; charset=utf-8", Body::from(format!("{text}\n")));
    *response.status_mut() = status;
    response
}

/// A document for a program.
pub(super) fn json(document: &impl Serialize) -> Response<Body> {
    match serde_json::to_string(document) {
        Ok(text) => with_type("application/json", Body::from(text)),
        Err(error) => {
            tracing::error!(%error, "a document cannot be encoded");
            let text = "the document cannot be encoded: see the log";
            line(StatusCode::INTERNAL_SERVER_ERROR, text)
        }
    }
}

/// No such page.
pub(super) fn not_found() -> Response<Body> {
    line(
        StatusCode::NOT_FOUND,
        "no such page: the pages are listed at /",
    )
}

/// The page exists, but it can only be read.
pub(super) fn read_only() -> Response<Body> {
    let mut response = line(StatusCode::METHOD_NOT_ALLOWED, "this page can only be read");
    let allowed = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(ALLOW, allowed);
    response
}
