//! From two snapshots of an instance to what happened between them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::event::{Anomaly, Event, Origin, Sessions, What};
use crate::fleet::{Change, InstanceSnapshot, Names};
use crate::model::{Collector, Kbps, SagId, Session, UserState};
use crate::rules::{Turn, Verdict};

/// Says what happened, and remembers what it takes for that.
#[derive(Debug, Default)]
pub struct Chronicle {
    instances: BTreeMap<SagId, Past>,
    /// The time of the latest observation.
    at: Option<Timestamp>,
}

/// What is remembered of an instance.
#[derive(Debug)]
struct Past {
    origin: Origin,
    /// What was last known of users of whom less is known now.
    lost: BTreeMap<Box<str>, Attributes>,
}

impl Chronicle {
    /// Nothing is remembered.
    pub fn new() -> Self {
        Self::default()
    }

    /// What happened to an instance between what was known of it before an
    /// observation and `now`. `verdict` is what the rules said of `now`. At a
    /// first look, without a before, no account is created or changed.
    pub fn look(
        &mut self,
        before: Option<&InstanceSnapshot>,
        now: &InstanceSnapshot,
        verdict: &Verdict,
    ) -> Vec<Event> {
        self.at = self.at.max(Some(now.at()));
        let origin = Origin::from(now.instance());
        let past = self.instances.entry(now.sag_id().clone());
        let past = past.or_insert_with(|| Past {
            origin: origin.clone(),
            lost: BTreeMap::new(),
        });
        past.origin = origin;
        let mut told = Told {
            time: now.at(),
            origin: &past.origin,
            events: Vec::new(),
        };
        let removed = before.map_or_else(Vec::new, |before| {
            accounts(before, now, &mut past.lost, &mut told)
        });
        sessions(before, now, &mut told);
        anomalies(&verdict.cleared, What::AnomalyCleared, &mut told);
        anomalies(&verdict.raised, What::AnomalyRaised, &mut told);
        // Last, so that everything else about a user comes before its end.
        for user in removed {
            told.tell(Some(user), What::AccountRemoved);
        }
        told.events
    }

    /// The instance is watched no longer; `over` is what stood there.
    pub fn forget(&mut self, sag_id: &str, over: &[Turn]) -> Vec<Event> {
        let (Some(past), Some(time)) = (self.instances.remove(sag_id), self.at) else {
            return Vec::new();
        };
        let mut told = Told {
            time,
            origin: &past.origin,
            events: Vec::new(),
        };
        anomalies(over, What::AnomalyCleared, &mut told);
        told.events
    }
}

/// The events of one look.
struct Told<'a> {
    time: Timestamp,
    origin: &'a Origin,
    events: Vec<Event>,
}

impl Told<'_> {
    fn tell(&mut self, user: Option<&str>, what: What) {
        self.events.push(Event {
            time: self.time,
            origin: self.origin.clone(),
            user: user.map(Into::into),
            what,
        });
    }
}

/// What the account lists tell of one user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Attributes {
    state: Option<UserState>,
    bandwidth: Option<Kbps>,
}

impl Attributes {
    fn of(snapshot: &InstanceSnapshot, row: usize) -> Self {
        snapshot.users().map_or_else(Self::default, |users| Self {
            state: users.state(row),
            bandwidth: users.bandwidth(row),
        })
    }

    /// These, and the older ones where these are unknown.
    fn or(self, older: Self) -> Self {
        Self {
            state: self.state.or(older.state),
            bandwidth: self.bandwidth.or(older.bandwidth),
        }
    }
}

/// What the account lists show. Gives the users that are gone.
fn accounts<'a>(
    before: &'a InstanceSnapshot,
    now: &InstanceSnapshot,
    lost: &mut BTreeMap<Box<str>, Attributes>,
    told: &mut Told<'_>,
) -> Vec<&'a str> {
    let mut removed = Vec::new();
    let is_listed = now.collector(Collector::Accounts).last_run == Some(now.at());
    if !is_listed && Arc::ptr_eq(before.names(), now.names()) {
        return removed;
    }
    for (old, new) in Pairs::new(before.names(), now.names()) {
        match (old, new) {
            (Some(old), Some(new)) => {
                let user = now.names().get(new).unwrap_or_default();
                let (was, is) = (Attributes::of(before, old), Attributes::of(now, new));
                compare(user, was, is, lost, told);
            }
            (Some(old), None) => {
                let user = before.names().get(old).unwrap_or_default();
                lost.remove(user);
                removed.push(user);
            }
            // Until a list was whole, nobody can say who is new.
            (None, Some(new)) if before.knows_everybody() => {
                let Attributes { state, bandwidth } = Attributes::of(now, new);
                told.tell(
                    now.names().get(new),
                    What::AccountCreated { state, bandwidth },
                );
            }
            (None, _) => {}
        }
    }
    removed
}

/// Two looks at the attributes of one user.
fn compare(
    user: &str,
    was: Attributes,
    is: Attributes,
    lost: &mut BTreeMap<Box<str>, Attributes>,
    told: &mut Told<'_>,
) {
    if was == is && (lost.is_empty() || !lost.contains_key(user)) {
        return;
    }
    let was = was.or(lost.remove(user).unwrap_or_default());
    let known = is.or(was);
    if known != is {
        lost.insert(user.into(), known);
    }
    match (was.state, is.state) {
        (Some(UserState::Disabled), Some(UserState::Enabled)) => {
            told.tell(Some(user), What::AccountEnabled);
        }
        (Some(UserState::Enabled), Some(UserState::Disabled)) => {
            told.tell(Some(user), What::AccountDisabled);
        }
        _ => {}
    }
    if let (Some(before), Some(now)) = (was.bandwidth, is.bandwidth)
        && before != now
    {
        told.tell(Some(user), What::BandwidthChanged { before, now });
    }
}

/// What the ledger says. It may say something of a first look, too: what became
/// of the sessions of an earlier run of the program.
fn sessions(before: Option<&InstanceSnapshot>, now: &InstanceSnapshot, told: &mut Told<'_>) {
    for change in now.ledger().changes() {
        let Change {
            user,
            started,
            ended,
            started_sessions,
            ended_sessions,
        } = change;
        let after = before.and_then(|before| observed(before, user));
        for sessions in one_by_one(ended_sessions, *ended, after) {
            told.tell(Some(user), What::SessionEnded(sessions));
        }
        for sessions in one_by_one(started_sessions, *started, after) {
            told.tell(Some(user), What::SessionStarted(sessions));
        }
    }
}

/// The sessions that are known, and then the number of the others.
fn one_by_one(
    known: &[Session],
    count: u64,
    after: Option<Timestamp>,
) -> impl Iterator<Item = Sessions> {
    let others = count.saturating_sub(u64::try_from(known.len()).unwrap_or(u64::MAX));
    let known = known.iter().map(|session| (Some(*session), 1));
    let others = (others > 0).then_some((None, others));
    known.chain(others).map(move |(known, count)| Sessions {
        known,
        count,
        after,
    })
}

/// When the sessions of a user were last observed.
fn observed(snapshot: &InstanceSnapshot, user: &str) -> Option<Timestamp> {
    let row = snapshot.names().find(user)?;
    let second = snapshot.users()?.observed_seconds(row)?;
    Timestamp::from_second(i64::from(second)).ok()
}

fn anomalies(turns: &[Turn], what: fn(Anomaly) -> What, told: &mut Told<'_>) {
    for turn in turns {
        let anomaly = Anomaly {
            rule: turn.rule,
            since: turn.since,
            reason: Arc::clone(&turn.reason),
        };
        told.tell(turn.user.as_deref(), what(anomaly));
    }
}

/// The rows of the same names in two lists, in the order of the names.
struct Pairs<'a> {
    old: &'a Arc<Names>,
    new: &'a Arc<Names>,
    next: (usize, usize),
    same: bool,
}

impl<'a> Pairs<'a> {
    fn new(old: &'a Arc<Names>, new: &'a Arc<Names>) -> Self {
        Self {
            old,
            new,
            next: (0, 0),
            // Most lists name the same users, whose names need no comparison.
            same: Arc::ptr_eq(old, new),
        }
    }
}

impl Iterator for Pairs<'_> {
    type Item = (Option<usize>, Option<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let (old, new) = self.next;
        let has_old = old < self.old.len();
        let has_new = new < self.new.len();
        let order = match (has_old, has_new) {
            (false, false) => return None,
            (true, true) if self.same => Ordering::Equal,
            (true, true) => self.old.get(old).cmp(&self.new.get(new)),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        };
        let takes_old = order != Ordering::Greater;
        let takes_new = order != Ordering::Less;
        self.next = (old + usize::from(takes_old), new + usize::from(takes_new));
        Some((takes_old.then_some(old), takes_new.then_some(new)))
    }
}
