//! Rules about the sessions of a user.

use std::collections::{BTreeMap, VecDeque};

use super::options::Options;
use super::track::{Hit, Inertia, Reason, Tracks, Turns};
use super::view::View;
use crate::model::Collector;

/// More sessions at once than the policy allows, in two sweeps in a row: after a
/// reconnect the old session may linger for a moment.
pub(super) fn concurrent(view: &View<'_>, tracks: &mut Tracks) -> Turns {
    if !view.ran(Collector::Sessions) {
        return Turns::default();
    }
    let hits: Vec<Hit> = view
        .online()
        .filter_map(|online| {
            let limit = view.assigned.limits(online.row).sessions?.get();
            let clients = online.clients;
            let why = Reason::Sessions { clients, limit };
            (clients > limit).then_some(Hit {
                row: online.row,
                why,
            })
        })
        .collect();
    let is_miss = |row| view.users.is_fresh(row);
    tracks.see(&hits, is_miss, view.at(), TWICE)
}

/// A session that lasts longer than the policy allows. It can only become
/// longer, so once is enough.
pub(super) fn long(view: &View<'_>, tracks: &mut Tracks) -> Turns {
    if !view.ran(Collector::Sessions) {
        return Turns::default();
    }
    let now = view.at().as_second();
    let hits: Vec<Hit> = view
        .online()
        .filter_map(|online| {
            let limit_seconds = view.assigned.limits(online.row).session_length?.as_secs();
            let started = i64::from(online.oldest_start_seconds()?);
            let lasted = u64::try_from(now - started).unwrap_or(0);
            let at = jiff::Timestamp::from_second(started).ok()?;
            let why = Reason::Started { at, limit_seconds };
            (lasted > limit_seconds).then_some(Hit {
                row: online.row,
                why,
            })
        })
        .collect();
    let is_miss = |row| view.users.is_fresh(row) && view.knows_sessions(row);
    tracks.see(&hits, is_miss, view.at(), ONCE)
}

/// When the sessions of each user started lately; in seconds, oldest first.
pub(super) type Starts = BTreeMap<usize, VecDeque<i64>>;

/// Session after session of one user. It ends when there are fewer than half as
/// many starts as it took.
pub(super) fn flapping(
    view: &View<'_>,
    options: &Options,
    starts: &mut Starts,
    tracks: &mut Tracks,
) -> Turns {
    if !view.ran(Collector::Sessions) {
        return Turns::default();
    }
    let window_seconds = options.flapping_window.as_secs();
    let wanted = options.flapping_starts.clamp(1, MAX_STARTS);
    note_starts(view, starts, wanted);
    let now = view.at().as_second();
    let oldest = now - i64::try_from(window_seconds).unwrap_or(i64::MAX);
    starts.retain(|_, times| {
        // What lies in the future was noted by a clock that was wrong, and would
        // not leave the window before its time comes.
        times.retain(|time| oldest < *time && *time <= now);
        !times.is_empty()
    });
    let hits: Vec<Hit> = starts
        .iter()
        .filter(|(row, times)| times.len() >= wanted && view.users.is_fresh(**row))
        .map(|(row, times)| Hit {
            row: *row,
            why: Reason::Starts {
                count: times.len(),
                window_seconds,
            },
        })
        .collect();
    let few = |row| starts.get(&row).map_or(0, VecDeque::len) * 2 < wanted;
    let is_miss = |row| view.users.is_fresh(row) && few(row);
    tracks.see(&hits, is_miss, view.at(), ONCE)
}

fn note_starts(view: &View<'_>, starts: &mut Starts, wanted: usize) {
    let now = view.at().as_second();
    for change in view.snapshot.ledger().changes() {
        let row = view.users.names().find(&change.user);
        let (Some(row), true) = (row, change.started > 0) else {
            continue;
        };
        let times = starts.entry(row).or_default();
        let count = usize::try_from(change.started).unwrap_or(usize::MAX);
        times.extend(std::iter::repeat_n(now, count.min(wanted)));
        while times.len() > wanted {
            times.pop_front();
        }
    }
}

pub(super) const ONCE: Inertia = Inertia {
    raise_after: 1,
    clear_after: 1,
};

pub(super) const TWICE: Inertia = Inertia {
    raise_after: 2,
    clear_after: 2,
};

/// So many starts of a user are remembered at most.
const MAX_STARTS: usize = 1_000;
