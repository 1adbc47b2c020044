//! A day of the simulated world in a few seconds: at every moment what is
//! published is what was true within the stated bound.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use sag_exporter::fleet::{InstanceSnapshot, User};
use sag_exporter::model::Action;
use sag_exporter::sim::{self, Cloud, Effect, Rule, Scenario, Throttling, UserTruth};
use sag_exporter::sweep::Options;
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::in_process;
use crate::rig::{COUNTS, Engine, INTERVAL, SESSIONS, USERS};

#[test]
fn a_day_is_published_as_it_was() {
    let engine = || Engine::new(&world(7, 24), Options::default(), None);
    let seen =
        in_paused_time(async { watch(engine(), Duration::from_secs(24 * 3600), Vec::new()).await });
    assert!(seen.sweeps > 1400, "{seen:?}");
    assert!(seen.online_clients > 1440, "{seen:?}");
    assert_eq!(seen.users_unknown, 0, "{seen:?}");
}

#[derive(Debug, Default)]
struct Seen {
    sweeps: usize,
    online_clients: u64,
    users_unknown: usize,
}

/// Sweeps for some time, with faults in the middle half of it, and holds every
/// snapshot against the truth.
async fn watch(engine: Engine, time: Duration, faults: Vec<Rule>) -> Seen {
    let Engine {
        cloud,
        sweeper,
        mut news,
        mut fleet,
        ..
    } = engine;
    let stop = CancellationToken::new();
    let begun = Instant::now();
    let bounds = if faults.is_empty() { CALM } else { FAULTY };
    let script = async {
        sleep(time / 4).await;
        cloud.set_faults(faults);
        sleep(time / 2).await;
        cloud.set_faults(Vec::new());
        sleep(time / 4).await;
        stop.cancel();
    };
    let watch = async {
        let mut seen = Seen::default();
        while let Some(one) = news.recv().await {
            fleet.apply(one);
            seen.sweeps += 1;
            let snapshot = fleet.snapshot();
            for instance in snapshot.instances() {
                compare(instance, &cloud, bounds, &mut seen);
            }
        }
        // The faults ended long ago.
        assert!(begun.elapsed() >= time);
        for instance in fleet.snapshot().instances() {
            assert!(instance.is_up());
            assert_eq!(instance.totals().stale_users, Some(0));
        }
        seen
    };
    let (seen, (), ()) = tokio::join!(watch, sweeper.run(stop.clone()), script);
    seen
}

/// Every count is one that was true when the user was observed, and every start
/// is one that was true within the bound of the re-check.
fn compare(instance: &InstanceSnapshot, cloud: &Cloud, bounds: Bounds, seen: &mut Seen) {
    let Some(users) = instance.users() else {
        return;
    };
    seen.online_clients += instance.totals().online_clients.unwrap_or(0);
    for user in users.iter() {
        let Some(clients) = user.online_clients() else {
            seen.users_unknown += 1;
            continue;
        };
        let observed = users.observed_seconds(user.row()).expect("a time");
        let observed = Timestamp::from_second(i64::from(observed)).expect("a time");
        let was_so = |ago: u32, right: &dyn Fn(&UserTruth) -> bool| {
            let at = sag_exporter::clock::after(observed, Duration::ZERO) - INTERVAL / 4 * ago;
            let truth = cloud.user(instance.sag_id().as_str(), user.name(), at);
            truth.is_ok_and(|truth| right(&truth))
        };
        let counted = |truth: &UserTruth| truth.sessions.len() == clients as usize;
        let count_was_so = (0..=bounds.count).any(|ago| was_so(ago, &counted));
        assert!(count_was_so, "{} {clients} at {observed}", user.name());
        let known = starts_known(&user);
        if known.len() == clients as usize {
            let same = |truth: &UserTruth| {
                let starts = truth.sessions.iter().map(|session| session.started);
                starts.eq(known.iter().copied())
            };
            let start_was_so = (0..=bounds.starts).any(|ago| was_so(ago, &same));
            assert!(start_was_so, "{} {known:?} at {observed}", user.name());
        }
    }
}

fn starts_known(user: &User<'_>) -> Vec<Timestamp> {
    user.sessions()
        .filter_map(|session| session.started)
        .collect()
}

/// How old the truth may be that is shown, in quarters of an interval before
/// the observation.
#[derive(Clone, Copy)]
struct Bounds {
    count: u32,
    starts: u32,
}

/// A sweep takes no time at all; sessions are read in every tenth.
const CALM: Bounds = Bounds {
    count: 0,
    starts: 40,
};

/// With faults a sweep waits for the pauses between its calls.
const FAULTY: Bounds = Bounds {
    count: 12,
    starts: 60,
};

fn world(seed: u64, users: usize) -> std::sync::Arc<Cloud> {
    in_process::cloud(sim::Options {
        seed,
        instances: 1,
        users,
        scenario: Scenario::Steady,
        ..sim::Options::default()
    })
}

fn in_paused_time<T>(future: impl Future<Output = T>) -> T {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(future)
}

fn fault() -> impl Strategy<Value = Rule> {
    let effect = prop_oneof![
        Just(Effect::BadGateway),
        Just(Effect::Drop),
        Just(Effect::DropReply),
        (0..200_usize).prop_map(Effect::Truncate),
        (1..20_u64).prop_map(|s| Effect::Latency(Duration::from_secs(s))),
        Just(Effect::Denied("NoPermission".to_owned())),
        Just(Effect::MissingOperation("InvalidApi.NotFound".to_owned())),
        (0..5_000_u64)
            .prop_map(|ms| { Effect::Throttle(Throttling::default(), Duration::from_millis(ms)) }),
        (-1..=1_i64).prop_map(Effect::TotalOff),
    ];
    let action = prop::option::of(prop::sample::select(vec![
        USERS,
        SESSIONS,
        COUNTS,
        Action::DescribeSmartAccessGateways,
    ]));
    (effect, action, 0.02..1.0_f64).prop_map(|(effect, action, chance)| {
        let rule = Rule::new(effect).chance(chance);
        action.into_iter().fold(rule, Rule::on)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, ..ProptestConfig::default() })]

    #[test]
    fn no_fault_makes_it_lie(
        seed in 0..1000_u64, faults in prop::collection::vec(fault(), 1..4)
    ) {
        in_paused_time(async {
            let engine = Engine::new(&world(seed, 30), Options::default(), None);
            watch(engine, Duration::from_secs(2 * 3600), faults).await;
        });
    }
}
