//! What is expected of the people of the demo, whose days are short.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::clock;
use crate::model::Kbps;
use crate::rules::{Entry, Limits, Options, Pattern, Policy};
use crate::sim::{Cloud, UserTruth};

/// Rules for a world whose day is so long.
///
/// The bandwidth is expected of those only who do not keep theirs; everybody
/// else may have what they were given.
pub(super) fn options(cloud: &Cloud, day: Duration) -> Options {
    let everybody = Limits {
        sessions: NonZeroU32::new(2),
        session_length: Some(day),
        bandwidth: None,
        dormant: Some(day * DORMANT_DAYS),
    };
    let now = cloud.now();
    let (one, other) = (cloud.truth(now), cloud.truth(clock::after(now, day / 2)));
    let users = one.instances.iter().flat_map(|instance| &instance.users);
    let later = other.instances.iter().flat_map(|instance| &instance.users);
    let mut entries: Vec<Entry> = users
        .zip(later)
        .filter_map(|pair| drifting(pair, everybody))
        .take(MOST_DRIFTING)
        .collect();
    entries.extend(entry("*", everybody));
    Options {
        // A handful of entries is never refused.
        policy: Policy::new(entries).unwrap_or_default(),
        flapping_window: day / 6,
        disconnect_hold: day / 20,
        ..Options::default()
    }
}

fn drifting((one, other): (&UserTruth, &UserTruth), everybody: Limits) -> Option<Entry> {
    let kbps = one.bandwidth_kbps.min(other.bandwidth_kbps);
    let limits = Limits {
        bandwidth: Some(Kbps(kbps)),
        ..everybody
    };
    let drifts = one.bandwidth_kbps != other.bandwidth_kbps;
    entry(&one.name, limits).filter(|_| drifts)
}

fn entry(users: &str, limits: Limits) -> Option<Entry> {
    Some(Entry {
        users: Pattern::parse(users).ok()?,
        sag_id: None,
        limits,
    })
}

/// Few people of the simulated world stay away so long by chance.
const DORMANT_DAYS: u32 = 4;

/// So many are enough to be seen.
const MOST_DRIFTING: usize = 500;
