//! What is due, and in which order. Pure: time is an argument.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use tokio::time::Instant;

use super::Options;
use crate::fleet::{SessionState, UserSessions};
use crate::model::{FailureKind, UserName};

/// What one sweep does with one instance. The sessions are due in every sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// Whether the list of users is read anew.
    pub(super) accounts: bool,
}

/// Something that is read every so often, and again in the next sweep if it
/// could not be read whole.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cadence {
    done: Option<Instant>,
}

impl Cadence {
    /// Whether it is due in the sweep that starts now. Sweeps do not start on the
    /// nanosecond, so the sweep nearest to the moment is the one.
    pub(super) fn is_due(self, now: Instant, options: &Options) -> bool {
        self.done.is_none_or(|done| {
            now.duration_since(done) + options.interval / 2 >= options.accounts_interval
        })
    }

    /// Takes note of how it went in the sweep that started at this moment.
    pub(super) fn ran(&mut self, started: Instant, complete: bool) {
        self.done = complete.then_some(started);
    }
}

/// The users of an instance, as far as they are known, in the order in which
/// they are to be queried.
#[derive(Debug, Default)]
pub(super) struct Roster {
    users: Vec<UserName>,
    listed: Cadence,
    was_whole: bool,
    /// Users that were reported gone since the last whole list.
    gone: HashSet<UserName>,
    /// Users that were reported gone, and listed again all the same.
    doubted: HashSet<UserName>,
}

impl Roster {
    /// What is due for this instance in the sweep that starts now.
    pub(super) fn plan(&self, now: Instant, options: &Options) -> Plan {
        Plan {
            accounts: self.listed.is_due(now, options),
        }
    }

    /// The names of the last whole list, if there was one; without those that
    /// were reported gone since.
    pub(super) fn last_whole(&self) -> Option<HashSet<UserName>> {
        self.was_whole.then(|| self.users.iter().cloned().collect())
    }

    /// Whether there ever was a whole list.
    pub(super) fn was_whole(&self) -> bool {
        self.was_whole
    }

    /// The users to query, those not observed longest first.
    pub(super) fn users(&self) -> Vec<UserName> {
        self.users.clone()
    }

    /// Takes a new list in. New users go to the front, scattered, so that those
    /// whose queries fail because they have something in common are not in a row.
    /// A list that is not whole removes nobody.
    pub(super) fn listed<'a>(
        &mut self,
        started: Instant,
        names: impl Iterator<Item = &'a UserName>,
        whole: bool,
    ) {
        self.listed.ran(started, whole);
        let listed: HashSet<&UserName> = names.collect();
        if whole {
            self.was_whole = true;
            self.users.retain(|user| listed.contains(user));
            self.doubted.retain(|user| listed.contains(user));
            let gone = std::mem::take(&mut self.gone);
            self.doubted
                .extend(gone.into_iter().filter(|user| listed.contains(user)));
        }
        let known: HashSet<&UserName> = self.users.iter().collect();
        let mut users: Vec<UserName> = listed
            .into_iter()
            .filter(|user| !known.contains(user) && (whole || !self.gone.contains(*user)))
            .cloned()
            .collect();
        users.sort_by_cached_key(scatter);
        users.append(&mut self.users);
        self.users = users;
    }

    /// Takes note of a list that could not be read at all.
    pub(super) fn not_listed(&mut self, started: Instant) {
        self.listed.ran(started, false);
    }

    /// Takes the result of the queries in: the first `asked` were made, the rest
    /// was not, and comes first next time.
    ///
    /// A user that was reported gone is believed to be gone until the list says
    /// otherwise; from then on such an answer means that its sessions cannot be
    /// known.
    pub(super) fn observed(&mut self, results: &mut [UserSessions], asked: usize) {
        for result in results.iter_mut() {
            if result.state != SessionState::Gone {
                continue;
            }
            if self.doubted.contains(&result.user) {
                result.state = SessionState::Unknown(FailureKind::NotFound);
            } else {
                self.gone.insert(result.user.clone());
            }
        }
        let (made, skipped) = results.split_at(asked.min(results.len()));
        self.users = skipped
            .iter()
            .chain(made)
            .filter(|result| result.state != SessionState::Gone)
            .map(|result| result.user.clone())
            .collect();
    }
}

/// An order that has nothing to do with names, and is the same every time.
fn scatter(user: &UserName) -> u64 {
    let mut hasher = DefaultHasher::new();
    user.hash(&mut hasher);
    hasher.finish()
}
