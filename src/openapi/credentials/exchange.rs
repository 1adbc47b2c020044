//! One request to a service that hands out credentials, and its answer.

use std::time::Duration;

use bytes::Bytes;
use hyper::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tokio::time::timeout;

use super::reason::Reason;
use crate::openapi::excerpt::{body_excerpt, excerpt, identifier};
use crate::openapi::hint::hint;
use crate::openapi::transport::{Transport, TransportError};

/// How a service is reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service<'a> {
    /// Its name, for messages.
    pub(super) name: &'static str,
    pub(super) transport: &'a dyn Transport,
    /// How long the exchange may take, from the connection to the last byte.
    pub(super) limit: Duration,
    /// What may be shown of an answer that is not as it should be.
    pub(super) quote: Quote,
}

/// What may be shown of an answer that is not as it should be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Quote {
    /// The first bytes too, such as the page of a proxy in between.
    Body,
    /// Only the message of a JSON error: anything else of a service that hands
    /// out secrets unasked may be one.
    Message,
}

impl Service<'_> {
    /// Sends a request and yields the body of an answer with status 200.
    ///
    /// What the service says otherwise becomes part of the reason, without the
    /// given secrets, which it may have echoed.
    pub(super) async fn ask(
        self,
        request: Request<Bytes>,
        secrets: &[&str],
    ) -> Result<Bytes, Reason> {
        let host = request.uri().authority().map(ToString::to_string);
        let answer = timeout(self.limit, self.transport.send(request)).await;
        let answer = answer.unwrap_or_else(|_| {
            Err(TransportError::Timeout {
                host: host.clone().unwrap_or_default(),
                limit: self.limit,
            })
        });
        let response = answer.map_err(|source| self.no_answer(source))?;
        if response.body().len() > BODY_LIMIT_BYTES {
            return Err(self.no_answer(TransportError::TooLarge {
                host: host.unwrap_or_default(),
                limit_bytes: BODY_LIMIT_BYTES,
            }));
        }
        if response.status() == StatusCode::OK {
            return Ok(response.into_body());
        }
        Err(self.refused(
            response.status(),
            response.headers(),
            response.body(),
            secrets,
        ))
    }

    fn no_answer(self, source: TransportError) -> Reason {
        Reason::NoAnswer {
            service: self.name,
            source,
        }
    }

    fn refused(
        self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        secrets: &[&str],
    ) -> Reason {
        let body_json: Option<Value> = serde_json::from_slice(body).ok();
        let body_json = body_json.filter(Value::is_object);
        let field = |name| body_json.as_ref().and_then(|body| body.get(name)?.as_str());
        Reason::Answer {
            service: self.name,
            status: status.as_u16(),
            code: field("Code").and_then(identifier).map(str::to_owned),
            message: match (&body_json, self.quote) {
                (Some(_), _) => excerpt(field("Message").unwrap_or_default(), secrets),
                (None, Quote::Body) => body_excerpt(body, secrets),
                (None, Quote::Message) => String::new(),
            },
            hint: hint(headers),
        }
    }
}

/// A request that cannot be made, because a part of it is not allowed in HTTP.
pub(super) fn unsendable(service: &'static str, source: hyper::http::Error) -> Reason {
    Reason::NoAnswer {
        service,
        source: TransportError::Unsendable {
            source: source.into(),
        },
    }
}

/// A credential with its token has about 3 kB.
pub(super) const BODY_LIMIT_BYTES: usize = 64 << 10;
