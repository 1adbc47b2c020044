//! Why a provider has no credential.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::CredentialError;
use super::formats::FormatError;
use crate::model::FailureKind;
use crate::openapi::classify::classify;
use crate::openapi::transport::TransportError;

/// Why there is no credential, shared by all who waited for it. For a chain it
/// names every provider with its reason; none of it is a secret.
#[derive(Debug, Clone)]
pub struct Unavailable(Arc<Reason>);

/// Why one provider has no credential.
#[derive(Debug, thiserror::Error)]
pub(super) enum Reason {
    #[error("environment variable {name} is not set")]
    Unset { name: &'static str },
    #[error("switched off by the environment variable {switch}")]
    SwitchedOff { switch: &'static str },
    #[error("cannot read {}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{object}: expected {expected}")]
    Unusable {
        object: String,
        expected: &'static str,
    },
    #[error("{object}")]
    Malformed { object: String, source: FormatError },
    #[error(transparent)]
    Parts(CredentialError),
    #[error("{service}: {}", answer(*.status, .code.as_deref(), .message))]
    Answer {
        service: &'static str,
        status: u16,
        code: Option<String>,
        message: String,
        hint: Option<Duration>,
    },
    #[error("{service}")]
    NoAnswer {
        service: &'static str,
        source: TransportError,
    },
    #[error("{object}")]
    Program {
        object: &'static str,
        source: io::Error,
    },
    #[error("{service} handed out a credential that ended at {at:.0}")]
    Ended {
        service: &'static str,
        at: Timestamp,
    },
    #[error("the credential to assume {arn} with")]
    Base { arn: String, source: Box<Reason> },
    #[error("no credential from {whole}: {}", each(.reasons))]
    Each {
        whole: &'static str,
        reasons: Vec<(&'static str, Reason)>,
    },
}

impl Reason {
    /// Whether the same request may succeed if it is made again at once.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::NoAnswer { .. } => true,
            Self::Answer { status, code, .. } => {
                let throttled = classify(code.as_deref(), *status) == FailureKind::Throttled;
                throttled || *status >= 500
            }
            _ => false,
        }
    }

    /// How long the other side asks to wait.
    pub(super) fn hint(&self) -> Option<Duration> {
        match self {
            Self::Answer { hint, .. } => *hint,
            _ => None,
        }
    }
}

impl From<Reason> for Unavailable {
    fn from(reason: Reason) -> Self {
        Self(Arc::new(reason))
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for Unavailable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// An error with everything behind it, in one line.
pub(super) fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}

fn each(reasons: &[(&'static str, Reason)]) -> String {
    let each = reasons.iter();
    let each = each.map(|(provider, reason)| format!("{provider}: {}", whole(reason)));
    each.collect::<Vec<_>>().join("; ")
}

fn answer(status: u16, code: Option<&str>, message: &str) -> String {
    let mut text = format!("status {status}");
    if let Some(code) = code {
        let _ = write!(text, ", code {code}");
    }
    if !message.is_empty() {
        let _ = write!(text, ": {message}");
    }
    text
}
