//! The arithmetic against figures that were computed by hand.

use std::num::NonZeroU32;
use std::time::Duration;

use sag_exporter::model::Action;
use sag_exporter::pacing::Rate;
use sag_exporter::plan::{
    Budget, Calls, Inventory, Load, Pace, RegionInventory, Schedule, Sessions, Verdict,
    demand_ratio,
};

use crate::inputs::{AUTO, inventory, pace, schedule};

/// The calls as (instances, users, counts, cross-checks, queries, traffic).
fn figures(calls: &Calls) -> [f64; 6] {
    [
        Action::DescribeSmartAccessGateways,
        Action::DescribeSmartAccessGatewayClientUsers,
        Action::DescribeUserOnlineClientStatistics,
        Action::DescribeSagOnlineClientStatistics,
        Action::DescribeUserOnlineClients,
        Action::DescribeUserFlowStatistics,
    ]
    .map(|action| (calls.of(action) * 1e6).round() / 1e6)
}

#[test]
fn one_query_a_user() {
    let load = Load::of(&inventory(&[2_000]), &schedule(Sessions::Each));
    // 2,000 users are 40 full pages, and the page after a full one; twice when
    // the list is new.
    assert_eq!(figures(&load.first), [1.0, 82.0, 0.0, 0.0, 2_000.0, 0.0]);
    assert_eq!(figures(&load.ordinary), [0.0, 0.0, 0.0, 0.0, 2_000.0, 0.0]);
    assert_eq!(figures(&load.fullest), [1.0, 41.0, 0.0, 0.0, 2_000.0, 0.0]);
    // Listed in every fifth sweep.
    assert_eq!(figures(&load.mean), [0.2, 8.2, 0.0, 0.0, 2_000.0, 0.0]);
}

#[test]
fn counts_in_bulk() {
    let schedule = Schedule {
        traffic_interval: Duration::from_secs(900),
        ..schedule(AUTO)
    };
    let load = Load::of(&inventory(&[2_000]), &schedule);
    // 200 are online: 2 of them change in a minute, 20 have their turn.
    assert_eq!(figures(&load.ordinary), [0.0, 0.0, 40.0, 1.0, 22.0, 0.0]);
    assert_eq!(figures(&load.first), [1.0, 82.0, 40.0, 1.0, 200.0, 40.0]);
    assert_eq!(figures(&load.fullest), [1.0, 41.0, 40.0, 1.0, 22.0, 40.0]);
    let mean = [0.2, 8.2, 40.0, 1.0, 22.0, 2.666_667];
    assert_eq!(figures(&load.mean), mean);
    // A twentieth of one query a user.
    assert!(load.mean.total() <= 2_000.0 / 20.0, "{:?}", load.mean);
}

#[test]
fn pages_end_where_the_sweep_sees_their_end() {
    for (users, first, again) in [
        (0, 1.0, 1.0),
        (1, 1.0, 1.0),
        (49, 1.0, 1.0),
        (50, 2.0, 2.0),
        (51, 4.0, 2.0),
        (99, 4.0, 2.0),
        (100, 6.0, 3.0),
    ] {
        let load = Load::of(&inventory(&[users]), &schedule(Sessions::Each));
        let list = Action::DescribeSmartAccessGatewayClientUsers;
        assert_eq!(
            [load.first.of(list), load.fullest.of(list)],
            [first, again],
            "{users}"
        );
    }
}

#[test]
fn what_is_listed_is_not_always_swept() {
    // Two regions: 120 gateways of which one is ours, and an empty one.
    let regions = vec![
        RegionInventory {
            gateways: 120,
            users: vec![30],
        },
        RegionInventory::default(),
    ];
    let load = Load::of(
        &Inventory {
            finds_regions: false,
            regions,
        },
        &schedule(AUTO),
    );
    // 3 pages and 1; the long list twice when it is new.
    assert_eq!(figures(&load.first), [7.0, 1.0, 1.0, 1.0, 3.0, 0.0]);
    assert_eq!(figures(&load.fullest), [4.0, 1.0, 1.0, 1.0, 0.33, 0.0]);
}

#[test]
fn lists_are_read_in_the_sweep_nearest_to_their_time() {
    for (interval, every, sweeps) in [
        (60, 300, 5.0),
        (60, 60, 1.0),
        (60, 90, 1.0),
        (60, 91, 2.0),
        (60, 149, 2.0),
        (60, 151, 3.0),
        (300, 60, 1.0),
        (7, 3600, 514.0),
    ] {
        let schedule = Schedule {
            interval: Duration::from_secs(interval),
            accounts_interval: Duration::from_secs(every),
            ..schedule(Sessions::Each)
        };
        let load = Load::of(&inventory(&[10]), &schedule);
        let mean = load.mean.of(Action::DescribeSmartAccessGatewayClientUsers);
        assert!((1.0 / mean - sweeps).abs() < 1e-9, "{interval} {every}");
    }
}

#[test]
fn the_budget_of_one_query_a_user() {
    let budget = Budget::of(&inventory(&[2_000]), &schedule(Sessions::Each), &pace(5.0));
    close(budget.ordinary_seconds, 400.0);
    close(budget.fullest_seconds, 2_042.0 / 5.0);
    close(budget.first_seconds, 2_083.0 / 5.0);
    close(budget.demand_ratio, 2_000.0 / 300.0);
    assert_eq!(budget.shortest_interval, Some(Duration::from_secs(409)));
    assert_eq!(budget.verdict, Verdict::Above);
    // Sweeps follow each other without a pause: 5 calls a second.
    close(budget.calls_a_month, 5.0 * 30.0 * 86_400.0);
}

#[test]
fn the_budget_of_counts_in_bulk() {
    let budget = Budget::of(&inventory(&[2_000]), &schedule(AUTO), &pace(5.0));
    close(budget.ordinary_seconds, 63.0 / 5.0);
    close(budget.fullest_seconds, 105.0 / 5.0);
    // The counts are the most calls of one operation.
    close(budget.demand_ratio, 40.0 / 300.0);
    // In 21 seconds 0.7 users change instead of 2.
    assert_eq!(budget.shortest_interval, Some(Duration::from_secs(21)));
    assert_eq!(budget.verdict, Verdict::Fits);
    close(budget.calls_a_month, 71.4 * 43_200.0);
}

#[test]
fn a_sweep_that_only_lists_make_too_long_is_tight() {
    let schedule = schedule(Sessions::Each);
    let budget = |users| Budget::of(&inventory(&[users]), &schedule, &pace(5.0));
    assert_eq!(budget(290).verdict, Verdict::Fits);
    // 295 + 1 + 6 calls are more than 300, and 295 + 1.4 are not.
    assert_eq!(budget(295).verdict, Verdict::Tight);
    assert_eq!(budget(300).verdict, Verdict::Above);
}

#[test]
fn slow_calls_bound_the_pace() {
    let pace = Pace {
        rate: Rate::new(100.0).unwrap(),
        concurrency: NonZeroU32::new(4).unwrap(),
        latency: Duration::from_millis(100),
    };
    close(pace.calls_per_second(), 40.0);
    let budget = Budget::of(&inventory(&[2_000]), &schedule(Sessions::Each), &pace);
    close(budget.ordinary_seconds, 50.0);
    // The demand is on the rate.
    close(budget.demand_ratio, 2_000.0 / 6_000.0);
}

#[test]
fn an_interval_beyond_a_day_is_none() {
    // Ten times as many calls as there are seconds in a day.
    let budget = Budget::of(
        &inventory(&[864_000]),
        &schedule(Sessions::Each),
        &pace(1.0),
    );
    assert_eq!(budget.shortest_interval, None);
    // More sessions change than can be asked for, however long the interval is.
    let mut restless = schedule(AUTO);
    restless.habits.online = 1.0;
    restless.habits.changes_per_minute = 1.0;
    let budget = Budget::of(&inventory(&[2_000; 500]), &restless, &pace(5.0));
    assert_eq!(budget.shortest_interval, None);
}

#[test]
fn nothing_to_sweep_costs_nothing_but_looking() {
    let budget = Budget::of(&Inventory::default(), &schedule(AUTO), &pace(5.0));
    assert_eq!(figures(&budget.load.fullest), [0.0; 6]);
    assert_eq!(budget.verdict, Verdict::Fits);
    assert_eq!(budget.shortest_interval, Some(Duration::from_secs(1)));
}

#[test]
fn demand_is_that_of_the_busiest_operation() {
    let rate = Rate::new(5.0).unwrap();
    let calls = Calls::default()
        .with(Action::DescribeUserOnlineClients, 600.0)
        .with(Action::DescribeSmartAccessGateways, 200.0);
    close(demand_ratio(&calls, rate, Duration::from_secs(60)), 2.0);
}

fn close(found: f64, expected: f64) {
    let off = (found - expected).abs();
    assert!(off <= 1e-9 * expected.abs(), "{found} is not {expected}");
}
