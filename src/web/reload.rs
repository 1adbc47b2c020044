//! The request to read the configuration anew.

use std::fmt;

use futures_util::future::BoxFuture;
use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, Response, StatusCode};

use super::respond;
use crate::httpd::Body;

/// Whoever can read the configuration anew.
pub trait Reload: fmt::Debug + Send + Sync {
    /// Reads the configuration anew; ends when the new one is in force, or is
    /// refused and the old one stays.
    fn reload(&self) -> BoxFuture<'_, Result<(), Refusal>>;
}

/// Why the old configuration stays in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The new one is wrong: what a person should read, without secrets.
    #[error("{0}")]
    Configuration(String),
    /// Too many want the same, or the program is ending.
    #[error("too many reloads are under way, or the program is ending")]
    Busy,
}

/// Answers a request for the page. POST alone is obeyed, and PUT as Prometheus
/// does: a link that somebody follows changes nothing.
pub(super) async fn answer(method: &Method, reload: Option<&dyn Reload>) -> Response<Body> {
    let Some(reload) = reload else {
        return respond::line(
            StatusCode::FORBIDDEN,
            "not enabled: see --web.enable-lifecycle",
        );
    };
    if !matches!(*method, Method::POST | Method::PUT) {
        let text = "this page takes POST only";
        let mut response = respond::line(StatusCode::METHOD_NOT_ALLOWED, text);
        let allowed = HeaderValue::from_static("POST, PUT");
        response.headers_mut().insert(ALLOW, allowed);
        return response;
    }
    match reload.reload().await {
        Ok(()) => respond::line(StatusCode::OK, "configuration reloaded"),
        Err(refusal) => {
            let status = match refusal {
                Refusal::Configuration(_) => StatusCode::INTERNAL_SERVER_ERROR,
                Refusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
            };
            respond::line(status, &refusal.to_string())
        }
    }
}

pub(super) const PATH: &str = "/-/reload";
