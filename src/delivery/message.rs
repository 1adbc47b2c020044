//! One webhook request: its body and its signature, as [Standard Webhooks]
//! specifies them.
//!
//! [Standard Webhooks]: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use hyper::Request;
use hyper::header::{CONTENT_TYPE, InvalidHeaderValue, USER_AGENT};
use hyper::http::{self, HeaderValue, Method};
use jiff::Timestamp;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::options::HookUrl;
use super::queue::Waiting;
use crate::signature::sha256_hex;

/// Some events on their way, the same in every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    id: String,
    body: Bytes,
}

/// The key of a webhook.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Zeroizing<Vec<u8>>);

/// The text is no key of a webhook. It is not quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no key of a webhook (not shown): expected whsec_ and 24 to 64 random bytes in base64, such \
     as `echo whsec_$(openssl rand -base64 32)` prints"
)]
pub struct SigningKeyError;

impl Message {
    /// A JSON array of the events. The id is a digest of it, so that it is the
    /// same in every attempt.
    pub(super) fn of(events: &[Waiting]) -> Self {
        let length: usize = events.iter().map(|event| event.json.len() + 1).sum();
        let mut body = String::with_capacity(length + 2);
        for event in events {
            body.push_str(if body.is_empty() { "[" } else { "," });
            body.push_str(&event.json);
        }
        body.push_str(if body.is_empty() { "[]" } else { "]" });
        Self::new(body)
    }

    fn new(body: String) -> Self {
        let digest = sha256_hex(body.as_bytes());
        let short = digest.get(..ID_DIGITS).unwrap_or(&digest);
        Self {
            id: format!("msg_{short}"),
            body: body.into(),
        }
    }

    /// The request, signed at this time.
    ///
    /// # Errors
    ///
    /// If the URL is none for an HTTP request, although it was checked.
    pub fn request(
        &self,
        url: &HookUrl,
        key: &SigningKey,
        at: Timestamp,
    ) -> Result<Request<Bytes>, http::Error> {
        let timestamp = at.as_second().to_string();
        let signature = key.sign(&self.id, &timestamp, &self.body);
        Request::builder()
            .method(Method::POST)
            .uri(url.reveal())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, PRODUCT)
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", sensitive(&signature)?)
            .body(self.body.clone())
    }
}

impl SigningKey {
    /// Checks the content of the file of a key. The prefix may be missing.
    ///
    /// # Errors
    ///
    /// Says what was expected.
    pub fn parse(text: &str) -> Result<Self, SigningKeyError> {
        let text = text.trim();
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        let key = BASE64.decode(encoded).map(Zeroizing::new);
        match key {
            Ok(key) if KEY_BYTES.contains(&key.len()) => Ok(Self(key)),
            _ => Err(SigningKeyError),
        }
    }

    /// The signature of a message, with the version of the scheme.
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    pub fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let keyed = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length");
        let digest = keyed
            .chain_update(id)
            .chain_update(".")
            .chain_update(timestamp)
            .chain_update(".")
            .chain_update(body)
            .finalize()
            .into_bytes();
        format!("v1,{}", BASE64.encode(digest))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([secret])")
    }
}

/// Libraries that log headers leave it out.
fn sensitive(text: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}

const PREFIX: &str = "whsec_";

/// What the specification recommends.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// 128 bits.
const ID_DIGITS: usize = 32;

const PRODUCT: &str = concat!("sag-exporter/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the reference implementations of Standard Webhooks.
    #[test]
    fn the_published_vector_is_met() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let bare = SigningKey::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(bare, key);
        assert_eq!(format!("{key:?}"), "SigningKey([secret])");
    }

    #[test]
    fn a_key_is_random_and_long_enough() {
        for text in [
            "",
            "whsec_",
            "hunter2",
            "whsec_c2hvcnQ=",
            "whsec_not base64 at all, no",
        ] {
            let error = SigningKey::parse(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        for (bytes, valid) in [(23, false), (24, true), (64, true), (65, false)] {
            let text = BASE64.encode(vec![7; bytes]);
            assert_eq!(SigningKey::parse(&text).is_ok(), valid, "{bytes}");
        }
    }

    #[test]
    fn a_message_is_the_same_whenever_it_is_made() {
        let waiting = |json: &str| Waiting {
            json: json.into(),
            since: tokio::time::Instant::now(),
        };
        let events = [waiting(r#"{"id":"1"}"#), waiting(r#"{"id":"2"}"#)];
        let message = Message::of(&events);
        assert_eq!(message.body, r#"[{"id":"1"},{"id":"2"}]"#);
        assert_eq!(message, Message::of(&events));
        assert_ne!(message.id, Message::of(&events[..1]).id);
    }
}
