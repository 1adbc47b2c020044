//! What the calls cost in time.

use std::num::NonZeroU32;
use std::time::Duration;

use super::calls::Calls;
use super::load::{Inventory, Load, Schedule};
use crate::pacing::Rate;

/// How fast calls can be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Calls per second that each operation may make.
    pub rate: Rate,
    /// How many calls may be under way at once.
    pub concurrency: NonZeroU32,
    /// How long a call takes.
    pub latency: Duration,
}

impl Pace {
    /// Calls per second: as many as the rate allows, or as many as can be under
    /// way while each takes its time.
    pub fn calls_per_second(&self) -> f64 {
        let by_latency = f64::from(self.concurrency.get()) / self.latency.as_secs_f64();
        self.rate.per_second().min(by_latency)
    }

    /// How long the calls take, one operation after the other. Operations of
    /// different instances overlap, each at a rate of its own, so with many
    /// instances a sweep is faster.
    pub fn seconds(&self, calls: &Calls) -> f64 {
        calls.total() / self.calls_per_second()
    }
}

/// What the sweeps of a cloud account cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// The calls.
    pub load: Load,
    /// How long the first sweep takes.
    pub first_seconds: f64,
    /// How long a sweep takes in which nothing but the sessions is due.
    pub ordinary_seconds: f64,
    /// How long a sweep takes in which everything is due.
    pub fullest_seconds: f64,
    /// Calls needed in an interval over calls that the rate allows in it.
    pub demand_ratio: f64,
    /// The shortest interval in which every sweep but the first is done before
    /// the next one starts; `None` if it is longer than a day.
    pub shortest_interval: Option<Duration>,
    /// Calls in 30 days.
    pub calls_a_month: f64,
    /// Whether it can be done.
    pub verdict: Verdict,
}

/// Whether the calls that are wanted can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every sweep is done before the next one starts.
    Fits,
    /// On the average they can, but the sweep in which everything is due runs
    /// into the next one.
    Tight,
    /// They cannot.
    Above,
}

impl Budget {
    /// What it costs to sweep the inventory.
    pub fn of(inventory: &Inventory, schedule: &Schedule, pace: &Pace) -> Self {
        let load = Load::of(inventory, schedule);
        let demand_ratio = demand_ratio(&load.mean, pace.rate, schedule.interval);
        let mean_seconds = pace.seconds(&load.mean);
        let fullest_seconds = pace.seconds(&load.fullest);
        let interval_seconds = schedule.interval.as_secs_f64();
        // A sweep that takes longer than its interval delays the next one.
        let between_seconds = interval_seconds.max(mean_seconds);
        Self {
            load,
            first_seconds: pace.seconds(&load.first),
            ordinary_seconds: pace.seconds(&load.ordinary),
            fullest_seconds,
            demand_ratio,
            shortest_interval: shortest_interval(inventory, schedule, pace),
            calls_a_month: load.mean.total() * MONTH_SECONDS / between_seconds,
            verdict: if demand_ratio > 1.0 || mean_seconds > interval_seconds {
                Verdict::Above
            } else if fullest_seconds > interval_seconds {
                Verdict::Tight
            } else {
                Verdict::Fits
            },
        }
    }
}

/// Calls needed in an interval over calls that the rate allows in it. Each
/// operation has the rate to itself, so the one with the most calls counts.
pub fn demand_ratio(calls: &Calls, rate: Rate, interval: Duration) -> f64 {
    calls.most() / (rate.per_second() * interval.as_secs_f64())
}

/// The shortest interval of whole seconds in which a sweep can be done even if
/// everything is due; `None` if it is longer than a day.
pub fn shortest_interval(
    inventory: &Inventory,
    schedule: &Schedule,
    pace: &Pace,
) -> Option<Duration> {
    // In a longer interval more sessions change, so a longer sweep asks for a
    // longer interval again. Going up from the bottom, the first interval that
    // is long enough is the shortest.
    let mut interval = SECOND;
    while interval <= DAY {
        let schedule = Schedule {
            interval,
            ..*schedule
        };
        let seconds = pace.seconds(&Load::of(inventory, &schedule).fullest);
        let needed = Duration::try_from_secs_f64(seconds.ceil()).ok()?;
        if needed <= interval {
            return Some(interval);
        }
        interval = needed;
    }
    None
}

const SECOND: Duration = Duration::from_secs(1);

/// No interval of the configuration is longer.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const MONTH_SECONDS: f64 = 30.0 * 24.0 * 60.0 * 60.0;
