//! One thing that happened.

use std::sync::Arc;

use jiff::Timestamp;

use super::kind::Kind;
use crate::model::{AccountName, Instance, Kbps, Region, Rule, SagId, Session, UserState};

/// Something that happened to an instance or to one of its users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it was seen: the end of the sweep of the instance.
    pub time: Timestamp,
    /// Where it happened.
    pub origin: Origin,
    /// Whom it concerns, by name; `None` if it concerns the instance as a whole.
    pub user: Option<Box<str>>,
    /// What happened.
    pub what: What,
}

/// An instance, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The instance.
    pub sag_id: SagId,
    /// Its cloud account.
    pub account: AccountName,
    /// Its region.
    pub region: Region,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Sessions started.
    SessionStarted(Sessions),
    /// Sessions ended.
    SessionEnded(Sessions),
    /// A rule found an anomaly.
    AnomalyRaised(Anomaly),
    /// An anomaly is over.
    AnomalyCleared(Anomaly),
    /// The account appeared, with what is known of it.
    AccountCreated {
        /// Whether it may log in.
        state: Option<UserState>,
        /// What is allotted to it.
        bandwidth: Option<Kbps>,
    },
    /// The account disappeared.
    AccountRemoved,
    /// The account may log in again.
    AccountEnabled,
    /// The account may no longer log in.
    AccountDisabled,
    /// Another bandwidth is allotted to the account.
    BandwidthChanged {
        /// The bandwidth so far.
        before: Kbps,
        /// The bandwidth from now on.
        now: Kbps,
    },
}

/// One session that is known, or several that were only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sessions {
    /// The session, if there is one that was told from all others.
    pub known: Option<Session>,
    /// How many there are; 1 if the session is known.
    pub count: u64,
    /// The look at the user before this one: the sessions started or ended after
    /// it.
    pub after: Option<Timestamp>,
}

/// An anomaly that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// The rule.
    pub rule: Rule,
    /// When it was first seen.
    pub since: Timestamp,
    /// What was seen then, for people.
    pub reason: Arc<str>,
}

impl Event {
    /// What it is about.
    pub fn kind(&self) -> Kind {
        match self.what {
            What::SessionStarted(_) => Kind::SessionStarted,
            What::SessionEnded(_) => Kind::SessionEnded,
            What::AnomalyRaised(_) => Kind::AnomalyRaised,
            What::AnomalyCleared(_) => Kind::AnomalyCleared,
            What::AccountCreated { .. } => Kind::AccountCreated,
            What::AccountRemoved => Kind::AccountRemoved,
            What::AccountEnabled => Kind::AccountEnabled,
            What::AccountDisabled => Kind::AccountDisabled,
            What::BandwidthChanged { .. } => Kind::BandwidthChanged,
        }
    }
}

impl From<&Instance> for Origin {
    fn from(instance: &Instance) -> Self {
        Self {
            sag_id: instance.sag_id.clone(),
            account: instance.account.clone(),
            region: instance.region.clone(),
        }
    }
}
