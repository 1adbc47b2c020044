//! What to change when the demand is above the budget.

use std::num::NonZeroU32;
use std::time::Duration;

use sag_exporter::pacing::Rate;
use sag_exporter::plan::{Advice, Budget, Inventory, Pace, Schedule, Sessions, Verdict, advice};

use crate::inputs::{AUTO, inventory, pace, schedule};

#[test]
fn nothing_to_change_where_all_is_well() {
    assert_eq!(
        advice(&inventory(&[2_000]), &schedule(AUTO), &pace(5.0)),
        []
    );
}

#[test]
fn bulk_comes_first_then_patience_then_quota() {
    let found = advice(&inventory(&[2_000]), &schedule(Sessions::Each), &pace(5.0));
    let expected = [
        Advice::UseBulk {
            demand_ratio: 40.0 / 300.0,
            fullest_seconds: 21.0,
        },
        Advice::RaiseInterval(Duration::from_secs(409)),
        // 2,042 calls in 60 seconds.
        Advice::RaiseRate(Rate::new(35.0).unwrap()),
    ];
    assert_eq!(found, expected);
}

#[test]
fn longer_lists_are_advised_where_they_are_enough() {
    let hasty = Schedule {
        accounts_interval: Duration::from_secs(60),
        ..schedule(Sessions::Each)
    };
    // 280 queries, 6 pages of users and 1 of instances fit, 40 instances with 7
    // users each do not: 40 lists and one more in every sweep.
    let few = inventory(&[7; 40]);
    let found = advice(&few, &hasty, &pace(5.0));
    let longer = Advice::RaiseAccountsInterval(Duration::from_secs(240));
    assert!(found.contains(&longer), "{found:?}");
    let hasty = Schedule {
        accounts_interval: Duration::from_secs(240),
        ..hasty
    };
    let then = Budget::of(&few, &hasty, &pace(5.0)).verdict;
    assert_eq!(then, Verdict::Tight);
}

#[test]
fn slow_calls_are_made_up_for_by_more_at_once() {
    let slow = Pace {
        rate: Rate::new(50.0).unwrap(),
        concurrency: NonZeroU32::new(4).unwrap(),
        latency: Duration::from_millis(250),
    };
    let found = advice(&inventory(&[2_000]), &schedule(Sessions::Each), &slow);
    // 35 calls a second of a quarter second each.
    let more = Advice::RaiseConcurrency(NonZeroU32::new(9).unwrap());
    assert!(found.contains(&more), "{found:?}");
    let quota = |advice: &Advice| matches!(advice, Advice::RaiseRate(_));
    assert!(!found.iter().any(quota), "{found:?}");
}

#[test]
fn every_change_is_enough_by_itself() {
    let everything = inventory(&[2_000; 20]);
    for sessions in [Sessions::Each, AUTO] {
        let (schedule, pace) = (schedule(sessions), pace(2.0));
        let changes = advice(&everything, &schedule, &pace);
        let mut tried = 0;
        for change in changes {
            let Some(then) = carried_out(change, &everything, schedule, pace) else {
                continue;
            };
            tried += 1;
            assert_eq!(then.verdict, Verdict::Fits, "{sessions:?}: {change:?}");
        }
        assert!(tried >= 2, "{sessions:?}: only {tried} to try");
    }
}

/// What it costs after the change; `None` for a change that does not claim to
/// be enough.
fn carried_out(
    change: Advice,
    inventory: &Inventory,
    schedule: Schedule,
    pace: Pace,
) -> Option<Budget> {
    let (schedule, pace) = match change {
        Advice::RaiseInterval(interval) => (
            Schedule {
                interval,
                ..schedule
            },
            pace,
        ),
        Advice::RaiseRate(rate) => (schedule, Pace { rate, ..pace }),
        _ => return None,
    };
    Some(Budget::of(inventory, &schedule, &pace))
}

#[test]
fn many_series_are_for_several_processes() {
    // 40,000 users of 6.2 series are 248,000.
    let found = advice(&inventory(&[2_000; 20]), &schedule(AUTO), &pace(1_000.0));
    assert_eq!(found, [Advice::Shards(NonZeroU32::new(2).unwrap())]);
    // An instance is never divided.
    let found = advice(&inventory(&[40_000]), &schedule(AUTO), &pace(1_000.0));
    assert_eq!(found, []);
}
