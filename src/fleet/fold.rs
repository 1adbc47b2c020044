//! The fold of an observation into the columns of an instance.

use std::sync::Arc;

use jiff::Timestamp;

use super::column::Names;
use super::ledger::{Ledger, Online};
use super::memory::{Recalled, Remembered};
use super::observation::{Accounts, Collected, SessionState, Sessions, UserSessions};
use super::presence::{self, Presence};
use super::roster::Roster;
use crate::model::{FailureKind, Instance, Session};

/// An account list as columns.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) expected: u64,
    pub(super) roster: Roster,
}

/// How a collector ran, if it was due: completely, or why not.
pub(super) type Verdict = Option<Result<(), FailureKind>>;

/// The list as columns, and whether it is complete if it was due. A list that
/// holds fewer users than the cloud counted is not complete, whoever says so.
pub(super) fn judge_accounts(accounts: Collected<Accounts>) -> (Collected<Listed>, Verdict) {
    let columns = |accounts: Accounts| Listed {
        expected: accounts.expected,
        roster: Roster::listed(accounts.users),
    };
    match accounts {
        Collected::NotDue | Collected::Unavailable => (Collected::NotDue, None),
        Collected::Failed(kind) => (Collected::Failed(kind), Some(Err(kind))),
        Collected::Partial(accounts, kind) => {
            let partial = Collected::Partial(columns(accounts), kind);
            (partial, Some(Err(kind)))
        }
        Collected::Complete(accounts) => {
            let listed = columns(accounts);
            if u64::try_from(listed.roster.len()).is_ok_and(|users| users >= listed.expected) {
                return (Collected::Complete(listed), Some(Ok(())));
            }
            let kind = FailureKind::Decode;
            (Collected::Partial(listed, kind), Some(Err(kind)))
        }
    }
}

/// The sessions, and whether they are complete if they were due. A report that
/// knows nothing of one of its users is not complete, whoever says so.
pub(super) fn judge_sessions(sessions: Collected<Sessions>) -> (Collected<Sessions>, Verdict) {
    let verdict = match &sessions {
        Collected::Complete(sessions) => {
            let missing = sessions.users.iter().find_map(missing);
            Some(missing.map_or(Ok(()), Err))
        }
        others => judge(others),
    };
    (sessions, verdict)
}

/// Why nothing is known of a user, if that is so.
fn missing(user: &UserSessions) -> Option<FailureKind> {
    match user.state {
        SessionState::Unknown(kind) => Some(kind),
        SessionState::Deferred => Some(FailureKind::Timeout),
        SessionState::Sessions(_) | SessionState::Count(_) | SessionState::Gone => None,
    }
}

/// Whether something is complete if it was due.
pub(super) fn judge<T>(collected: &Collected<T>) -> Verdict {
    match collected {
        Collected::NotDue | Collected::Unavailable => None,
        Collected::Complete(_) => Some(Ok(())),
        Collected::Partial(_, kind) | Collected::Failed(kind) => Some(Err(*kind)),
    }
}

/// The facts that are known anew, and the old ones for the rest.
pub(super) fn merge_facts(old: &Instance, new: Instance) -> Instance {
    Instance {
        name: new.name.or_else(|| old.name.clone()),
        expires: new.expires.or(old.expires),
        account_quota: new.account_quota.or(old.account_quota),
        bandwidth_limit_bytes_per_second: new
            .bandwidth_limit_bytes_per_second
            .or(old.bandwidth_limit_bytes_per_second),
        ..new
    }
}

/// Takes away what was measured and is too old by now. The name stays: it says
/// which instance this is.
pub(super) fn forget_facts(instance: &mut Instance) {
    instance.expires = None;
    instance.account_quota = None;
    instance.bandwidth_limit_bytes_per_second = None;
}

/// The columns before an observation, and when it was made.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) roster: &'a Arc<Roster>,
    pub(super) presence: &'a Arc<Presence>,
    pub(super) recalled: Option<&'a Recalled>,
    pub(super) retain: u8,
    pub(super) at: Timestamp,
}

impl Step<'_> {
    /// The columns after the observation, and the names of the users that it
    /// found deleted. Starts and ends go to the ledger.
    pub(super) fn take(
        &self,
        accounts: Collected<Listed>,
        sessions: Collected<Sessions>,
        ledger: &mut Ledger,
    ) -> (Arc<Roster>, Arc<Presence>, Vec<Box<str>>) {
        let is_due = !matches!(sessions, Collected::NotDue | Collected::Unavailable);
        let reports = match sessions {
            Collected::Complete(sessions) | Collected::Partial(sessions, _) => sessions,
            Collected::NotDue | Collected::Unavailable | Collected::Failed(_) => {
                Sessions::default()
            }
        };
        let mut roster = self.next_roster(accounts);
        let mut states = states_by_row(roster.names(), reports);
        let gone = remove_gone(&mut states);
        let mut deleted = Vec::new();
        if !gone.is_empty() {
            let names = gone.iter().filter_map(|row| roster.names().get(*row));
            deleted.extend(names.map(Box::from));
            roster = Arc::new(roster.without(&gone));
        }
        let rows = align(self.roster.names(), roster.names());
        if let Some(rows) = &rows {
            let rows = rows.deleted.iter();
            deleted.extend(
                rows.filter_map(|row| self.roster.names().get(*row))
                    .map(Box::from),
            );
        }
        deleted.sort_unstable();
        deleted.dedup();
        self.end_deleted(&deleted, ledger);
        if !is_due && rows.is_none() {
            return (roster, Arc::clone(self.presence), deleted);
        }
        let presence = self.next_presence(&roster, rows.as_ref(), states, is_due, ledger);
        (roster, Arc::new(presence), deleted)
    }

    fn next_roster(&self, accounts: Collected<Listed>) -> Arc<Roster> {
        let roster = match accounts {
            Collected::NotDue | Collected::Unavailable => return Arc::clone(self.roster),
            Collected::Complete(listed) => listed.roster,
            Collected::Partial(listed, _) => self.roster.merged(&listed.roster, self.retain),
            Collected::Failed(_) => self.roster.merged(&Roster::default(), self.retain),
        };
        Arc::new(roster.sharing_names_with(self.roster))
    }
}

impl Step<'_> {
    /// The sessions of a deleted user ended with it, at the latest now.
    fn end_deleted(&self, names: &[Box<str>], ledger: &mut Ledger) {
        let mut known = Vec::new();
        for user in names {
            let row = self.roster.names().find(user).unwrap_or(usize::MAX);
            if let Some(waiting) = self.waiting(row, user) {
                ledger.resume(user, waiting, Online::default(), self.at);
            }
            let before = self.presence.read(row, &mut known);
            ledger.enter(user, before, Online::default(), self.at);
        }
    }

    /// What is remembered of the user in this old row, if it was not observed
    /// since the start.
    fn waiting(&self, row: usize, user: &str) -> Option<(&Recalled, &Remembered)> {
        let recalled = self.recalled?;
        if self.presence.age(row) != presence::NEVER {
            return None;
        }
        Some((recalled, recalled.find(user)?))
    }

    fn next_presence(
        &self,
        roster: &Roster,
        rows: Option<&Alignment>,
        states: Vec<Option<SessionState>>,
        is_due: bool,
        ledger: &mut Ledger,
    ) -> Presence {
        let mut builder = presence::Builder::with_capacity(roster.len());
        let mut known = Vec::new();
        for (row, state) in states.into_iter().enumerate() {
            let old = rows.map_or(row, |rows| rows.old(row));
            let before = self.presence.read(old, &mut known);
            let past = self.presence.past(old);
            let user = || roster.names().get(row).unwrap_or_default();
            let waiting = self.recalled.and_then(|_| self.waiting(old, user()));
            let past = waiting.map_or(past, |(_, before)| past.recalling(before, self.at));
            let is_deferred = matches!(state, Some(SessionState::Deferred));
            match observed(state) {
                Some(mut seen) => {
                    let now = seen.against(before, past.age);
                    if past.age != presence::NEVER {
                        ledger.enter(user(), before, now, self.at);
                    } else if let Some(waiting) = waiting {
                        ledger.resume(user(), waiting, now, self.at);
                    }
                    builder.push(past.seen(self.at, now.count > 0), now);
                }
                None if is_deferred => builder.push(past.deferred(), before),
                None if is_due => builder.push(past.older(), before),
                None => builder.push(past, before),
            }
        }
        builder.finish()
    }
}

/// What was seen of one user.
enum Seen {
    Sessions(Vec<Session>),
    Count(u32),
}

impl Seen {
    /// The sessions now. Where they were only counted and the number is that of
    /// the last observation, those still stand.
    fn against<'a>(&'a mut self, before: Online<'a>, age: u8) -> Online<'a> {
        match self {
            Self::Sessions(sessions) => {
                presence::normalise(sessions);
                Online {
                    count: u32::try_from(sessions.len()).unwrap_or(u32::MAX),
                    known: sessions.get(..MAX_KNOWN_SESSIONS).unwrap_or(sessions),
                }
            }
            Self::Count(count) if *count == before.count && age != presence::NEVER => before,
            Self::Count(count) => Online {
                count: *count,
                known: &[],
            },
        }
    }
}

fn observed(state: Option<SessionState>) -> Option<Seen> {
    match state? {
        SessionState::Sessions(sessions) => Some(Seen::Sessions(sessions)),
        SessionState::Count(count) => Some(Seen::Count(count)),
        SessionState::Unknown(_) | SessionState::Deferred | SessionState::Gone => None,
    }
}

/// The reports in the order of the rows. A user that no list has named has no
/// row, so a report of it is dropped.
fn states_by_row(names: &Names, sessions: Sessions) -> Vec<Option<SessionState>> {
    let mut states: Vec<Option<SessionState>> = Vec::new();
    states.resize_with(names.len(), || None);
    // Sweeps mostly go through the users in order: the next row is the best
    // guess, and far cheaper than a search.
    let mut guess = 0;
    for report in sessions.users {
        let name = report.user.as_str();
        let row = if names.get(guess) == Some(name) {
            Some(guess)
        } else {
            names.find(name)
        };
        let Some(row) = row else { continue };
        guess = row + 1;
        if let Some(state) = states.get_mut(row) {
            *state = Some(report.state);
        }
    }
    states
}

/// Takes the users that were found deleted out of the reports, and gives their
/// rows.
fn remove_gone(states: &mut Vec<Option<SessionState>>) -> Vec<usize> {
    let is_gone = |state: &Option<SessionState>| matches!(state, Some(SessionState::Gone));
    let rows = states.iter().enumerate();
    let gone = rows.filter(|(_, state)| is_gone(state)).map(|(row, _)| row);
    let gone = gone.collect();
    states.retain(|state| !is_gone(state));
    gone
}

/// Where the rows of a new roster were in the old one.
#[derive(Debug, Default)]
struct Alignment {
    old_rows: Vec<usize>,
    deleted: Vec<usize>,
}

impl Alignment {
    /// The old row, or one that does not exist for a new user.
    fn old(&self, row: usize) -> usize {
        self.old_rows.get(row).copied().unwrap_or(usize::MAX)
    }
}

/// `None` if every user is where it was.
fn align(old: &Arc<Names>, new: &Arc<Names>) -> Option<Alignment> {
    if Arc::ptr_eq(old, new) {
        return None;
    }
    let mut alignment = Alignment::default();
    let mut before = 0;
    for row in 0..new.len() {
        let name = new.get(row);
        while before < old.len() && old.get(before) < name {
            alignment.deleted.push(before);
            before += 1;
        }
        let is_old = before < old.len() && old.get(before) == name;
        let old_row = if is_old { before } else { usize::MAX };
        alignment.old_rows.push(old_row);
        before += usize::from(is_old);
    }
    alignment.deleted.extend(before..old.len());
    Some(alignment)
}

/// Sessions of one user beyond these are counted but not told apart, so that a
/// senseless answer costs neither memory nor time. People have a handful of
/// devices.
pub(super) const MAX_KNOWN_SESSIONS: usize = 256;
