//! Processes beside each other over one simulated cloud account, on sockets.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sag_exporter::app::{self, Once, Plan};
use sag_exporter::clock::Clock;
use sag_exporter::config::{self, Environment, Web};
use sag_exporter::model::{Action, SweepOutcome};
use sag_exporter::sim::{self, Cloud};
use sag_exporter::sweep::Shard;
use sag_exporter::telemetry::BuildInfo;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_cover_every_instance_once_within_the_quota() {
    for listed in [false, true] {
        let world = World::start(30, 12).await;
        world.cloud.set_quota(None, QUOTA);
        let begun = Instant::now();
        let swept = world.sweep(3, listed).await;
        let took = begun.elapsed();
        let mut covered = BTreeMap::new();
        for (index, once) in (0..).zip(&swept) {
            assert_eq!(once.outcome, SweepOutcome::Complete);
            let text = std::str::from_utf8(&once.text).unwrap();
            let shard = format!("sag_exporter_shard_info{{shard=\"{index}\",shards=\"3\"}} 1\n");
            assert!(text.contains(&shard), "{text}");
            let mine = instances(text);
            assert!(!mine.is_empty(), "process {index} has nothing to do");
            for id in mine {
                let other = covered.insert(id.clone(), index);
                assert_eq!(other, None, "{id} is covered by {index} too");
            }
        }
        let there: Vec<String> = world
            .cloud
            .instances()
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        assert_eq!(covered.into_keys().collect::<Vec<_>>(), sorted(there));

        let calls = world.cloud.calls(SESSIONS);
        assert_eq!(calls.answered, 360, "each user is asked for once");
        let throttled = f64::from(u32::try_from(calls.throttled).unwrap());
        // On a busy machine calls wait and then arrive together.
        assert!(throttled <= 0.05 * 360.0, "{calls:?}");
        let ideal = Duration::from_secs_f64(360.0 / QUOTA);
        assert!(
            took > ideal.mul_f64(0.9),
            "the quota was not in force: {took:?}"
        );
        world.stop().await;
    }
}

/// Without the division of the rate the quota would have been felt: the test
/// above proves something.
#[tokio::test(flavor = "multi_thread")]
async fn three_processes_that_do_not_know_of_each_other_are_throttled() {
    let world = World::start(6, 20).await;
    world.cloud.set_quota(None, QUOTA);
    let alone = || world.sweep(1, false);
    tokio::join!(alone(), alone(), alone());
    let calls = world.cloud.calls(SESSIONS);
    assert!(calls.throttled > 3, "{calls:?}");
    world.stop().await;
}

/// A simulated cloud on a socket.
struct World {
    cloud: Arc<Cloud>,
    address: std::net::SocketAddr,
    stop: CancellationToken,
    running: tokio::task::JoinSet<()>,
}

impl World {
    async fn start(instances: usize, users: usize) -> Self {
        let options = sim::Options {
            instances,
            users,
            ..sim::Options::default()
        };
        let cloud = Cloud::new(options, Clock::system()).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let mut running = tokio::task::JoinSet::new();
        running.spawn(sim::run(listener, Arc::clone(&cloud), stop.clone()));
        Self {
            cloud,
            address,
            stop,
            running,
        }
    }

    /// One sweep of each of so many processes, all at once; by the list of
    /// instances or by discovery.
    async fn sweep(&self, shards: u32, listed: bool) -> Vec<Once> {
        let processes = (0..shards).map(|index| {
            let shard = Shard::parse(&format!("{index}/{shards}")).unwrap();
            let swept = app::once(
                self.plan(shard, listed),
                Arc::new(()),
                CancellationToken::new(),
            );
            async move { swept.await.unwrap().unwrap() }
        });
        join_all(processes).await
    }

    fn plan(&self, shard: Shard, listed: bool) -> Plan {
        let there = self.cloud.instances();
        let mut regions: Vec<&str> = there.iter().map(|(_, region)| region.as_str()).collect();
        regions.sort_unstable();
        regions.dedup();
        let ids: Vec<&str> = there.iter().map(|(id, _)| id.as_str()).collect();
        let mut text = format!(
            "accounts:\n  - name: main\n    regions: [{}]\n    endpoint: http://{}\n    \
             rate: {QUOTA}\n    credentials: {{access_key_id: testid, access_key_secret: \
             testsecret}}\n",
            regions.join(", "),
            self.address
        );
        if listed {
            text.push_str(&format!("    instances: [{}]\n", ids.join(", ")));
        }
        text.push_str("sweep: {sessions: each}\n");
        let mut config = config::parse(text.as_bytes(), Path::new("shards.yml")).unwrap();
        config.sweep.shard = shard;
        Plan {
            pseudonyms: None,
            config,
            source: None,
            environment: Environment::default(),
            web: Web::default(),
            build: BuildInfo {
                version: "1",
                revision: "2",
                rustversion: "3",
            },
            clock: Clock::system(),
        }
    }

    async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.running.join_next().await {
            ended.unwrap();
        }
    }
}

/// The instances that an exposition is about.
fn instances(text: &str) -> Vec<String> {
    let of_line = |line: &str| {
        let tail = line.strip_prefix("sag_up{sag_id=\"")?;
        Some(tail.split_once('"')?.0.to_owned())
    };
    text.lines().filter_map(of_line).collect()
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_unstable();
    ids
}

/// Calls a second that the cloud grants each operation, and that the processes
/// are configured with.
const QUOTA: f64 = 120.0;

const SESSIONS: Action = Action::DescribeUserOnlineClients;
