//! A sweeper over the fake cloud.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sag_exporter::clock::Clock;
use sag_exporter::fleet::{InstanceObservation, Observation};
use sag_exporter::model::{AccountName, Region, SagId, SweepOutcome};
use sag_exporter::sweep::{
    AccountOptions, Context, Options, PageSize, Progress, SessionsMode, Sweeper,
};
use sag_exporter::telemetry::{BuildInfo, Telemetry};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::fake::Fake;

/// A sweeper over a fake, and what it reports.
pub struct Rig {
    pub sweeper: Sweeper<Fake>,
    pub telemetry: Telemetry,
    pub news: mpsc::Receiver<Observation>,
}

impl Rig {
    pub fn new(fake: &Fake, account: AccountOptions) -> Self {
        Self::with(fake, account, options(), Arc::new(()))
    }

    pub fn with(
        fake: &Fake,
        account: AccountOptions,
        options: Options,
        progress: Arc<dyn Progress>,
    ) -> Self {
        let build = BuildInfo {
            version: "1",
            revision: "2",
            rustversion: "3",
        };
        let telemetry = Telemetry::new(build).expect("a registry");
        let (observations, news) = mpsc::channel(100_000);
        let context = Context {
            clock: Clock::anchored(start()),
            telemetry: telemetry.clone(),
            observations,
            progress,
        };
        let sweeper = Sweeper::new(options, account, fake.clone(), context);
        Self {
            sweeper,
            telemetry,
            news,
        }
    }

    /// Sweeps once; how it ended and what it reported.
    pub async fn sweep(&mut self) -> (SweepOutcome, Vec<Observation>) {
        let stop = CancellationToken::new();
        let outcome = self.sweeper.sweep_once(&stop).await.expect("a whole sweep");
        let mut news = Vec::new();
        while let Ok(observation) = self.news.try_recv() {
            news.push(observation);
        }
        (outcome, news)
    }

    /// Sweeps once; the report of this instance.
    pub async fn sweep_one(&mut self, sag_id: &str) -> InstanceObservation {
        let (_, news) = self.sweep().await;
        of_instance(&news, sag_id).expect("a report of the instance")
    }
}

pub fn of_instance(news: &[Observation], sag_id: &str) -> Option<InstanceObservation> {
    news.iter().find_map(|observation| match observation {
        Observation::Instance(seen) if seen.instance.sag_id.as_str() == sag_id => {
            Some(seen.as_ref().clone())
        }
        _ => None,
    })
}

/// One cloud account with everything discovered in cn-shanghai.
pub fn account() -> AccountOptions {
    AccountOptions {
        name: AccountName::parse("main").expect("a name"),
        regions: vec![region("cn-shanghai")],
        instances: Vec::new(),
        concurrency: NonZeroU32::new(4).expect("not zero"),
    }
}

pub fn account_with(regions: &[&str], instances: &[&str]) -> AccountOptions {
    AccountOptions {
        regions: regions.iter().map(|name| region(name)).collect(),
        instances: instances
            .iter()
            .map(|id| SagId::parse(id).expect("an id"))
            .collect(),
        ..account()
    }
}

pub fn options() -> Options {
    Options {
        interval: Duration::from_secs(60),
        accounts_interval: Duration::from_secs(300),
        page_size: PageSize::new(10).expect("a size"),
        traffic_interval: Duration::ZERO,
        sessions: SessionsMode::Each,
        ..Options::default()
    }
}

pub fn region(name: &str) -> Region {
    Region::parse(name).expect("a region")
}

pub fn start() -> Timestamp {
    Timestamp::from_second(1_700_000_000).expect("a time")
}
