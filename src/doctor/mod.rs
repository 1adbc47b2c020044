//! Whether the cloud lets the exporter do its work, found out with a few calls.
//!
//! The doctor makes the calls that a sweep makes, each as cheaply as possible,
//! and says of each what it means: works, works less well than it could, does
//! not work. It changes nothing, repeats what the client below repeats, and
//! knows neither configuration files nor terminals.

mod examine;
mod masked;
mod policy;

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::Value;

pub use self::examine::examine;
use crate::clock::Clock;
use crate::model::{AccountName, Action, Region, SagId};
use crate::openapi;
use crate::openapi::credentials::CredentialProvider;

/// A cloud account to be examined.
#[derive(Debug)]
pub struct Patient {
    /// The name of the account.
    pub account: AccountName,
    /// Where its instances are; empty means in all regions that there are.
    pub regions: Vec<Region>,
    /// Exactly these; empty means all that are found.
    pub instances: Vec<SagId>,
    /// Optional operations that the sweeps do without anyway.
    pub unused: Vec<Action>,
    /// The credential of the client, to say which one it is.
    pub credentials: Arc<dyn CredentialProvider>,
    /// Makes the calls.
    pub client: openapi::Client,
    /// The clock of this machine.
    pub clock: Clock,
}

/// What was found out about a cloud account.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The name of the account.
    pub account: AccountName,
    /// What was looked at, in the order in which it was.
    pub findings: Vec<Finding>,
    /// How far the cloud's clock is ahead of ours, if it told the time; exact
    /// to a second or two.
    pub cloud_clock_ahead: Option<SignedDuration>,
    /// The smallest RAM policy with which everything works that is used.
    pub policy: Value,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The kind of thing.
    pub subject: Subject,
    /// Which one: a region, an instance, an operation on it; may be empty.
    pub object: String,
    /// What it means.
    pub verdict: Verdict,
    /// What was seen, and what to do about it. Never a secret.
    pub detail: String,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Whether there is a credential, which one, and whether the cloud takes it.
    Credential,
    /// Whether the clock here is right.
    Clock,
    /// Whether instances can be found.
    Discovery,
    /// Whether an instance can be read: its users and their sessions.
    Instance,
    /// Whether operations for many users at once are available.
    Bulk,
}

/// What a finding means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It works.
    Ok,
    /// It could not be looked at.
    Skipped,
    /// The exporter works, but less well than it could.
    Warning,
    /// The exporter does not work.
    Problem,
}

impl Report {
    /// The worst of the findings.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.findings.iter().map(|finding| finding.verdict);
        verdicts.max().unwrap_or(Verdict::Skipped)
    }
}

impl Subject {
    /// The name for people and machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Clock => "clock",
            Self::Discovery => "discovery",
            Self::Instance => "instance",
            Self::Bulk => "bulk",
        }
    }
}

impl Verdict {
    /// The name for people and machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}
