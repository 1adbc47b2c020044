//! An answer of the cloud to a call that succeeded.

use std::time::Duration;

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::DATE;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::Value;

use super::excerpt::identifier;
use super::hint::exhausted;

/// A JSON object, not yet looked at, and what came with it.
#[derive(Debug, Clone)]
pub struct Reply {
    body: Bytes,
    headers: HeaderMap,
}

impl Reply {
    pub(super) fn new(headers: HeaderMap, body: Bytes) -> Self {
        Self { body, headers }
    }

    /// The body: well-formed JSON, an object.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// For how long the cloud will take no other call, if it says so.
    pub(super) fn exhausted(&self) -> Option<Duration> {
        exhausted(&self.headers)
    }

    /// The time of the cloud's own clock when it answered (header `Date`).
    pub fn date(&self) -> Option<Timestamp> {
        date(&self.headers)
    }

    /// The id under which the cloud's support finds the call (`RequestId`).
    pub fn request_id(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        Some(identifier(body.get("RequestId")?.as_str()?)?.to_owned())
    }
}

pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    DateTimeParser::new().parse_timestamp(text).ok()
}
