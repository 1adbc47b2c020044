//! What a sweep reports of one instance.
//!
//! Completeness is a type: a list that is not known to be whole cannot pass for
//! one that is, and a user whose sessions were not read is not a user without
//! sessions.

use jiff::Timestamp;

use crate::model::{
    AccountName, ClientUser, FailureKind, Instance, Region, SagId, Session, SweepOutcome, UserName,
};

/// A piece of news from a sweep.
#[derive(Debug, Clone)]
pub enum Observation {
    /// One instance was swept. Each instance is reported as soon as it is done.
    Instance(Box<InstanceObservation>),
    /// The instance is no longer there: its series go at once.
    InstanceGone(SagId),
    /// The cloud account is swept no longer: all of its instances go at once.
    AccountGone(AccountName),
    /// The cloud account is swept in another way from now on, by someone who
    /// does not know what was found before. Instances that it may no longer
    /// have go at once; the others stay and are to be reported again.
    AccountChanged {
        /// The cloud account.
        account: AccountName,
        /// Where its instances may be; empty if that is everywhere.
        regions: Vec<Region>,
        /// Which instances it has; empty if they are discovered.
        instances: Vec<SagId>,
    },
    /// The sweep of one cloud account ended, after the reports of its instances.
    SweepEnded {
        /// The cloud account.
        account: AccountName,
        /// How it ended.
        outcome: SweepOutcome,
        /// When it ended.
        at: Timestamp,
    },
}

/// What one sweep saw of one instance.
#[derive(Debug, Clone)]
pub struct InstanceObservation {
    /// The instance, with the facts known of it.
    pub instance: Instance,
    /// When the sweep of the instance ended.
    pub at: Timestamp,
    /// The list of client accounts.
    pub accounts: Collected<Accounts>,
    /// The sessions of the users.
    pub sessions: Collected<Sessions>,
    /// Whether the facts of the instance were read anew.
    pub facts: Collected<()>,
    /// The traffic of the users in this month so far.
    pub traffic: Collected<Vec<UserTraffic>>,
    /// The cloud's own count of the sessions online, where it can be had.
    pub reported_clients: Option<u64>,
}

/// The result of one collector in one sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Collected<T> {
    /// It did not run in this sweep: what was known stays as it is.
    NotDue,
    /// It cannot be had: the operation does not exist, the credential may not
    /// call it, or the operator does not want it. That is no failure; nothing is
    /// known, and nothing is kept.
    Unavailable,
    /// Everything was read.
    Complete(T),
    /// Some of it was read; the first failure says why not all. What is missing
    /// is unknown.
    Partial(T, FailureKind),
    /// Nothing was read.
    Failed(FailureKind),
}

/// The client accounts of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    /// How many the cloud says there are (TotalCount of the last page read).
    pub expected: u64,
    /// Those that were read, each name once.
    pub users: Vec<ClientUser>,
}

/// The sessions of the users of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sessions {
    /// One entry a user that the sweep meant to observe, each name once.
    pub users: Vec<UserSessions>,
}

/// The sessions of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSessions {
    /// Whose sessions they are.
    pub user: UserName,
    /// What was seen.
    pub state: SessionState,
}

/// What a sweep learned of the sessions of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionState {
    /// The sessions themselves; empty means offline.
    Sessions(Vec<Session>),
    /// Only how many there are. The last known sessions still stand if their
    /// number is the same.
    Count(u32),
    /// The query failed: online or offline, nobody knows.
    Unknown(FailureKind),
    /// The sweep had no time left for the user, whose turn comes in one of the
    /// next. What was known stands, and does not age beyond "not in the last
    /// sweep".
    Deferred,
    /// The user was deleted between the list and the query.
    Gone,
}

/// The traffic of one user in a month, as far as the cloud tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserTraffic {
    /// Whose traffic it is.
    pub user: UserName,
    /// Bytes since the month began.
    pub bytes: Option<u64>,
    /// What is left of the free allowance, in bytes.
    pub allowance_remaining_bytes: Option<u64>,
}
