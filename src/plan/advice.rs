//! What to change when the calls cannot be made, or the series are too many.

use std::num::NonZeroU32;
use std::time::Duration;

use super::budget::{Budget, Pace, Verdict};
use super::load::{Inventory, Load, Schedule, Sessions};
use crate::pacing::Rate;

/// One change, which is enough by itself unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Advice {
    /// Read the sessions through counts in bulk.
    UseBulk {
        /// The demand then.
        demand_ratio: f64,
        /// How long the sweep then takes in which everything is due.
        fullest_seconds: f64,
    },
    /// Sweep less often.
    RaiseInterval(Duration),
    /// List instances and users less often. The sweep in which they are listed
    /// still takes as long.
    RaiseAccountsInterval(Duration),
    /// Ask the cloud for a higher quota, and configure this rate.
    RaiseRate(Rate),
    /// Make this many calls at once, since they take longer than the rate; with
    /// a higher rate if that is advised too.
    RaiseConcurrency(NonZeroU32),
    /// Share the instances among so many processes, each with a Prometheus that
    /// can take its part of the series. It does not help against a quota, which
    /// they share too.
    Shards(NonZeroU32),
}

/// What to change, the cheapest first; nothing if all is well.
pub fn advice(inventory: &Inventory, schedule: &Schedule, pace: &Pace) -> Vec<Advice> {
    let budget = Budget::of(inventory, schedule, pace);
    let mut advice = Vec::new();
    if budget.verdict != Verdict::Fits {
        advice.extend(use_bulk(inventory, schedule, pace, &budget));
        advice.extend(budget.shortest_interval.map(Advice::RaiseInterval));
        if budget.verdict == Verdict::Above {
            advice.extend(raise_accounts_interval(inventory, schedule, pace));
        }
        advice.extend(go_faster(&budget, schedule.interval, pace));
    }
    advice.extend(shards(inventory, schedule));
    advice
}

fn use_bulk(
    inventory: &Inventory,
    schedule: &Schedule,
    pace: &Pace,
    now: &Budget,
) -> Option<Advice> {
    if schedule.sessions != Sessions::Each {
        return None;
    }
    let bulk = Schedule {
        sessions: Sessions::Auto {
            recheck_sweeps: RECHECK_SWEEPS,
        },
        ..*schedule
    };
    let then = Budget::of(inventory, &bulk, pace);
    (then.fullest_seconds < now.fullest_seconds).then_some(Advice::UseBulk {
        demand_ratio: then.demand_ratio,
        fullest_seconds: then.fullest_seconds,
    })
}

/// Only where it is enough for the average, and where the lists weigh.
fn raise_accounts_interval(
    inventory: &Inventory,
    schedule: &Schedule,
    pace: &Pace,
) -> Option<Advice> {
    let mut longer = *schedule;
    loop {
        longer.accounts_interval = longer.accounts_interval.max(SECOND).saturating_mul(2);
        if longer.accounts_interval > LONGEST_ACCOUNTS_INTERVAL {
            return None;
        }
        let mean = Load::of(inventory, &longer).mean;
        if pace.seconds(&mean) <= schedule.interval.as_secs_f64() {
            return Some(Advice::RaiseAccountsInterval(longer.accounts_interval));
        }
    }
}

fn go_faster(budget: &Budget, interval: Duration, pace: &Pace) -> Vec<Advice> {
    let needed = (budget.load.fullest.total() / interval.as_secs_f64()).ceil();
    let mut advice = Vec::new();
    if needed > pace.rate.per_second() {
        // A rate that does not exist helps nobody.
        let Ok(rate) = Rate::new(needed) else {
            return advice;
        };
        advice.push(Advice::RaiseRate(rate));
    }
    let at_once = (needed * pace.latency.as_secs_f64()).ceil();
    if at_once > f64::from(pace.concurrency.get()) {
        advice.extend(whole(at_once).map(Advice::RaiseConcurrency));
    }
    advice
}

/// As many processes as keep the series of users of each below the limit.
fn shards(inventory: &Inventory, schedule: &Schedule) -> Option<Advice> {
    let processes = (inventory.user_series(schedule) / SERIES_LIMIT).ceil();
    let most = inventory.instances();
    let processes = whole(processes)?;
    // An instance is never divided.
    let useful = usize::try_from(processes.get()).is_ok_and(|count| count <= most);
    (processes.get() > 1 && useful).then_some(Advice::Shards(processes))
}

impl Inventory {
    /// How many series the users have: six each, two more while it is online,
    /// two more with traffic.
    pub fn user_series(&self, schedule: &Schedule) -> f64 {
        let traffic = match schedule.traffic_interval {
            Duration::ZERO => 0.0,
            _ => 2.0,
        };
        let each = 6.0 + 2.0 * schedule.habits.online + traffic;
        self.users() as f64 * each
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked"
)]
fn whole(number: f64) -> Option<NonZeroU32> {
    let fits = (1.0..=f64::from(u32::MAX)).contains(&number);
    fits.then_some(number as u32).and_then(NonZeroU32::new)
}

/// What a sweep in mode `auto` does.
const RECHECK_SWEEPS: u32 = 10;

const SECOND: Duration = Duration::from_secs(1);

/// No interval of the lists is longer in the configuration.
const LONGEST_ACCOUNTS_INTERVAL: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The default of `limits.user_series`.
const SERIES_LIMIT: f64 = 200_000.0;
