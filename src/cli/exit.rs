//! How the program ends.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use crate::config;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked for: 0.
    Ok,
    /// Something failed while it ran: 1.
    Failure,
    /// The flags or the configuration are wrong, and nothing was started: 2.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
        })
    }
}

/// Why a command failed. Its text is what a person reads.
#[derive(Debug)]
pub(super) enum Failure {
    /// The flags contradict each other or lack something.
    Usage(String),
    /// The configuration is wrong.
    Configuration(config::Errors),
    /// Something failed while the program ran.
    Run(Box<dyn Error + Send + Sync>),
}

impl Failure {
    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// A file that a flag names is wrong.
    pub(super) fn bad_file(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Usage(chain(error.into().as_ref()))
    }

    /// What the flags and the configuration ask for cannot be built.
    pub(super) fn setup(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Usage(chain(error.into().as_ref()))
    }

    pub(super) fn run(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Run(error.into())
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Configuration(_) => Exit::Usage,
            Self::Run(_) => Exit::Failure,
        }
    }
}

/// An error with everything that caused it, on one line; the problems of a
/// configuration on a line each.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) => write!(f, "error: {text}"),
            Self::Configuration(errors) => write!(f, "{errors}"),
            Self::Run(error) => write!(f, "error: {}", chain(error.as_ref())),
        }
    }
}

/// An error with everything that caused it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl From<config::Errors> for Failure {
    fn from(errors: config::Errors) -> Self {
        Self::Configuration(errors)
    }
}
