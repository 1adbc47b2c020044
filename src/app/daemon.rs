//! The object graph of the daemon, and its life from start to drain.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cloud::{self, ClientError, Ground};
use super::publisher::Publisher;
use super::tasks::{TaskError, Tasks};
use crate::clock::Clock;
use crate::config::{Account, Config, Environment};
use crate::fleet::{self, Fleet};
use crate::httpd::{self, Limits};
use crate::openapi::transport;
use crate::sag;
use crate::sweep::{Context, Sweeper};
use crate::telemetry::{BuildInfo, Telemetry};
use crate::web::{self, Lifecycle, Published, Router, TelemetryPath};

/// Everything that a daemon is built from.
#[derive(Debug)]
pub struct Plan {
    /// What the operator chose.
    pub config: Config,
    /// The environment of the process, for credentials.
    pub environment: Environment,
    /// Where the metrics are.
    pub telemetry_path: TelemetryPath,
    /// What runs.
    pub build: BuildInfo,
    /// Tells the time.
    pub clock: Clock,
}

/// A daemon that is ready to run.
#[derive(Debug)]
pub struct Daemon {
    sweepers: Vec<Sweeper<sag::Client>>,
    publisher: Publisher,
    router: Router,
    telemetry: Telemetry,
    lifecycle: Lifecycle,
}

/// A daemon cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The HTTP client cannot be set up.
    #[error(transparent)]
    Transport(#[from] transport::SetupError),
    /// A cloud account cannot be called.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A metric is declared wrongly, which a test rules out.
    #[error("the metrics cannot be registered")]
    Telemetry(#[from] prometheus::Error),
}

impl Daemon {
    /// Connects the parts. Nothing is called, bound or started yet.
    ///
    /// # Errors
    ///
    /// If the configuration cannot be carried out: a credential that is not
    /// there, a proxy that is no URL.
    pub fn build(plan: Plan) -> Result<Self, SetupError> {
        let telemetry = Telemetry::new(plan.build)?;
        telemetry.config_loaded(plan.clock.now());
        let (observations, received) = mpsc::channel(QUEUED_OBSERVATIONS);
        let ground = Ground {
            transport: cloud::transport()?,
            clock: plan.clock,
            telemetry: telemetry.clone(),
        };
        let context = Context {
            clock: plan.clock,
            telemetry: telemetry.clone(),
            observations,
            progress: Arc::new(()),
        };
        let sweepers = sweepers(&plan.config, &plan.environment, &ground, &context)?;
        let published = Arc::new(ArcSwap::from_pointee(Published::nothing()));
        let lifecycle = Lifecycle::new();
        let options = web::Options {
            telemetry_path: plan.telemetry_path,
            build: plan.build,
        };
        Ok(Self {
            sweepers,
            publisher: Publisher {
                observations: received,
                fleet: Fleet::new(fleet::Options {
                    retain: plan.config.sweep.retain,
                }),
                options: plan.config.exposition,
                published: Arc::clone(&published),
                telemetry: telemetry.clone(),
            },
            router: Router::new(options, published, telemetry.clone(), lifecycle.clone()),
            telemetry,
            lifecycle,
        })
    }

    /// Serves and sweeps until `shutdown`, then drains.
    ///
    /// # Errors
    ///
    /// If a task fails, panics, ends by itself or does not end in time.
    pub async fn run(
        self,
        listeners: Vec<TcpListener>,
        shutdown: CancellationToken,
    ) -> Result<(), TaskError> {
        let lifecycle = self.lifecycle.clone();
        let serving = CancellationToken::new();
        let sweeping = CancellationToken::new();
        let mut tasks = self.start(listeners, &serving, &sweeping);
        let ended = shutdown.run_until_cancelled(tasks.first_end()).await;
        if ended.is_some() {
            lifecycle.task_died();
        }
        lifecycle.drain();
        serving.cancel();
        sweeping.cancel();
        let drained = tasks.join(Instant::now() + DRAIN).await;
        ended.map_or(drained, Err)
    }

    fn start(
        self,
        listeners: Vec<TcpListener>,
        serving: &CancellationToken,
        sweeping: &CancellationToken,
    ) -> Tasks {
        let mut tasks = Tasks::new();
        let limits = Limits::default();
        let served = httpd::serve(
            listeners,
            self.router,
            limits,
            self.telemetry,
            serving.clone(),
        );
        tasks.spawn(
            "http",
            async move { served.await.map(drop).map_err(Into::into) },
        );
        let publisher = self.publisher.run();
        tasks.spawn(
            "publisher",
            async move { publisher.await.map_err(Into::into) },
        );
        for sweeper in self.sweepers {
            let name = format!("sweep of account {}", sweeper.account());
            let swept = sweeper.run(sweeping.clone());
            tasks.spawn(name, async move {
                swept.await;
                Ok(())
            });
        }
        tasks
    }
}

pub(super) fn sweepers(
    config: &Config,
    environment: &Environment,
    ground: &Ground,
    context: &Context,
) -> Result<Vec<Sweeper<sag::Client>>, SetupError> {
    let sweeper = |account: &Account| {
        let client = cloud::client(account, environment, ground)?;
        let options = account.sweep.clone();
        Ok(Sweeper::new(
            config.sweep.clone(),
            options,
            client,
            context.clone(),
        ))
    };
    config.accounts.iter().map(sweeper).collect()
}

/// Reports of instances that wait for the publisher. While it is full, sweeps
/// wait: a sweep that nobody can show is of no use.
pub(super) const QUEUED_OBSERVATIONS: usize = 64;

/// Longer than the drain of the HTTP server, which cuts what is left.
const DRAIN: Duration = Duration::from_secs(15);
