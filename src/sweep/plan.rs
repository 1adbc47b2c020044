//! What is due, and in which order. Pure: time is an argument.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use tokio::time::Instant;

use super::Options;
use super::options::RECHECK_SWEEPS;
use crate::fleet::{SessionState, UserSessions};
use crate::model::{ClientUser, FailureKind, UserName, UserState};

/// What one sweep does with one instance. The sessions are due in every sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// Whether the list of users is read anew.
    pub(super) accounts: bool,
    /// Whether the traffic is read anew.
    pub(super) traffic: bool,
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
    pub(super) fn is_due(self, now: Instant, every: Duration, options: &Options) -> bool {
        self.done
            .is_none_or(|done| now.duration_since(done) + options.interval / 2 >= every)
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
    known: HashMap<UserName, Known>,
    listed: Cadence,
    /// When the traffic was read.
    pub(super) traffic: Cadence,
    /// How many sweeps there were, this one included.
    sweeps: u64,
    was_whole: bool,
    /// Users that were reported gone since the last whole list.
    gone: HashSet<UserName>,
    /// Users that were reported gone, and listed again all the same.
    doubted: HashSet<UserName>,
}

/// What is known of a user between sweeps.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// The sweep that last tried to observe the user; 0 if none did.
    tried: u64,
    /// How many sessions were last reported.
    sessions: u32,
    /// What the bulk query said when the sessions were last read.
    counted: Option<u32>,
    /// The sweep that last read the sessions, unless they have to be read again.
    read: Option<u64>,
    is_disabled: bool,
}

/// What the bulk count of a user says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Enough.
    Known(SessionState),
    /// That the sessions are not those that were read last.
    Changed,
    /// Nothing new, but the sessions were not read for long.
    Due,
}

/// The users to query.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Queries {
    /// Those of whom news is awaited.
    pub(super) urgent: Vec<UserName>,
    /// The others.
    pub(super) others: Vec<UserName>,
}

impl Queries {
    pub(super) fn append(&mut self, mut more: Self) {
        self.urgent.append(&mut more.urgent);
        self.others.append(&mut more.others);
    }

    /// How many users there are to query.
    pub(super) fn len(&self) -> usize {
        self.urgent.len() + self.others.len()
    }

    /// One of the urgent, one of the others, and so on. So each kind gets half
    /// of the queries for which there is time, and none of them starves: with
    /// time for `n` queries a sweep and `u` users, everybody has a turn in every
    /// `2u / n` sweeps.
    pub(super) fn in_turn(self) -> Vec<UserName> {
        let mut queue = Vec::with_capacity(self.urgent.len() + self.others.len());
        let (mut urgent, mut others) = (self.urgent.into_iter(), self.others.into_iter());
        loop {
            let before = queue.len();
            queue.extend(urgent.next());
            queue.extend(others.next());
            if queue.len() == before {
                return queue;
            }
        }
    }
}

impl Roster {
    /// What is due for this instance in the sweep that starts now.
    pub(super) fn plan(&mut self, now: Instant, options: &Options) -> Plan {
        self.sweeps += 1;
        let every = options.traffic_interval;
        Plan {
            accounts: self.listed.is_due(now, options.accounts_interval, options),
            traffic: !every.is_zero() && self.traffic.is_due(now, every, options),
        }
    }

    /// Whether the bulk count of a user is enough, or what else it says.
    pub(super) fn judge(&self, user: &UserName, count: u32) -> Judgement {
        if count == 0 {
            return Judgement::Known(SessionState::Sessions(Vec::new()));
        }
        let known = self.known.get(user).copied().unwrap_or_default();
        let Some(read) = known.read.filter(|_| known.counted == Some(count)) else {
            return Judgement::Changed;
        };
        let every = u64::from(RECHECK_SWEEPS);
        let is_turn = self
            .sweeps
            .wrapping_add(scatter(user))
            .is_multiple_of(every);
        if is_turn || self.sweeps.saturating_sub(read) >= every {
            return Judgement::Due;
        }
        // The query may have said something else than the count then. It is
        // believed as long as the count says what it said.
        Judgement::Known(match known.sessions {
            0 => SessionState::Sessions(Vec::new()),
            sessions => SessionState::Count(sessions),
        })
    }

    /// Tells those apart of whom news is awaited: who was online, and who is
    /// disabled and should not be.
    pub(super) fn by_urgency(&self, users: Vec<UserName>) -> Queries {
        let is_urgent = |user: &UserName| {
            let known = self.known.get(user);
            known.is_some_and(|known| known.sessions > 0 || known.is_disabled)
        };
        let (urgent, others) = users.into_iter().partition(is_urgent);
        Queries { urgent, others }
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

    /// How many users are known.
    pub(super) fn len(&self) -> usize {
        self.users.len()
    }

    /// The users to query, those not observed longest first.
    pub(super) fn users(&self) -> Vec<UserName> {
        self.users.clone()
    }

    /// Takes a new list in. New users go to the front, scattered, so that those
    /// whose queries fail because they have something in common are not in a row.
    /// A list that is not whole removes nobody.
    pub(super) fn listed(&mut self, started: Instant, list: &[ClientUser], whole: bool) {
        self.listed.ran(started, whole);
        let listed: HashSet<&UserName> = list.iter().map(|user| &user.name).collect();
        if whole {
            self.was_whole = true;
            self.known.retain(|user, _| listed.contains(user));
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
        for user in list {
            let known = self.known.entry(user.name.clone()).or_default();
            known.is_disabled = user.state == Some(UserState::Disabled);
        }
    }

    /// Takes note of a list that could not be read at all.
    pub(super) fn not_listed(&mut self, started: Instant) {
        self.listed.ran(started, false);
    }

    /// Takes what was learned in: for the first `asked` users the cloud was
    /// asked, for the rest it was not, and they come first next time. `counts`
    /// are the numbers of sessions that the bulk query gave.
    ///
    /// A user that was reported gone is believed to be gone until the list says
    /// otherwise; from then on such an answer means that its sessions cannot be
    /// known.
    pub(super) fn observed(
        &mut self,
        results: &mut [UserSessions],
        asked: usize,
        counts: &HashMap<UserName, u32>,
    ) {
        for (place, result) in results.iter().enumerate() {
            let count = counts.get(&result.user).copied();
            if place < asked || count.is_some() {
                self.remember(result, count);
            }
        }
        self.doubt_those_gone(results);
        let known = &self.known;
        self.users.retain(|user| !self.gone.contains(user));
        self.users
            .sort_by_key(|user| known.get(user).map_or(0, |known| known.tried));
    }

    fn remember(&mut self, result: &UserSessions, count: Option<u32>) {
        let judgement = count.map(|count| self.judge(&result.user, count));
        let sweep = self.sweeps;
        let known = self.known.entry(result.user.clone()).or_default();
        known.tried = sweep;
        match &result.state {
            SessionState::Sessions(sessions) => {
                known.sessions = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
                known.counted = count;
                known.read = Some(sweep);
            }
            SessionState::Count(sessions) => {
                known.sessions = *sessions;
                // It was meant to be queried, and still has to be.
                if !matches!(judgement, Some(Judgement::Known(_))) {
                    known.read = None;
                }
            }
            SessionState::Unknown(_) | SessionState::Deferred | SessionState::Gone => {}
        }
    }

    fn doubt_those_gone(&mut self, results: &mut [UserSessions]) {
        for result in results.iter_mut() {
            if result.state != SessionState::Gone {
                continue;
            }
            if self.doubted.contains(&result.user) {
                result.state = SessionState::Unknown(FailureKind::NotFound);
            } else {
                self.gone.insert(result.user.clone());
                self.known.remove(&result.user);
            }
        }
    }
}

/// An order that has nothing to do with names, and is the same every time.
fn scatter(user: &UserName) -> u64 {
    let mut hasher = DefaultHasher::new();
    user.hash(&mut hasher);
    hasher.finish()
}
