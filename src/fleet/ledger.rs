//! The ledger of the sessions that were seen to start and to end.
//!
//! A session is its user, its address and its start. The cloud may leave out
//! the address or the start, and the bulk query tells only how many sessions
//! there are; such sessions are matched as far as what is known of them allows.
//! Whatever is matched, starts minus ends is the change of the number online.

use std::sync::Arc;

use jiff::Timestamp;

use super::memory::{KnownSession, Recalled, Remembered};
use crate::clock;
use crate::model::Session;

/// What was seen of the sessions of an instance since it is watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    started: u64,
    ended: u64,
    durations: Durations,
    changes: Arc<Vec<Change>>,
}

/// The sessions of one user that were seen to start or to end in one sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The user, which may be deleted by now.
    pub user: Box<str>,
    /// How many sessions started.
    pub started: u64,
    /// How many ended.
    pub ended: u64,
    /// Those that started and are known one by one; empty if some of the
    /// sessions were only counted, so that nobody knows which these are.
    pub started_sessions: Vec<Session>,
    /// Those that ended, likewise.
    pub ended_sessions: Vec<Session>,
}

impl Ledger {
    /// Sessions that were seen to start.
    pub fn started(&self) -> u64 {
        self.started
    }

    /// Sessions that were seen to end; those of users that were deleted, too.
    pub fn ended(&self) -> u64 {
        self.ended
    }

    /// How long the ended sessions lasted. Fewer than [`Ledger::ended`] if the
    /// start of some was not known.
    pub fn durations(&self) -> &Durations {
        &self.durations
    }

    /// What the last sweep saw to start and to end, at most one entry a user.
    /// What a first look at a user shows is no news and not among it.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// A new sweep begins: nothing has changed in it yet.
    pub(super) fn begin(&mut self) {
        self.changes = Arc::default();
    }

    /// Enters the difference between two observations of the same user.
    pub(super) fn enter(&mut self, user: &str, before: Online<'_>, now: Online<'_>, at: Timestamp) {
        if before == now {
            return;
        }
        let mut ended: Vec<Session> = before.known.to_vec();
        let mut started: Vec<Session> = now.known.to_vec();
        pair_off(&mut ended, &mut started, |a, b| a == b);
        pair_off(&mut ended, &mut started, may_be_same);
        let counts = Counts {
            before: before.count,
            nameless_before: before.nameless(),
            now: now.count,
            nameless_now: now.nameless(),
        };
        self.settle(user, counts, ended, started, at);
    }

    /// Enters the difference between the last observation of a user before a
    /// restart and the first one after it, unless they are too far apart: what
    /// stayed is then no news, and the rest nobody knows.
    pub(super) fn resume(
        &mut self,
        user: &str,
        (recalled, before): (&Recalled, &Remembered),
        now: Online<'_>,
        at: Timestamp,
    ) {
        let Some(seen) = before.last_seen.as_deref() else {
            return;
        };
        let pause_seconds = at.as_second() - i64::from(seen.at_seconds());
        if !(0..=LONGEST_PAUSE_SECONDS).contains(&pause_seconds) {
            return;
        }
        let mut ended = seen.known().to_vec();
        let mut started: Vec<Session> = now.known.to_vec();
        let key = before.key;
        pair_off(&mut ended, &mut started, |a, b| recalled.is_same(key, a, b));
        pair_off(&mut ended, &mut started, |a, b| {
            recalled.may_be_same(key, a, b)
        });
        let counts = Counts {
            before: seen.count(),
            nameless_before: u64::from(seen.count()).saturating_sub(length(seen.known())),
            now: now.count,
            nameless_now: now.nameless(),
        };
        let ended = ended.iter().map(KnownSession::without_address).collect();
        self.settle(user, counts, ended, started, at);
    }

    /// Takes in how many sessions there were and are, and those that have no
    /// counterpart at the other moment.
    fn settle(
        &mut self,
        user: &str,
        counts: Counts,
        ended: Vec<Session>,
        started: Vec<Session>,
        at: Timestamp,
    ) {
        let Counts {
            nameless_before,
            nameless_now,
            ..
        } = counts;
        let still = u64::from(counts.before) - nameless_before - length(&ended)
            + stay(
                nameless_before,
                nameless_now,
                length(&ended),
                length(&started),
            );
        let change = Change {
            user: user.into(),
            started: u64::from(counts.now) - still,
            ended: u64::from(counts.before) - still,
            started_sessions: told_apart(started, nameless_before),
            ended_sessions: told_apart(ended, nameless_now),
        };
        self.durations.observe(&change.ended_sessions, at);
        self.record(change);
    }

    fn record(&mut self, change: Change) {
        self.started += change.started;
        self.ended += change.ended;
        if change.started > 0 || change.ended > 0 {
            Arc::make_mut(&mut self.changes).push(change);
        }
    }
}

/// How many sessions a user had and has, and how many of them were only
/// counted.
#[derive(Debug, Clone, Copy)]
struct Counts {
    before: u32,
    nameless_before: u64,
    now: u32,
    nameless_now: u64,
}

/// The sessions, unless any of them may be one of those that were only counted
/// at the other moment.
fn told_apart(sessions: Vec<Session>, nameless: u64) -> Vec<Session> {
    if nameless == 0 { sessions } else { Vec::new() }
}

/// The sessions of one user at one moment: how many there are, and those of
/// them that are known one by one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Online<'a> {
    pub(super) count: u32,
    pub(super) known: &'a [Session],
}

impl Online<'_> {
    fn nameless(&self) -> u64 {
        u64::from(self.count).saturating_sub(length(self.known))
    }
}

/// How long sessions lasted, in buckets that are fixed for ever so that
/// histograms of different times and versions can be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations {
    buckets: [u64; Durations::BOUNDS_SECONDS.len()],
    count: u64,
    sum_seconds: u64,
}

impl Durations {
    /// The upper bounds of the buckets: a minute to a week, with the lengths of
    /// a working day and of common session limits among them.
    pub const BOUNDS_SECONDS: [u32; 12] = [
        60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400, 259_200, 604_800,
    ];

    /// Each upper bound with the number of sessions that lasted at most so
    /// long.
    pub fn cumulative(&self) -> impl Iterator<Item = (u32, u64)> {
        let totals = self.buckets.iter().scan(0, |total, bucket| {
            *total += bucket;
            Some(*total)
        });
        Self::BOUNDS_SECONDS.into_iter().zip(totals)
    }

    /// How many sessions were measured.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How long all of them lasted together.
    pub fn sum_seconds(&self) -> u64 {
        self.sum_seconds
    }

    fn observe(&mut self, ended: &[Session], at: Timestamp) {
        for started in ended.iter().filter_map(|session| session.started) {
            let seconds = clock::between(started, at).as_secs();
            let bound = Self::BOUNDS_SECONDS
                .iter()
                .position(|bound| seconds <= u64::from(*bound));
            if let Some(bucket) = bound.and_then(|bound| self.buckets.get_mut(bound)) {
                *bucket += 1;
            }
            self.count += 1;
            self.sum_seconds += seconds;
        }
    }
}

/// How many sessions of the rest stay online: those that are known only now or
/// only before are paired with those that were only counted, and what was only
/// counted is paired with itself.
fn stay(nameless_before: u64, nameless_now: u64, ended: u64, started: u64) -> u64 {
    let found = nameless_before.min(started);
    let lost = nameless_now.min(ended);
    found + lost + (nameless_before - found).min(nameless_now - lost)
}

/// Removes pairs that are the same from both lists, each element once.
fn pair_off<Old>(
    ended: &mut Vec<Old>,
    started: &mut Vec<Session>,
    same: impl Fn(&Old, &Session) -> bool,
) {
    ended.retain(|old| {
        let twin = started.iter().position(|new| same(old, new));
        twin.map(|twin| started.swap_remove(twin)).is_none()
    });
}

/// Whether nothing that is known of the two tells them apart.
fn may_be_same(a: &Session, b: &Session) -> bool {
    fn agree<T: PartialEq + Copy>(a: Option<T>, b: Option<T>) -> bool {
        a.is_none() || b.is_none() || a == b
    }
    agree(a.started, b.started) && agree(a.client_ip, b.client_ip)
}

fn length<T>(sessions: &[T]) -> u64 {
    u64::try_from(sessions.len()).unwrap_or(u64::MAX)
}

/// A restart takes seconds, an upgrade of a machine minutes. What ended in a
/// longer pause ended nobody knows when.
const LONGEST_PAUSE_SECONDS: i64 = 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    /// A session from its address and its start; `_` is unknown.
    fn session(text: &str) -> Session {
        let (address, start) = text.split_once('@').unwrap();
        Session {
            client_ip: address.parse().ok(),
            started: start
                .parse()
                .ok()
                .map(|second| Timestamp::from_second(second).unwrap()),
        }
    }

    /// Before and after as known sessions plus `+n` that were only counted.
    fn check(before: &[&str], now: &[&str], started: u64, ended: u64, durations: &[u64]) {
        fn parse(text: &[&str]) -> (u32, Vec<Session>) {
            let nameless = text.iter().filter_map(|t| t.strip_prefix('+'));
            let known: Vec<Session> = text
                .iter()
                .filter(|text| !text.starts_with('+'))
                .map(|text| session(text))
                .collect();
            let count: u32 = nameless.map(|n| n.parse::<u32>().unwrap()).sum();
            (count + u32::try_from(known.len()).unwrap(), known)
        }
        let ((count_before, known_before), (count_now, known_now)) = (parse(before), parse(now));
        let mut ledger = Ledger::default();
        ledger.enter(
            "a",
            Online {
                count: count_before,
                known: &known_before,
            },
            Online {
                count: count_now,
                known: &known_now,
            },
            Timestamp::from_second(1000).unwrap(),
        );
        let seen = (ledger.started(), ledger.ended());
        assert_eq!(seen, (started, ended), "{before:?} → {now:?}");
        assert_eq!(
            (ledger.durations().count(), ledger.durations().sum_seconds()),
            (durations.len() as u64, durations.iter().sum()),
            "{before:?} → {now:?}"
        );
    }

    #[test]
    fn starts_and_ends_are_told_from_what_stays() {
        let (a, b, c) = ("10.0.0.1@100", "10.0.0.2@200", "10.0.0.3@300");
        check(&[], &[], 0, 0, &[]);
        check(&[], &[a, b], 2, 0, &[]);
        check(&[a, b], &[b, a], 0, 0, &[]);
        check(&[a, b], &[b, c], 1, 1, &[900]);
        check(&[a], &["10.0.0.1@150"], 1, 1, &[900]);
        check(&[a, a], &[a], 0, 1, &[900]);
        check(&[a], &[a, a, a], 2, 0, &[]);
        check(&["10.0.0.1@2000"], &[], 0, 1, &[0]);
    }

    #[test]
    fn what_is_unknown_of_a_session_tells_it_from_no_other() {
        check(&["10.0.0.1@_"], &["10.0.0.1@100"], 0, 0, &[]);
        check(&["_@100"], &["10.0.0.1@100", "10.0.0.2@200"], 1, 0, &[]);
        check(&["10.0.0.1@_"], &["10.0.0.2@_"], 1, 1, &[]);
        check(&["10.0.0.1@_"], &[], 0, 1, &[]);
    }

    #[test]
    fn counted_sessions_are_matched_by_number() {
        let (a, b) = ("10.0.0.1@100", "10.0.0.2@200");
        check(&["+2"], &["+5"], 3, 0, &[]);
        check(&["+5"], &["+2"], 0, 3, &[]);
        check(&[a, b], &["+1"], 0, 1, &[]);
        check(&[a, b], &["+3"], 1, 0, &[]);
        check(&["+1"], &[a, b], 1, 0, &[]);
        check(&["+3"], &[a], 0, 2, &[]);
        check(&[a, "+1"], &[b], 0, 1, &[900]);
    }

    #[test]
    fn buckets_are_cumulative() {
        let mut durations = Durations::default();
        let ended = ["_@1000", "_@940", "_@939", "_@0"].map(session);
        durations.observe(&ended, Timestamp::from_second(1000).unwrap());
        durations.observe(&[session("_@-900000")], Timestamp::from_second(0).unwrap());
        let buckets: Vec<_> = durations.cumulative().take(4).collect();
        assert_eq!(buckets, [(60, 2), (300, 3), (900, 3), (1800, 4)]);
        assert_eq!(durations.cumulative().last(), Some((604_800, 4)));
        assert_eq!((durations.count(), durations.sum_seconds()), (5, 901_121));
    }
}
