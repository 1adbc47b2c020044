//! What an operator may choose about the pages.

use std::fmt;

use crate::telemetry::BuildInfo;

/// What an operator may choose about the pages, and what they tell of the
/// program.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the exposition is.
    pub telemetry_path: TelemetryPath,
    /// The version that the status page shows.
    pub build: BuildInfo,
}

/// The path of the exposition: absolute, without a query, and not the path of
/// another page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryPath(String);

/// Why a text cannot be the path of the exposition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "telemetry path {found:?} {problem}: expected an absolute path of its own, such as /metrics"
)]
pub struct PathError {
    found: String,
    problem: &'static str,
}

impl TelemetryPath {
    /// Checks the text.
    ///
    /// # Errors
    ///
    /// Names the text and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        match problem(text) {
            None => Ok(Self(text.to_owned())),
            Some(problem) => Err(PathError {
                found: text.chars().take(EXCERPT_CHARS).collect(),
                problem,
            }),
        }
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TelemetryPath {
    fn default() -> Self {
        Self("/metrics".to_owned())
    }
}

impl fmt::Display for TelemetryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn problem(text: &str) -> Option<&'static str> {
    if !text.starts_with('/') {
        return Some("does not begin with a slash");
    }
    if text.len() > LIMIT_BYTES {
        return Some("is too long");
    }
    if !text.bytes().all(is_path_byte) {
        return Some("holds characters that a path cannot hold");
    }
    let taken = text == "/" || RESERVED.iter().any(|prefix| text.starts_with(prefix));
    taken.then_some("belongs to another page")
}

/// The characters of a path (RFC 3986, section 3.3), percent signs included.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:@".contains(&byte)
}

/// Where pages live that exist now or may exist later.
const RESERVED: [&str; 3] = ["/-/", "/api/", "/docs/"];

const LIMIT_BYTES: usize = 256;

const EXCERPT_CHARS: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_absolute_and_free() {
        for (text, valid) in [
            ("/metrics", true),
            ("/probe/a%20b", true),
            ("/apis", true),
            ("", false),
            ("metrics", false),
            ("/", false),
            ("/-/healthy", false),
            ("/-/metrics", false),
            ("/api/v1/status", false),
            ("/docs/rules.md", false),
            ("/metrics?x=1", false),
            ("/met rics", false),
            ("/é", false),
            ("/a#b", false),
        ] {
            assert_eq!(TelemetryPath::parse(text).is_ok(), valid, "{text:?}");
        }
        assert!(TelemetryPath::parse(&"/a".repeat(200)).is_err());
        let default = TelemetryPath::default();
        assert_eq!(TelemetryPath::parse(default.as_str()), Ok(default));
    }

    #[test]
    fn an_error_names_the_text_and_the_expectation() {
        let error = TelemetryPath::parse("/-/ready").unwrap_err().to_string();
        assert_eq!(
            error,
            "telemetry path \"/-/ready\" belongs to another page: \
             expected an absolute path of its own, such as /metrics"
        );
    }
}
