//! The headers that an operator may add to every response.

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

/// A header of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    name: HeaderName,
    value: HeaderValue,
}

/// The header cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// It is not among those that exporter-toolkit allows.
    #[error("a header that cannot be configured: expected {}", names())]
    Name,
    /// The header has few values, and this is none of them.
    #[error("not a value of {name}: expected {}", expected.join(" or "))]
    Value {
        /// The header.
        name: &'static str,
        /// Its values.
        expected: &'static [&'static str],
    },
    /// The value cannot stand in a header.
    #[error("not a value of {name}: expected one line of text")]
    NoText {
        /// The header.
        name: &'static str,
    },
}

impl Header {
    /// Checks a header as exporter-toolkit does. A blank value means that the
    /// header is not set: `None`.
    ///
    /// # Errors
    ///
    /// If the header is not one that may be configured, or has no such value.
    pub fn parse(name: &str, value: &str) -> Result<Option<Self>, HeaderError> {
        let (known, expected) = ALLOWED
            .into_iter()
            .find(|(known, _)| *known == name)
            .ok_or(HeaderError::Name)?;
        if !expected.is_empty() && !expected.contains(&value) {
            return Err(HeaderError::Value {
                name: known,
                expected,
            });
        }
        if value.is_empty() {
            return Ok(None);
        }
        let name = HeaderName::try_from(known).map_err(|_| HeaderError::Name)?;
        let value =
            HeaderValue::try_from(value).map_err(|_| HeaderError::NoText { name: known })?;
        Ok(Some(Self { name, value }))
    }

    /// Sets it, whatever was set before.
    pub(super) fn put_into(&self, headers: &mut HeaderMap) {
        headers.insert(self.name.clone(), self.value.clone());
    }
}

fn names() -> String {
    ALLOWED.map(|(name, _)| name).join(", ")
}

/// The headers of exporter-toolkit's documentation, each with its values if it
/// has few.
const ALLOWED: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-XSS-Protection", &[]),
    ("Strict-Transport-Security", &[]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_headers_have_values() {
        for (name, value, expected) in [
            ("X-Frame-Options", "deny", Ok(true)),
            ("X-Frame-Options", "DENY", Err(true)),
            ("X-Frame-Options", "", Err(true)),
            ("X-Content-Type-Options", "nosniff", Ok(true)),
            ("X-XSS-Protection", "1", Ok(true)),
            ("X-XSS-Protection", "", Ok(false)),
            ("Content-Security-Policy", "default-src 'self'", Ok(true)),
            ("Content-Security-Policy", "a\r\nSet-Cookie: b", Err(true)),
            ("Strict-Transport-Security", "max-age=1", Ok(true)),
            ("strict-transport-security", "max-age=1", Err(false)),
            ("Content-Type", "x", Err(false)),
        ] {
            let found = Header::parse(name, value)
                .map(|header| header.is_some())
                .map_err(|error| error != HeaderError::Name);
            assert_eq!(found, expected, "{name}: {value}");
        }
    }
}
