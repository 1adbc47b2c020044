//! The loop: when sweeps start, how many calls are under way, how it ends.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sag_exporter::clock::between;
use sag_exporter::fleet::Observation;
use sag_exporter::model::{AccountName, SagId, SweepOutcome};
use sag_exporter::pacing::phase;
use sag_exporter::sweep::{AccountOptions, Progress};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::fake::{Call, Fake};
use crate::rig::{Rig, account, options, start};

const INTERVAL: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn no_more_calls_are_under_way_than_allowed() {
    for (instances, concurrency) in [(1, 1), (1, 4), (3, 1), (3, 4), (20, 7)] {
        let fake = Fake::new();
        for n in 0..instances {
            fake.add(&format!("sag-{n:02}"), "cn-shanghai", 30);
        }
        let account = AccountOptions {
            concurrency: NonZeroU32::new(concurrency).expect("not zero"),
            ..account()
        };
        let (outcome, _) = Rig::new(&fake, account).sweep().await;
        assert_eq!(outcome, SweepOutcome::Complete);
        // All of them are used, too.
        assert_eq!(
            fake.world().most_under_way,
            concurrency as usize,
            "{instances}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_sweep_starts_at_once_and_the_others_at_the_phase() {
    let fake = Fake::with_users("sag-a", 3);
    let starts = starts_of_sweeps(&fake, 5).await;
    assert_eq!(starts[0], Duration::ZERO);
    assert!(
        starts[1] >= INTERVAL / 2 && starts[1] < INTERVAL * 3 / 2,
        "{starts:?}"
    );
    let since_epoch = start().as_duration().unsigned_abs() + starts[1];
    let into = since_epoch.as_nanos() % INTERVAL.as_nanos();
    let off = into.abs_diff(phase("main", INTERVAL).as_nanos());
    // The timer of the runtime counts in milliseconds.
    assert!(off <= 1_000_000, "{off} ns");
    for pair in starts[1..].windows(2) {
        let apart = (pair[1] - pair[0]).abs_diff(INTERVAL);
        assert!(apart <= Duration::from_millis(1), "{starts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_outlasts_the_interval_makes_the_next_one_late() {
    let fake = Fake::with_users("sag-a", 9);
    // Discovery, one page, and two rounds of four users; then the interval is
    // over, and the ninth user is put off.
    fake.world().latency = Duration::from_secs(30);
    let starts = starts_of_sweeps(&fake, 6).await;
    assert_eq!(starts[1], Duration::from_secs(120), "{starts:?}");
    for pair in starts.windows(2) {
        // A minute for the queries alone, so sweeps follow each other and never
        // overlap.
        assert!(pair[1] - pair[0] >= INTERVAL, "{starts:?}");
        assert!(pair[1] - pair[0] <= 2 * INTERVAL, "{starts:?}");
    }
    assert!(fake.world().most_under_way <= 4);
}

#[tokio::test(start_paused = true)]
async fn lists_are_read_at_their_own_interval() {
    let fake = Fake::with_users("sag-a", 3);
    starts_of_sweeps(&fake, 12).await;
    let lists = fake.count(|call| matches!(call, Call::Users { .. }));
    let queries = fake.count(|call| matches!(call, Call::Sessions { .. }));
    assert_eq!((lists, queries), (3, 36));
}

#[tokio::test(start_paused = true)]
async fn it_stops_in_the_middle_of_a_call() {
    let fake = Fake::with_users("sag-a", 500);
    fake.world().latency = Duration::from_secs(5);
    let Rig {
        sweeper, mut news, ..
    } = Rig::new(&fake, account());
    let stop = CancellationToken::new();
    let begun = Instant::now();
    let stopping = async {
        tokio::time::sleep(Duration::from_secs(62)).await;
        stop.cancel();
    };
    tokio::join!(sweeper.run(stop.clone()), stopping);
    assert_eq!(begun.elapsed(), Duration::from_secs(62));
    assert_eq!(fake.world().under_way, 0);
    assert!(news.recv().await.is_none(), "nothing half-done is reported");
}

#[tokio::test(start_paused = true)]
async fn it_may_run_on_any_thread() {
    fn sendable<F: Future + Send>(future: F) -> F {
        future
    }
    let stop = CancellationToken::new();
    stop.cancel();
    let Rig { sweeper, .. } = Rig::new(&Fake::new(), account());
    sendable(sweeper.run(stop)).await;
}

#[tokio::test(start_paused = true)]
async fn it_stops_when_nobody_listens() {
    let fake = Fake::with_users("sag-a", 3);
    let Rig { sweeper, news, .. } = Rig::new(&fake, account());
    drop(news);
    sweeper.run(CancellationToken::new()).await;
    assert_eq!(fake.count(|call| matches!(call, Call::Gateways { .. })), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_sweep_tells_no_outcome_and_starts_afresh() {
    let fake = Fake::with_users("sag-a", 3);
    let mut rig = Rig::new(&fake, account());
    let stop = CancellationToken::new();
    stop.cancel();
    assert_eq!(rig.sweeper.sweep_once(&stop).await, None);
    let (outcome, news) = rig.sweep().await;
    assert_eq!((outcome, news.len()), (SweepOutcome::Complete, 2));
}

#[tokio::test(start_paused = true)]
async fn a_sweep_is_counted_and_reported_with_its_end() {
    let fake = Fake::with_users("sag-a", 3);
    let mut rig = Rig::new(&fake, account());
    let (_, news) = rig.sweep().await;
    let Some(Observation::SweepEnded {
        account,
        outcome,
        at,
    }) = news.last()
    else {
        panic!("{news:?}");
    };
    assert_eq!(
        (account.as_str(), *outcome),
        ("main", SweepOutcome::Complete)
    );
    // Discovery, one page, three queries at once.
    assert_eq!(between(start(), *at), Duration::from_millis(300));
    let text = String::from_utf8(rig.telemetry.encode().expect("metrics")).expect("text");
    for line in [
        r#"sag_exporter_sweeps_total{account="main",outcome="complete"} 1"#,
        r#"sag_exporter_sweep_duration_seconds{account="main"} 0.3"#,
        "sag_exporter_sweep_interval_seconds 60",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_step_by_step() {
    let fake = Fake::with_users("sag-a", 2);
    let log = Arc::new(Log::default());
    Rig::with(&fake, account(), options(), log.clone())
        .sweep()
        .await;
    let log = log.0.lock().expect("the log");
    let expected = [
        "started",
        "1 instances",
        "2 users",
        "user",
        "user",
        "instance",
        "ended",
    ];
    assert_eq!(*log, expected);
}

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().expect("the log").push(line.into());
    }
}

impl Progress for Log {
    fn sweep_started(&self, _: &AccountName) {
        self.add("started");
    }

    fn instances_found(&self, _: &AccountName, instances: usize) {
        self.add(format!("{instances} instances"));
    }

    fn users_found(&self, _: &AccountName, _: &SagId, users: usize) {
        self.add(format!("{users} users"));
    }

    fn user_done(&self, _: &AccountName, _: &SagId) {
        self.add("user");
    }

    fn instance_done(&self, _: &AccountName, _: &SagId) {
        self.add("instance");
    }

    fn sweep_ended(&self, _: &AccountName) {
        self.add("ended");
    }
}

/// Runs the loop for a number of sweeps; when each of them started.
async fn starts_of_sweeps(fake: &Fake, sweeps: usize) -> Vec<Duration> {
    let begun = Instant::now();
    let starts = Arc::new(Starts::default());
    let rig = Rig::with(fake, account(), options(), starts.clone());
    let Rig {
        sweeper, mut news, ..
    } = rig;
    let stop = CancellationToken::new();
    let counting = async {
        let mut ended = 0;
        while let Some(observation) = news.recv().await {
            ended += usize::from(matches!(observation, Observation::SweepEnded { .. }));
            if ended == sweeps {
                stop.cancel();
            }
        }
    };
    tokio::join!(sweeper.run(stop.clone()), counting);
    let starts = starts.0.lock().expect("the starts");
    // One more may have started before it was told to stop.
    assert!(starts.len() >= sweeps);
    let starts = starts.iter().take(sweeps);
    starts.map(|start| *start - begun).collect()
}

#[derive(Default)]
struct Starts(Mutex<Vec<Instant>>);

impl Progress for Starts {
    fn sweep_started(&self, _: &AccountName) {
        self.0.lock().expect("the starts").push(Instant::now());
    }
}
