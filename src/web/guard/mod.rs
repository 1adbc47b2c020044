//! Who may read the pages, how often, and which headers all answers carry.
//!
//! A [`Guard`] stands before every route. What it asks for is in [`Settings`];
//! [`Rules`] put other settings in force while requests come in.

mod credentials;
mod headers;
mod limiter;
mod users;
mod verifier;

use std::sync::Arc;

use arc_swap::ArcSwap;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{HeaderMap, Request, Response, StatusCode};
use tokio::time::Instant;

use self::credentials::Credentials;
use self::limiter::Limiter;
use self::verifier::{Verdict, Verifier};
use crate::httpd::{Body, Handler};
use crate::telemetry::Telemetry;

pub use self::headers::{Header, HeaderError};
pub use self::limiter::RateLimit;
pub use self::users::{PasswordHash, PasswordHashError, Users};

/// What a guard asks for. The default asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// What every response carries, refusals included.
    pub headers: Vec<Header>,
    /// Who may come in. Nobody has to say who they are if it is empty.
    pub users: Users,
    /// How many requests are answered, over all paths and clients.
    pub rate_limit: Option<RateLimit>,
}

/// The settings in force. Cheap to clone; all clones see the same.
#[derive(Debug, Clone)]
pub struct Rules(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    in_force: ArcSwap<InForce>,
    verifier: Verifier,
}

#[derive(Debug)]
struct InForce {
    settings: Settings,
    limiter: Option<Arc<Limiter>>,
}

impl Rules {
    /// Puts settings in force.
    pub fn new(settings: Settings) -> Self {
        let limiter = settings.rate_limit.map(Limiter::new).map(Arc::new);
        Self(Arc::new(Shared {
            in_force: ArcSwap::from_pointee(InForce { settings, limiter }),
            verifier: Verifier::new(),
        }))
    }

    /// Puts other settings in force, from the next request on. What was left
    /// of the rate stays as it was unless the rate itself changes.
    pub fn replace(&self, settings: Settings) {
        let before = self.0.in_force.load();
        let limiter = if settings.rate_limit == before.settings.rate_limit {
            before.limiter.clone()
        } else {
            settings.rate_limit.map(Limiter::new).map(Arc::new)
        };
        let in_force = InForce { settings, limiter };
        self.0.in_force.store(Arc::new(in_force));
    }
}

/// A handler that only lets through what the rules allow.
#[derive(Debug)]
pub struct Guard<H> {
    inner: H,
    rules: Rules,
    telemetry: Telemetry,
}

impl<H: Handler> Guard<H> {
    /// Stands before `inner`. What is refused is counted in `telemetry` as
    /// requests of the handler `guard`.
    pub fn new(inner: H, rules: Rules, telemetry: Telemetry) -> Self {
        Self {
            inner,
            rules,
            telemetry,
        }
    }

    async fn refuse(&self, rules: &InForce, headers: &HeaderMap) -> Option<Refusal> {
        let allowed = rules
            .limiter
            .as_ref()
            .is_none_or(|limiter| limiter.allow(Instant::now()));
        if !allowed {
            return Some(Refusal::TooMany);
        }
        if rules.settings.users.is_empty() {
            return None;
        }
        let Some(credentials) = headers.get(AUTHORIZATION).and_then(Credentials::parse) else {
            return Some(Refusal::Unauthorized);
        };
        let verifier = &self.rules.0.verifier;
        match verifier.verify(&rules.settings.users, credentials).await {
            Verdict::Right => None,
            Verdict::Wrong => Some(Refusal::Unauthorized),
            Verdict::Busy => Some(Refusal::Busy),
        }
    }
}

impl<H: Handler> Handler for Guard<H> {
    async fn handle(&self, request: Request<()>) -> Response<Body> {
        let rules = self.rules.0.in_force.load_full();
        let mut response = match self.refuse(&rules, request.headers()).await {
            None => self.inner.handle(request).await,
            Some(refusal) => {
                let response = refusal.response();
                self.telemetry
                    .http_request(HANDLER, response.status().as_u16());
                response
            }
        };
        for header in &rules.settings.headers {
            header.put_into(response.headers_mut());
        }
        response
    }
}

/// Why a request does not reach the routes.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    /// The rate limit is used up.
    TooMany,
    /// Nobody said who they are, or not rightly so.
    Unauthorized,
    /// Too many passwords are being verified.
    Busy,
}

impl Refusal {
    fn response(self) -> Response<Body> {
        let (status, text) = match self {
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests\n"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "Unauthorized\n"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable\n"),
        };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        match self {
            Self::TooMany => {}
            Self::Unauthorized => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
            }
            Self::Busy => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
        }
        response
    }
}

/// The label `handler` of what is refused here.
const HANDLER: &str = "guard";

/// RFC 7617 demands a realm.
const CHALLENGE: &str = r#"Basic realm="sag-exporter", charset="UTF-8""#;

#[cfg(test)]
mod tests;
