//! How often and how long a webhook is tried, in time that the test moves.

use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::{Request, Response};
use jiff::Timestamp;
use sag_exporter::clock::Clock;
use sag_exporter::delivery::{FLUSH, HookUrl, Outlet, SinkName, Webhook, WebhookSink};
use sag_exporter::events::{Kind, Kinds, Record};
use sag_exporter::openapi::transport::{Transport, TransportError};
use sag_exporter::telemetry::{BuildInfo, Telemetry};
use tempfile::NamedTempFile;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::place::KEY;

/// Answers with a status and a `Retry-After`, or never if the status is 0.
#[derive(Debug)]
struct Fake {
    status: u16,
    retry_after: &'static str,
    tried: Mutex<Vec<Instant>>,
}

impl Transport for Fake {
    fn send(&self, _: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        self.tried.lock().unwrap().push(Instant::now());
        Box::pin(async {
            if self.status == 0 {
                std::future::pending::<()>().await;
            }
            let answer = Response::builder().status(self.status);
            let answer = answer.header("retry-after", self.retry_after);
            Ok(answer.body(Bytes::new()).unwrap())
        })
    }
}

/// A webhook that runs.
struct Rig {
    fake: Arc<Fake>,
    outlet: Arc<Outlet>,
    telemetry: Telemetry,
    shutdown: CancellationToken,
    sink: JoinSet<()>,
    _key: NamedTempFile,
}

impl Rig {
    fn start(status: u16, retry_after: &'static str) -> Self {
        let mut key = NamedTempFile::new().unwrap();
        key.write_all(KEY.as_bytes()).unwrap();
        let build = BuildInfo {
            version: "",
            revision: "",
            rustversion: "",
        };
        let telemetry = Telemetry::new(build).unwrap();
        let fake = Arc::new(Fake {
            status,
            retry_after,
            tried: Mutex::default(),
        });
        let name = SinkName::parse("hook").unwrap();
        let hook = Webhook {
            name: name.clone(),
            url: HookUrl::parse("https://hooks.example.com/").unwrap(),
            secret_file: key.path().to_owned(),
            kinds: Kinds::ALL,
            timeout: Webhook::TIMEOUT,
        };
        let outlet = Arc::new(Outlet::new(name, telemetry.clone()));
        let shutdown = CancellationToken::new();
        let sink = WebhookSink::new(
            hook,
            Arc::clone(&outlet),
            Arc::clone(&fake) as Arc<dyn Transport>,
            Clock::anchored(Timestamp::UNIX_EPOCH),
            telemetry.clone(),
        );
        let mut running = JoinSet::new();
        running.spawn(sink.run(CancellationToken::new(), shutdown.clone()));
        Self {
            fake,
            outlet,
            telemetry,
            shutdown,
            sink: running,
            _key: key,
        }
    }

    fn push(&self, count: usize) {
        for number in 0..count {
            self.outlet.push(&Record {
                kind: Kind::SessionStarted,
                json: format!("{{\"id\":\"{number}\"}}").into(),
            });
        }
    }

    fn tried(&self) -> Vec<Instant> {
        self.fake.tried.lock().unwrap().clone()
    }

    /// The value of a series of the sink.
    fn value(&self, family: &str, label: &str) -> f64 {
        let text = String::from_utf8(self.telemetry.encode().unwrap()).unwrap();
        let mut lines = text.lines();
        let line = lines.find(|line| line.starts_with(family) && line.contains(label));
        let line = line.unwrap_or_else(|| panic!("no {family} {label} in {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    fn dropped(&self, reason: &str) -> f64 {
        let label = format!("reason=\"{reason}\"");
        self.value("sag_exporter_events_dropped_total{", &label)
    }

    /// Waits until so many events were lost for a reason.
    async fn lost(&self, reason: &str, count: f64) {
        while self.dropped(reason) < count {
            sleep(Duration::from_secs(1)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_receiver_is_tried_for_an_hour_and_ever_more_seldom() {
    let rig = Rig::start(503, "");
    let start = Instant::now();
    rig.push(3);
    rig.lost("expired", 3.0).await;
    let took = start.elapsed();
    let hours = |hours: f64| Duration::from_secs_f64(3600.0 * hours);
    assert!(hours(0.99) < took && took < hours(1.1), "{took:?}");
    let tried = rig.tried();
    assert!((12..=40).contains(&tried.len()), "{}", tried.len());
    let waits: Vec<Duration> = tried.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (wait, most) in waits.iter().zip([1, 2, 4, 8, 16, 32, 64, 128, 256]) {
        assert!(
            *wait <= Duration::from_millis(most * 1000 + 10),
            "{waits:?}"
        );
    }
    assert!(
        waits.iter().all(|wait| *wait <= Duration::from_secs(301)),
        "{waits:?}"
    );
    assert_eq!(rig.value("sag_exporter_events_queued{", ""), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_may_ask_for_time_but_not_for_ever() {
    for (retry_after, least, most) in [("7", 7, 8), ("86400", 600, 601), ("soon", 0, 1)] {
        let rig = Rig::start(429, retry_after);
        rig.push(1);
        while rig.tried().len() < 2 {
            sleep(Duration::from_millis(100)).await;
        }
        let wait = rig.tried()[1] - rig.tried()[0];
        let range = Duration::from_secs(least)..=Duration::from_millis(most * 1000 + 10);
        assert!(range.contains(&wait), "{retry_after}: {wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_asks_for_no_time_at_all_is_not_asked_for_ever() {
    let rig = Rig::start(503, "0");
    let start = Instant::now();
    rig.push(1);
    rig.lost("expired", 1.0).await;
    assert_eq!(rig.tried().len(), 40);
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_not_tried_again() {
    for status in [301, 400, 401, 403, 404, 410, 413, 422] {
        let rig = Rig::start(status, "");
        rig.push(2);
        rig.lost("rejected", 2.0).await;
        assert_eq!(rig.tried().len(), 1, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_loses_the_oldest_and_counts_them() {
    let rig = Rig::start(0, "");
    rig.push(10_300);
    assert_eq!(rig.dropped("queue_full"), 300.0);
    assert_eq!(rig.value("sag_exporter_events_queued{", ""), 10_000.0);
}

#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_a_receiver_that_hangs() {
    for status in [0, 503] {
        let mut rig = Rig::start(status, "600");
        rig.push(250);
        while rig.tried().is_empty() {
            sleep(Duration::from_millis(1)).await;
        }
        let asked = Instant::now();
        rig.outlet.close();
        rig.shutdown.cancel();
        rig.sink.join_next().await.unwrap().unwrap();
        assert!(
            asked.elapsed() <= FLUSH + Duration::from_millis(10),
            "{:?}",
            asked.elapsed()
        );
        assert_eq!(rig.dropped("shutdown"), 250.0);
        rig.push(1);
        assert_eq!(rig.dropped("shutdown"), 251.0, "who comes too late counts");
    }
}

#[tokio::test(start_paused = true)]
async fn everything_queued_is_told_before_the_end() {
    let mut rig = Rig::start(204, "");
    rig.push(250);
    rig.outlet.close();
    rig.sink.join_next().await.unwrap().unwrap();
    assert_eq!(rig.tried().len(), 3, "a hundred at a time");
    assert_eq!(
        rig.value("sag_exporter_event_deliveries_total{", "\"ok\""),
        3.0
    );
    assert_eq!(rig.dropped("shutdown"), 0.0);
}
