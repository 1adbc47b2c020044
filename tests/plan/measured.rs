//! What real sweeps call, against what was predicted.

use std::collections::BTreeMap;
use std::sync::Arc;

use sag_exporter::clock::Clock;
use sag_exporter::model::{AccountName, Action, Region, SweepOutcome};
use sag_exporter::pacing::Rate;
use sag_exporter::plan::{Habits, Inventory, Load, Pace, RegionInventory};
use sag_exporter::sim::{self, Cloud, Scenario};
use sag_exporter::sweep::{self, AccountOptions, Context, PageSize, SessionsMode, Sweeper};
use sag_exporter::telemetry::Telemetry;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::in_process::{client, cloud, noon, telemetry};
use crate::inputs::pace;

#[tokio::test(start_paused = true)]
async fn sweeps_call_exactly_what_was_predicted() {
    for sessions in [SessionsMode::Each, SessionsMode::Auto] {
        for (instances, users) in [
            (0, 0),
            (1, 0),
            (1, 50),
            (3, 49),
            (2, 120),
            (7, 100),
            (60, 3),
        ] {
            let mut watched = Watched::new(instances, users, sessions, None);
            let load = watched.load(0.0);
            // Lists and traffic are due in the sixth sweep again.
            for expected in [
                load.first,
                load.ordinary,
                load.ordinary,
                load.ordinary,
                load.ordinary,
                load.fullest,
                load.ordinary,
            ] {
                let before = watched.calls();
                watched.sweep().await;
                for (action, calls) in watched.calls() {
                    let made = calls - before[&action];
                    let told = format!("{sessions:?} {instances} x {users}: {}", action.as_str());
                    assert_eq!(made, expected.of(action), "{told}");
                }
            }
        }
    }
}

/// Nobody comes or goes, so the queries are those of the rotation: everybody
/// online once in ten sweeps, in an order of chance, so that single sweeps
/// differ.
#[tokio::test(start_paused = true)]
async fn queries_for_those_online_are_predicted_on_the_average() {
    let (users, online) = (400, 0.25);
    let mut watched = Watched::new(1, users, SessionsMode::Auto, None);
    watched.log_in(online);
    let load = watched.load(online);
    let queries = Action::DescribeUserOnlineClients;
    watched.sweep().await;
    let first = watched.calls()[&queries];
    assert_eq!(first, load.first.of(queries));
    for _ in 0..20 {
        watched.sweep().await;
    }
    let made = watched.calls()[&queries] - first;
    let predicted = 20.0 * load.ordinary.of(queries);
    assert!(
        (made - predicted).abs() <= 0.05 * predicted,
        "{made} of {predicted}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_sweep_takes_as_long_as_was_predicted() {
    for (instances, users, least) in [(1, 200, 0.95), (8, 60, 0.8)] {
        let rate = 20.0;
        let mut watched = Watched::new(instances, users, SessionsMode::Each, Some(rate));
        let began = Instant::now();
        watched.sweep().await;
        let took = began.elapsed().as_secs_f64();
        let pace = Pace {
            concurrency: watched.account.concurrency,
            ..pace(rate)
        };
        let predicted = pace.seconds(&watched.load(0.0).first);
        // Never longer; shorter where operations overlap.
        assert!(took <= predicted, "{took} of {predicted}");
        assert!(took >= predicted * least, "{took} of {predicted}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_demand_is_published_after_each_sweep() {
    // 120 users: 120 queries in a minute of 60 times the rate.
    for (rate, expected) in [(4.0, "0.5"), (1.0, "2")] {
        let mut watched = Watched::new(1, 120, SessionsMode::Each, Some(rate));
        let family = "sag_exporter_api_demand_ratio";
        assert!(!watched.exposition().contains(family));
        watched.sweep().await;
        let line = format!("{family}{{account=\"main\"}} {expected}\n");
        let text = watched.exposition();
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
}

/// A sweeper over a simulated cloud in which nothing happens.
struct Watched {
    cloud: Arc<Cloud>,
    sweeper: Sweeper<sag_exporter::sag::Client>,
    options: sweep::Options,
    account: AccountOptions,
    telemetry: Telemetry,
    news: mpsc::Receiver<sag_exporter::fleet::Observation>,
    next: Instant,
}

impl Watched {
    fn new(instances: usize, users: usize, sessions: SessionsMode, rate: Option<f64>) -> Self {
        let cloud = cloud(sim::Options {
            instances,
            users,
            scenario: Scenario::Quiet,
            ..sim::Options::default()
        });
        let options = sweep::Options {
            page_size: PageSize::new(50).expect("a size"),
            sessions,
            traffic_interval: sweep::Options::default().accounts_interval,
            ..sweep::Options::default()
        };
        let account = account(&cloud);
        let (observations, news) = mpsc::channel(10_000);
        let telemetry = telemetry();
        let context = Context {
            clock: Clock::anchored(noon()),
            telemetry: telemetry.clone(),
            observations,
            progress: Arc::new(()),
        };
        let client = client(&cloud, rate, telemetry.clone());
        let mut sweeper = Sweeper::new(options.clone(), account.clone(), client, context);
        if let Some(rate) = rate {
            sweeper = sweeper.within(Rate::new(rate).expect("a rate"));
        }
        Self {
            cloud,
            sweeper,
            options,
            account,
            telemetry,
            news,
            next: Instant::now(),
        }
    }

    /// One sweep at its time.
    async fn sweep(&mut self) {
        tokio::time::sleep_until(self.next).await;
        self.next += self.options.interval;
        let stop = CancellationToken::new();
        let outcome = self.sweeper.sweep_once(&stop).await;
        assert_eq!(outcome, Some(SweepOutcome::Complete));
        while self.news.try_recv().is_ok() {}
    }

    fn calls(&self) -> BTreeMap<Action, f64> {
        let calls = |action| {
            let calls = self.cloud.calls(action);
            assert_eq!((calls.throttled, calls.refused), (0, 0));
            (action, u32::try_from(calls.answered).unwrap().into())
        };
        Action::ALL.into_iter().map(calls).collect()
    }

    fn exposition(&self) -> String {
        String::from_utf8(self.telemetry.encode().unwrap()).unwrap()
    }

    /// This part of the users of each instance has a session from now on.
    fn log_in(&self, part: f64) {
        for instance in self.cloud.truth(noon()).instances {
            let online = (instance.users.len() as f64 * part).round();
            let users = instance.users.iter().zip(1_u32..);
            for (user, _) in users.take_while(|(_, place)| f64::from(*place) <= online) {
                let session = self.cloud.login(&instance.sag_id, &user.name, None);
                session.expect("a login");
            }
        }
    }

    fn load(&self, online: f64) -> Load {
        let habits = Habits {
            online,
            changes_per_minute: 0.0,
        };
        Load::of(
            &inventory(&self.cloud, &self.account),
            &self.options.schedule(habits),
        )
    }
}

fn account(cloud: &Cloud) -> AccountOptions {
    let mut regions: Vec<String> = cloud.instances().into_iter().map(|(_, at)| at).collect();
    regions.push("cn-shanghai".to_owned());
    regions.sort();
    regions.dedup();
    AccountOptions {
        name: AccountName::parse("main").expect("a name"),
        regions: regions
            .iter()
            .map(|name| Region::parse(name).expect("a region"))
            .collect(),
        instances: Vec::new(),
        concurrency: std::num::NonZeroU32::new(4).expect("not zero"),
    }
}

fn inventory(cloud: &Cloud, account: &AccountOptions) -> Inventory {
    let truth = cloud.truth(cloud.now());
    let in_region = |region: &Region| {
        let here = cloud
            .instances()
            .into_iter()
            .filter(|(_, at)| at == region.as_str());
        let users: Vec<u64> = here
            .map(|(id, _)| truth.instance(&id).expect("an instance").users.len() as u64)
            .collect();
        RegionInventory {
            gateways: users.len() as u64,
            users,
        }
    };
    Inventory {
        finds_regions: false,
        regions: account.regions.iter().map(in_region).collect(),
    }
}
