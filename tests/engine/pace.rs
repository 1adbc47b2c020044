//! Quotas: how fast, how little throttled, and what happens when they change.

use std::sync::Arc;
use std::time::Duration;

use sag_exporter::model::SweepOutcome;
use sag_exporter::sim::Cloud;
use sag_exporter::sweep::{Options, SessionsMode};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::rig::{Engine, SESSIONS, USERS, all_calls, log_in_every, quiet, rate};

fn each() -> Options {
    Options {
        sessions: SessionsMode::Each,
        traffic_interval: Duration::ZERO,
        ..Options::default()
    }
}

/// Seconds that so many calls take at this rate.
fn seconds(calls: u64, per_second: f64) -> f64 {
    f64::from(u32::try_from(calls).expect("a small number")) / per_second
}

#[tokio::test(start_paused = true)]
async fn a_sweep_takes_as_long_as_the_quota_has_it_and_is_hardly_throttled() {
    let cloud = quiet(1_000);
    log_in_every(&cloud, 10);
    cloud.set_quota(None, 50.0);
    let mut engine = Engine::new(&cloud, each(), Some(50.0));
    let begun = Instant::now();
    assert_eq!(engine.sweep().await, SweepOutcome::Complete);
    let took = begun.elapsed().as_secs_f64();
    engine.agrees();
    // The list is read before the queries.
    let ideal = seconds(cloud.calls(USERS).answered, 50.0) + seconds(1_000, 50.0);
    assert!(took <= 1.02 * ideal, "{took} s, ideal {ideal} s");
    let (answered, throttled, _) = all_calls(&cloud);
    assert!(throttled * 200 <= answered, "{throttled} of {answered}");
}

/// Sweeps without a break until it is told to stop.
async fn sweep_on(engine: &mut Engine, stop: &CancellationToken) -> Vec<SweepOutcome> {
    let mut outcomes = Vec::new();
    while !stop.is_cancelled() {
        outcomes.push(engine.sweep().await);
        engine.agrees();
    }
    outcomes
}

#[tokio::test(start_paused = true)]
async fn the_rate_follows_a_quota_that_halves_and_recovers() {
    let cloud = quiet(150);
    log_in_every(&cloud, 10);
    cloud.set_quota(None, 20.0);
    let mut engine = Engine::new(&cloud, each(), Some(20.0));
    let (telemetry, stop) = (engine.telemetry.clone(), CancellationToken::new());
    let script = async {
        sleep(Duration::from_secs(60)).await;
        assert!(rate(&telemetry, SESSIONS) > 19.5);
        cloud.set_quota(None, 10.0);
        sleep(Duration::from_secs(120)).await;
        let halved = mean_rate(&cloud, Duration::from_secs(120)).await;
        assert!((6.0..=10.2).contains(&halved), "{halved}");
        assert!(rate(&telemetry, SESSIONS) < 14.0);
        cloud.set_quota(None, 20.0);
        sleep(Duration::from_secs(90)).await;
        assert!(rate(&telemetry, SESSIONS) > 19.5);
        let whole = mean_rate(&cloud, Duration::from_secs(60)).await;
        assert!((17.0..=20.2).contains(&whole), "{whole}");
        stop.cancel();
    };
    let (outcomes, ()) = tokio::join!(sweep_on(&mut engine, &stop), script);
    let all_complete = outcomes.iter().all(|o| *o == SweepOutcome::Complete);
    assert!(all_complete, "{outcomes:?}");
    let (answered, throttled, _) = all_calls(&cloud);
    assert!(throttled * 50 <= answered, "{throttled} of {answered}");
}

/// Queries a second that are carried out in that time.
async fn mean_rate(cloud: &Arc<Cloud>, time: Duration) -> f64 {
    let before = cloud.calls(SESSIONS).answered;
    sleep(time).await;
    let calls = cloud.calls(SESSIONS).answered - before;
    seconds(calls, time.as_secs_f64())
}

#[tokio::test(start_paused = true)]
async fn three_processes_share_a_quota_without_a_storm() {
    let cloud = quiet(100);
    log_in_every(&cloud, 10);
    cloud.set_quota(None, 15.0);
    let mut engines = [(); 3].map(|()| Engine::new(&cloud, each(), Some(15.0)));
    let stop = CancellationToken::new();
    let [one, two, three] = &mut engines;
    let minutes = 5;
    let clock = async {
        sleep(Duration::from_secs(60 * minutes)).await;
        stop.cancel();
    };
    let (one, two, three, ()) = tokio::join!(
        sweep_on(one, &stop),
        sweep_on(two, &stop),
        sweep_on(three, &stop),
        clock,
    );
    for outcomes in [one, two, three] {
        assert!(outcomes.len() >= 5, "{outcomes:?}");
        let all_complete = outcomes.iter().all(|o| *o == SweepOutcome::Complete);
        assert!(all_complete, "{outcomes:?}");
    }
    let calls = cloud.calls(SESSIONS);
    let used = seconds(calls.answered, 15.0) / 60.0 / 5.0;
    assert!(used > 0.6, "{calls:?}");
    assert!(calls.throttled * 20 <= calls.answered, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_too_short_starves_nobody() {
    // Every user would take 120 seconds; the interval is 30.
    let cloud = quiet(240);
    log_in_every(&cloud, 6);
    cloud.set_quota(None, 2.0);
    let options = Options {
        interval: Duration::from_secs(30),
        ..each()
    };
    let Engine {
        sweeper,
        mut news,
        mut fleet,
        ..
    } = Engine::new(&cloud, options, Some(2.0));
    let stop = CancellationToken::new();
    let run = sweeper.run(stop.clone());
    let watch = async {
        let (mut sweeps, mut oldest_seconds, mut online_seconds) = (0, 0, 0);
        while sweeps < 40 {
            fleet.apply(news.recv().await.expect("news"));
            sweeps += 1;
            let snapshot = fleet.snapshot();
            let Some(instance) = snapshot.instances().first() else {
                continue;
            };
            // The first rounds see everybody for the first time.
            if sweeps < 20 {
                continue;
            }
            let users = instance.users().expect("users");
            for row in 0..users.rows() {
                let seen = users.observed_seconds(row).expect("an observation");
                let age = instance.at().as_second() - i64::from(seen);
                oldest_seconds = oldest_seconds.max(age);
                assert!(users.is_observed(row));
            }
            for online in users.online(0..users.rows()) {
                let seen = users.observed_seconds(online.row).expect("an observation");
                online_seconds = online_seconds.max(instance.at().as_second() - i64::from(seen));
            }
            let totals = instance.totals();
            assert_eq!(totals.online_users, Some(40));
            assert!(totals.stale_users > Some(0));
            let oldest = totals.oldest_observation_seconds.expect("a time");
            assert!(oldest > 0);
        }
        stop.cancel();
        (oldest_seconds, online_seconds)
    };
    let ((), (oldest, online)) = tokio::join!(run, watch);
    // With 60 queries a sweep everybody has a turn in 2 × 240 / 60 sweeps, each
    // a little longer than the interval for its lists.
    assert!(oldest <= 8 * 45, "{oldest}");
    // Whoever is online is seen in every other sweep at the latest.
    assert!(online <= 2 * 45, "{online}");
}
