//! Rules about an instance as a whole.

use std::time::Duration;

use jiff::Timestamp;

use super::options::Options;
use super::sessions::ONCE;
use super::track::{Hit, Inertia, Reason, Tracks, Turns};
use super::view::View;
use crate::clock;
use crate::fleet::{Change, InstanceSnapshot};
use crate::model::Collector;

/// At least half of the sessions, and not just a few, ended between two complete
/// observations that are not far apart.
pub(super) fn mass_disconnect(
    view: &View<'_>,
    options: &Options,
    until: &mut Option<Timestamp>,
    tracks: &mut Tracks,
) -> Turns {
    let at = view.at();
    let lost = lost(view);
    let longest = clock::after(at, options.disconnect_hold);
    // What lies further ahead was noted by a clock that was wrong, or under
    // another option.
    *until = match lost {
        Some(_) => Some(longest),
        None => until.map(|until| until.min(longest)),
    };
    let hits: Vec<Hit> = lost.into_iter().map(|why| Hit { row: 0, why }).collect();
    let is_over = until.is_none_or(|until| at >= until);
    tracks.see(&hits, |_| is_over, at, ONCE)
}

fn lost(view: &View<'_>) -> Option<Reason> {
    let previous = before(view)?;
    if !view.completed(Collector::Sessions) {
        return None;
    }
    let before = previous.totals().online_clients?;
    let changes = view.snapshot.ledger().changes();
    let ended: u64 = changes.iter().map(|change| change.ended).sum();
    let most = ended >= LEAST_LOST && ended.saturating_mul(2) >= before;
    most.then_some(Reason::Lost { ended, before })
}

/// Sessions that start in the future, or that start anew long before their user
/// was last seen offline. Two sweeps that show it are enough; three that show
/// the contrary end it.
pub(super) fn clock_skew(view: &View<'_>, tracks: &mut Tracks) -> Turns {
    if !view.ran(Collector::Sessions) {
        return Turns::default();
    }
    let skew = ahead(view).or_else(|| behind(view));
    let hits: Vec<Hit> = skew.into_iter().map(|why| Hit { row: 0, why }).collect();
    // A start that fits is evidence; that nothing started is not.
    let fits = || new_starts(view).next().is_some();
    let is_miss = |_| before(view).is_some() && fits();
    tracks.see(&hits, is_miss, view.at(), EVIDENCE)
}

fn ahead(view: &View<'_>) -> Option<Reason> {
    let newest = view
        .online()
        .filter_map(|online| online.newest_start_seconds());
    let newest = Timestamp::from_second(i64::from(newest.max()?)).ok()?;
    let skew = clock::between(view.at(), newest);
    (skew > MOST_AHEAD).then_some(Reason::CloudAhead {
        seconds: skew.as_secs(),
    })
}

fn behind(view: &View<'_>) -> Option<Reason> {
    let seen_offline = before(view)?.at();
    let oldest = new_starts(view).min()?;
    let skew = clock::between(oldest, seen_offline);
    (skew > MOST_BEHIND).then_some(Reason::CloudBehind {
        seconds: skew.as_secs(),
    })
}

/// The starts of the sessions of users that were offline in the sweep before.
/// The session of a user who was online then may only have changed its address.
fn new_starts(view: &View<'_>) -> impl Iterator<Item = Timestamp> {
    let was_offline = |change: &&Change| {
        let previous = view.previous.and_then(InstanceSnapshot::users);
        let user = previous.and_then(|users| users.find(&change.user));
        user.is_some_and(|user| {
            user.sweeps_since_observed() == Some(0) && user.online_clients() == Some(0)
        })
    };
    let changes = view.snapshot.ledger().changes().iter();
    let sessions = changes
        .filter(|change| change.started > 0)
        .filter(was_offline)
        .flat_map(|change| &change.started_sessions);
    sessions.filter_map(|session| session.started)
}

/// The state before, if it was observed completely and not long ago.
fn before<'a>(view: &View<'a>) -> Option<&'a InstanceSnapshot> {
    let previous = view.previous?;
    let sessions = previous.collector(Collector::Sessions);
    let observed = sessions
        .last_success
        .filter(|_| sessions.success == Some(true))?;
    (clock::between(observed, view.at()) <= LONGEST_STEP).then_some(previous)
}

/// Fewer may leave at once for lunch.
const LEAST_LOST: u64 = 10;

/// In a longer time half of the sessions may end by themselves.
const LONGEST_STEP: Duration = Duration::from_secs(15 * 60);

/// Nothing but a wrong clock puts a start into the future, and networks and
/// sweeps are not so slow.
const MOST_AHEAD: Duration = Duration::from_secs(2 * 60);

/// A cloud may take its time to show a new session.
const MOST_BEHIND: Duration = Duration::from_secs(5 * 60);

const EVIDENCE: Inertia = Inertia {
    raise_after: 2,
    clear_after: 3,
};
