//! Rules about accounts and what is expected of them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::addresses::RISES_SLOWLY;
use super::sessions::ONCE;
use super::track::{Hit, Reason, Tracks, Turns};
use super::view::View;
use crate::model::{Collector, UserState};

/// A disabled account that is online. Account lists are read less often than
/// sessions, so only sweeps that read both can tell; and two of them, since the
/// account may have been enabled between the list and the sessions.
pub(super) fn disabled_online(view: &View<'_>, tracks: &mut Tracks) -> Turns {
    if !view.ran(Collector::Sessions) {
        return Turns::default();
    }
    let lists = view.completed(Collector::Accounts);
    let mut hits = Vec::new();
    if lists {
        let disabled = |row| view.users.state(row) == Some(UserState::Disabled);
        let online = view.online().filter(|online| disabled(online.row));
        hits.extend(online.map(|online| Hit {
            row: online.row,
            why: Reason::Online(online.clients),
        }));
    }
    let is_miss = |row| {
        let is_enabled = lists && view.users.state(row) == Some(UserState::Enabled);
        view.users.is_fresh(row) && (is_enabled || view.online_at(row).is_none())
    };
    tracks.see(&hits, is_miss, view.at(), RISES_SLOWLY)
}

/// A bandwidth that is not the one of the policy.
pub(super) fn bandwidth_drift(view: &View<'_>, tracks: &mut Tracks) -> Turns {
    if !view.completed(Collector::Accounts) {
        return Turns::default();
    }
    let drift = |row| {
        let expected = view.assigned.limits(row).bandwidth?;
        let kbps = view.users.bandwidth(row)?;
        let why = Reason::Bandwidth {
            kbps: kbps.0,
            expected_kbps: expected.0,
        };
        (kbps != expected).then_some(Hit { row, why })
    };
    let hits: Vec<Hit> = if view.assigned.any(|limits| limits.bandwidth) {
        (0..view.users.rows()).filter_map(drift).collect()
    } else {
        Vec::new()
    };
    let is_miss =
        |row| view.users.bandwidth(row).is_some() || view.assigned.limits(row).bandwidth.is_none();
    tracks.see(&hits, is_miss, view.at(), ONCE)
}

/// Since when an instance is watched without a gap, and since when the users
/// exist that came later.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    pub(super) since: Timestamp,
    pub(super) last: Timestamp,
    pub(super) newcomers: BTreeMap<usize, Timestamp>,
}

impl Watch {
    pub(super) fn begun(at: Timestamp) -> Self {
        Self {
            since: at,
            last: at,
            newcomers: BTreeMap::new(),
        }
    }

    /// Sessions were observed. Whoever was online in a long gap was not seen, so
    /// a gap begins the watch anew.
    pub(super) fn go_on(&mut self, at: Timestamp) {
        if crate::clock::between(self.last, at) > LONGEST_GAP {
            self.since = at;
        }
        self.last = at;
    }

    fn of(&self, row: usize) -> Timestamp {
        let came = self.newcomers.get(&row).copied();
        came.map_or(self.since, |came| came.max(self.since))
    }
}

/// An enabled account that was not seen online for longer than the policy
/// expects, and was watched all that time.
pub(super) fn dormant(view: &View<'_>, watch: &Watch, tracks: &mut Tracks) -> Turns {
    if !view.ran(Collector::Sessions) {
        return Turns::default();
    }
    let mut hits = Vec::new();
    if view.assigned.any(|limits| limits.dormant) {
        let mut online = view.online().peekable();
        for row in 0..view.users.rows() {
            let is_online = online.next_if(|online| online.row == row).is_some();
            hits.extend(slept(view, watch, row).filter(|_| !is_online));
        }
    }
    let is_miss = |row| view.users.is_fresh(row) && view.users.state(row).is_some();
    tracks.see(&hits, is_miss, view.at(), ONCE)
}

fn slept(view: &View<'_>, watch: &Watch, row: usize) -> Option<Hit> {
    let longest = view.assigned.limits(row).dormant?;
    if !view.users.is_fresh(row) || view.users.state(row) != Some(UserState::Enabled) {
        return None;
    }
    let watched = watch.of(row).as_second();
    let last_online = view.users.last_online_seconds(row).map(i64::from);
    let last = last_online.map_or(watched, |last| last.max(watched));
    let slept = u64::try_from(view.at().as_second() - last).unwrap_or(0);
    let since = Timestamp::from_second(last).ok()?;
    let why = Reason::NotOnlineSince(since);
    (slept > longest.as_secs()).then_some(Hit { row, why })
}

/// Nobody works a day unseen and is then called dormant.
const LONGEST_GAP: Duration = Duration::from_secs(24 * 60 * 60);
