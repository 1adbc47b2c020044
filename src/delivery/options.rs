//! What an operator may choose about events.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use crate::events::Kinds;
use crate::secret::Secret;

/// Which events are told, and to whom. By default none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Where lines are written, if anywhere.
    pub file: Option<FileTarget>,
    /// What is told at all.
    pub kinds: Kinds,
    /// Whether the addresses of clients are told.
    pub client_ip: bool,
    /// Who is told over HTTP, each under a name of its own.
    pub webhooks: Vec<Webhook>,
}

/// Where lines are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileTarget {
    /// Standard output.
    Stdout,
    /// A regular file, which is made if it is missing.
    File(PathBuf),
}

/// Somebody who is told over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The value of the label `sink`.
    pub name: SinkName,
    /// Where to.
    pub url: HookUrl,
    /// The file of the key that signs.
    pub secret_file: PathBuf,
    /// What is told, of what is told at all.
    pub kinds: Kinds,
    /// How long an attempt may take.
    pub timeout: Duration,
}

/// The name of a sink; the label `sink`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SinkName(Box<str>);

/// The text is no name of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is not a name of a webhook: expected 1 to 64 letters, digits, hyphens, underscores \
     and dots, and not file"
)]
pub struct SinkNameError {
    found: String,
}

/// The address of a webhook. It may hold a secret in its path or its query, so
/// that nothing but the host is ever shown.
#[derive(Clone, PartialEq, Eq)]
pub struct HookUrl {
    url: Secret,
    host: String,
}

/// The text is no address of a webhook. It is not quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no address of a webhook (not shown): expected {0}")]
pub struct HookUrlError(&'static str);

impl Options {
    /// Whether nobody is told anything.
    pub fn is_empty(&self) -> bool {
        self.file.is_none() && self.webhooks.is_empty()
    }
}

/// For people.
impl fmt::Display for FileTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("standard output"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Webhook {
    /// How long an attempt may take unless something else is said.
    pub const TIMEOUT: Duration = Duration::from_secs(10);
}

impl SinkName {
    /// The name of the sink that writes lines.
    pub fn file() -> Self {
        Self(FILE.into())
    }

    /// Checks the name of a webhook.
    ///
    /// # Errors
    ///
    /// Names the text and what was expected of it.
    pub fn parse(text: &str) -> Result<Self, SinkNameError> {
        let is_part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if (1..=64).contains(&text.len()) && text.bytes().all(is_part) && text != FILE {
            return Ok(Self(text.into()));
        }
        Err(SinkNameError {
            found: text.chars().take(64).collect(),
        })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HookUrl {
    /// Checks the text. Who signs what is sent also cares who reads it: plain
    /// http is for loopback addresses only.
    ///
    /// # Errors
    ///
    /// Says what was expected.
    pub fn parse(text: &str) -> Result<Self, HookUrlError> {
        let Ok(url) = Url::parse(text) else {
            return Err(HookUrlError("a URL such as https://hooks.example.com/sag"));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HookUrlError("a URL without user name and password"));
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => {
                return Err(HookUrlError("https; http is for loopback addresses only"));
            }
            _ => return Err(HookUrlError("the scheme https")),
        }
        let port = url.port().map(|port| format!(":{port}"));
        Ok(Self {
            host: format!(
                "{}{}",
                url.host_str().unwrap_or_default(),
                port.unwrap_or_default()
            ),
            // A fragment is for browsers.
            url: Secret::new(text.split('#').next().unwrap_or_default()),
        })
    }

    /// The whole of it, for the request.
    pub fn reveal(&self) -> &str {
        self.url.reveal()
    }

    /// The host, with the port if it is unusual.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Debug for HookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HookUrl({}, [secret])", self.host)
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

const FILE: &str = "file";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only_and_nothing_of_a_url_shows() {
        for (text, host) in [
            (
                "https://hooks.example.com/T0/MARKED?key=MARKED",
                "hooks.example.com",
            ),
            (
                "https://hooks.example.com:8443/#MARKED",
                "hooks.example.com:8443",
            ),
            ("http://127.0.0.1:9000/MARKED", "127.0.0.1:9000"),
            ("http://[::1]/MARKED", "[::1]"),
            ("http://localhost/MARKED", "localhost"),
        ] {
            let url = HookUrl::parse(text).unwrap();
            assert_eq!(url.host(), host);
            assert_eq!(text.split('#').next(), Some(url.reveal()));
            assert_eq!(format!("{url:?}"), format!("HookUrl({host}, [secret])"));
        }
        for (text, expected) in [
            ("http://example.com/MARKED", "https; http is for loopback"),
            (
                "http://127.0.0.1.example.com/",
                "https; http is for loopback",
            ),
            ("https://me:MARKED@example.com/", "without user name"),
            ("ftp://example.com/MARKED", "the scheme https"),
            ("example.com/MARKED", "a URL such as"),
            ("", "a URL such as"),
        ] {
            let error = HookUrl::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("MARKED"), "{error}");
        }
    }

    #[test]
    fn a_name_is_a_label_and_not_that_of_the_file() {
        for (text, valid) in [
            ("siem", true),
            ("ops-1.prod_eu", true),
            ("", false),
            ("file", false),
            ("a b", false),
            ("a\"", false),
        ] {
            assert_eq!(SinkName::parse(text).is_ok(), valid, "{text:?}");
        }
        assert!(SinkName::parse(&"x".repeat(65)).is_err());
    }
}
