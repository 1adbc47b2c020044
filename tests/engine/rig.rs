//! A sweeper over the simulated cloud, and a fleet that folds what it reports.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use sag_exporter::clock::Clock;
use sag_exporter::fleet::{self, Fleet, InstanceSnapshot, Observation};
use sag_exporter::model::{AccountName, Action, Region, SweepOutcome};
use sag_exporter::sag;
use sag_exporter::sim::{self, Cloud, InstanceTruth, Scenario};
use sag_exporter::sweep::{AccountOptions, Context, Options, Sweeper};
use sag_exporter::telemetry::Telemetry;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::in_process::{self, client, telemetry};

pub const USERS: Action = Action::DescribeSmartAccessGatewayClientUsers;
pub const SESSIONS: Action = Action::DescribeUserOnlineClients;
pub const COUNTS: Action = Action::DescribeUserOnlineClientStatistics;
pub const TOTALS: Action = Action::DescribeSagOnlineClientStatistics;
pub const TRAFFIC: Action = Action::DescribeUserFlowStatistics;

pub const INTERVAL: Duration = Duration::from_secs(60);

pub struct Engine {
    pub cloud: Arc<Cloud>,
    pub sweeper: Sweeper<sag::Client>,
    pub news: mpsc::Receiver<Observation>,
    pub fleet: Fleet,
    pub telemetry: Telemetry,
}

impl Engine {
    /// In all regions that the cloud has, whatever they are.
    pub fn everywhere(cloud: &Arc<Cloud>) -> Self {
        let telemetry = telemetry();
        let client = client(cloud, None, telemetry.clone());
        let account = AccountOptions {
            regions: Vec::new(),
            ..account(cloud)
        };
        Self::of(account, cloud, client, Options::default(), telemetry)
    }

    /// Under paused time, without a socket.
    pub fn new(cloud: &Arc<Cloud>, options: Options, rate: Option<f64>) -> Self {
        let telemetry = telemetry();
        let client = client(cloud, rate, telemetry.clone());
        Self::over(cloud, client, options, telemetry)
    }

    pub fn over(
        cloud: &Arc<Cloud>,
        client: sag::Client,
        options: Options,
        telemetry: Telemetry,
    ) -> Self {
        Self::of(account(cloud), cloud, client, options, telemetry)
    }

    fn of(
        account: AccountOptions,
        cloud: &Arc<Cloud>,
        client: sag::Client,
        options: Options,
        telemetry: Telemetry,
    ) -> Self {
        let (observations, news) = mpsc::channel(10_000);
        let context = Context {
            clock: Clock::anchored(cloud.now()),
            telemetry: telemetry.clone(),
            observations,
            progress: Arc::new(()),
        };
        let retain = options.retain;
        Self {
            cloud: Arc::clone(cloud),
            sweeper: Sweeper::new(options, account, client, context),
            news,
            fleet: Fleet::new(fleet::Options { retain }),
            telemetry,
        }
    }

    /// Sweeps once and folds what was seen.
    pub async fn sweep(&mut self) -> SweepOutcome {
        let outcome = self.sweeper.sweep_once(&CancellationToken::new()).await;
        while let Ok(news) = self.news.try_recv() {
            self.fleet.apply(news);
        }
        outcome.expect("a whole sweep")
    }

    /// The only instance.
    pub fn instance(&self) -> Arc<InstanceSnapshot> {
        Arc::clone(&self.fleet.snapshot().instances()[0])
    }

    /// Whether every user is shown as it is now.
    pub fn agrees(&self) {
        let truth = self.cloud.truth(self.cloud.now()).instances.remove(0);
        let instance = self.instance();
        let users = instance.users().expect("users");
        assert_eq!(users.iter().count(), truth.users.len());
        for user in users.iter() {
            let true_user = truth.user(user.name()).expect("a true user");
            let clients = u32::try_from(true_user.sessions.len()).ok();
            assert_eq!(user.online_clients(), clients, "{}", user.name());
        }
        assert_eq!(instance.totals().stale_users, Some(0));
    }
}

/// The value of a sample of the exporter's own metrics.
pub fn sample(telemetry: &Telemetry, series: &str) -> Option<f64> {
    let text = telemetry.encode().expect("a text");
    let text = String::from_utf8(text).expect("a text");
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(series))?;
    value.trim().parse().ok()
}

/// The rate that the metric of an operation shows.
pub fn rate(telemetry: &Telemetry, action: Action) -> f64 {
    let name = action.as_str();
    let series = format!(r#"sag_exporter_api_rate_limit{{account="main",action="{name}"}}"#);
    sample(telemetry, &series).expect("a rate")
}

/// A world with one instance in which nobody logs in by habit.
pub fn quiet(users: usize) -> Arc<Cloud> {
    in_process::cloud(sim::Options {
        instances: 1,
        users,
        scenario: Scenario::Quiet,
        ..sim::Options::default()
    })
}

pub fn truth(cloud: &Cloud) -> InstanceTruth {
    cloud.truth(cloud.now()).instances.remove(0)
}

/// Logs every n-th user in.
pub fn log_in_every(cloud: &Cloud, nth: usize) {
    let truth = truth(cloud);
    for user in truth.users.iter().step_by(nth) {
        let login = cloud.login(&truth.sag_id, &user.name, None);
        login.expect("a login");
    }
}

/// Calls of this operation that were carried out.
pub fn answered(cloud: &Cloud, action: Action) -> u64 {
    cloud.calls(action).answered
}

/// Calls of all operations, however they ended: carried out, throttled and
/// refused.
pub fn all_calls(cloud: &Cloud) -> (u64, u64, u64) {
    let calls = Action::ALL.map(|action| cloud.calls(action));
    let sum = |of: fn(&sim::Calls) -> u64| calls.iter().map(of).sum();
    (
        sum(|c| c.answered),
        sum(|c| c.throttled),
        sum(|c| c.refused),
    )
}

fn account(cloud: &Cloud) -> AccountOptions {
    let mut regions: Vec<Region> = cloud
        .instances()
        .iter()
        .map(|(_, region)| Region::parse(region).expect("a region"))
        .collect();
    regions.dedup();
    AccountOptions {
        name: AccountName::parse("main").expect("a name"),
        regions,
        instances: Vec::new(),
        concurrency: NonZeroU32::new(4).expect("not zero"),
    }
}
