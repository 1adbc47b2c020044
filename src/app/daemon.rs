//! The object graph of the daemon, and its life from start to drain.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::accounts::Accounts;
use super::cloud::{Access, ClientError, Ground};
use super::gate::{self, Gate};
use super::keeper::Keeper;
use super::life::{self, Life};
use super::publisher::{Keepsakes, Publisher};
use super::reload::{self, Reloader, Reloads};
use super::sinks::{Sinks, Wanted};
use super::standing;
use super::tasks::{TaskError, TaskResult, Tasks};
use super::watch::Watch;
use crate::clock::Clock;
use crate::config::{Account, Config, Environment, Errors, Source, StateFile, Web};
use crate::delivery::Outlets;
use crate::fleet::{self, Pseudonyms};
use crate::httpd::systemd::Manager;
use crate::httpd::{self, Limits};
use crate::openapi::transport;
use crate::sweep::{self, Context};
use crate::telemetry::{BuildInfo, Telemetry};
use crate::web::{self, Lifecycle, Published, Reload, Router, Standing, UnderWay};

/// Everything that a daemon is built from.
#[derive(Debug)]
pub struct Plan {
    /// What the operator chose.
    pub config: Config,
    /// The pseudonyms of the users, if they are published under pseudonyms.
    pub pseudonyms: Option<Pseudonyms>,
    /// Where the configuration comes from anew at a reload; `None` for one that
    /// is built in.
    pub source: Option<Source>,
    /// The environment of the process, for credentials.
    pub environment: Environment,
    /// How the pages are served.
    pub web: Web,
    /// What runs.
    pub build: BuildInfo,
    /// Tells the time.
    pub clock: Clock,
}

/// A daemon that is ready to run.
#[derive(Debug)]
pub struct Daemon {
    accounts: Accounts,
    beginning: (sweep::Options, Vec<(Account, Access)>),
    reloader: Reloader,
    reloads: Reloads,
    /// Nothing if there is no configuration to read anew.
    hangups: Option<Signal>,
    publisher: Publisher,
    sinks: (Sinks, Wanted),
    gate: Gate,
    router: Router,
    telemetry: Telemetry,
    lifecycle: Lifecycle,
    state: Option<State>,
}

/// Where the state is kept, and what it takes to read it.
#[derive(Debug)]
struct State {
    place: StateFile,
    pseudonyms: Option<Pseudonyms>,
    clock: Clock,
}

/// What the daemon meets the world with.
#[derive(Debug)]
pub struct Outside {
    /// Where it serves.
    pub listeners: Vec<TcpListener>,
    /// Who is told how it fares.
    pub manager: Manager,
}

/// A daemon cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The HTTP client cannot be set up.
    #[error(transparent)]
    Transport(#[from] transport::SetupError),
    /// The system does not let signals be handled.
    #[error("signals cannot be handled")]
    Signals(#[source] io::Error),
    /// A cloud account cannot be called.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The web configuration is wrong.
    #[error(transparent)]
    Web(#[from] Errors),
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
        let (changes, changed) = mpsc::channel(1);
        let ground = Ground::new(plan.environment, plan.clock, telemetry.clone())?;
        let under_way = UnderWay::new();
        let context = Context {
            clock: plan.clock,
            telemetry: telemetry.clone(),
            observations,
            progress: Arc::new(under_way.clone()),
        };
        let config = plan.config;
        let standing = Standing::new();
        standing.loaded(standing::shown(&config), plan.clock.now());
        let accounts = accesses(&config, &ground)?;
        let kept = fleet::Options {
            retain: config.sweep.retain,
        };
        let wanted = Wanted::of(&config, plan.pseudonyms.as_ref());
        let (told, sinks) = Sinks::new(ground.transport(), plan.clock, telemetry.clone());
        let state = config.state.map(|place| State {
            place,
            pseudonyms: plan.pseudonyms.clone(),
            clock: plan.clock,
        });
        let state_file = state.as_ref().map(|state| state.place.file.clone());
        let watch = Watch::new(kept, plan.pseudonyms, config.rules.clone());
        let publisher = Publisher {
            observations: received,
            changes: changed,
            watch,
            outlets: Outlets::none(telemetry.clone()),
            options: config.exposition,
            published: Arc::new(ArcSwap::from_pointee(Published::nothing())),
            telemetry: telemetry.clone(),
            keepsakes: None,
        };
        let gate = gate(plan.web.config_file, &telemetry, plan.clock)?;
        let lifecycle = Lifecycle::new();
        let options = web::Options {
            telemetry_path: plan.web.telemetry_path,
            build: plan.build,
        };
        // Before anyone is told that the program runs, and may want a reload.
        let hangups = plan.source.as_ref().map(|_| reload::hangups());
        let hangups = hangups.transpose().map_err(SetupError::Signals)?;
        let (reloader, reloads) =
            Reloads::new(plan.source, plan.clock, telemetry.clone(), standing.clone());
        let over_http: Option<Arc<dyn Reload>> = match plan.web.enable_lifecycle {
            true => Some(Arc::new(reloader.clone())),
            false => None,
        };
        let published = Arc::clone(&publisher.published);
        let router = Router::new(options, published, telemetry.clone(), lifecycle.clone())
            .with_progress(under_way)
            .with_standing(standing, plan.clock);
        Ok(Self {
            accounts: Accounts::new(ground, context, changes, sinks, state_file),
            beginning: (config.sweep, accounts),
            reloader,
            reloads,
            hangups,
            publisher,
            sinks: (told, wanted),
            gate,
            router: router.with_reload(over_http),
            telemetry,
            lifecycle,
            state,
        })
    }

    /// Whether the pages are served over TLS.
    pub fn is_secure(&self) -> bool {
        self.gate.is_secure()
    }

    /// Serves and sweeps until `shutdown`, then drains.
    ///
    /// # Errors
    ///
    /// If a task fails, panics, ends by itself or does not end in time.
    pub async fn run(
        mut self,
        outside: Outside,
        shutdown: CancellationToken,
    ) -> Result<(), TaskError> {
        let mut life = Life {
            tasks: Tasks::new(),
            manager: Arc::new(outside.manager),
            lifecycle: self.lifecycle.clone(),
            serving: CancellationToken::new(),
            sweeping: CancellationToken::new(),
        };
        self.open_state(&mut life.tasks).await?;
        self.start(outside.listeners, &mut life);
        life.go_on(shutdown).await
    }

    /// Takes in what an earlier run left, before anything is learned, and starts
    /// the task that keeps it.
    async fn open_state(&mut self, tasks: &mut Tasks) -> Result<(), TaskError> {
        let Some(State {
            place,
            pseudonyms,
            clock,
        }) = self.state.take()
        else {
            return Ok(());
        };
        let interval = place.interval;
        let opened = Keeper::open(place, pseudonyms, clock, self.telemetry.clone()).await;
        let (keeper, legacy) = opened.map_err(|source| TaskError::Panicked {
            name: KEEPER.to_owned(),
            source,
        })?;
        self.publisher.watch.recall(legacy);
        let (sender, keepsakes) = watch::channel(None);
        self.publisher.keepsakes = Some(Keepsakes { sender, interval });
        tasks.spawn(KEEPER, keeper.run(keepsakes));
        Ok(())
    }

    fn start(self, listeners: Vec<TcpListener>, life: &mut Life) {
        let (tasks, sweeping) = (&mut life.tasks, &life.sweeping);
        let limits = Limits::default();
        let served = httpd::serve(
            self.gate.entrance(listeners),
            self.gate.guard(self.router),
            limits,
            self.telemetry,
            life.serving.clone(),
        );
        let served = async move { served.await.map(drop).map_err(Into::into) };
        tasks.spawn(life::PAGES, served);
        tasks.spawn("web configuration", follow(self.gate, sweeping.clone()));
        let (mut sinks, wanted) = self.sinks;
        let mut publisher = self.publisher;
        publisher.outlets = sinks.start(wanted);
        tasks.spawn("event sinks", sinks.run(sweeping.clone()));
        let publisher = publisher.run();
        tasks.spawn(
            "publisher",
            async move { publisher.await.map_err(Into::into) },
        );
        if let Some(hangups) = self.hangups {
            let reloads = reload::at_hangup(hangups, self.reloader, sweeping.clone());
            tasks.spawn("reload at SIGHUP", reloads);
        }
        let mut accounts = self.accounts;
        let (options, beginning) = self.beginning;
        accounts.start(options, beginning);
        let manager = Arc::clone(&life.manager);
        let swept = self.reloads.run(accounts, manager, sweeping.clone());
        tasks.spawn("cloud accounts", swept);
        let manager = Arc::clone(&life.manager);
        let alive = keep_alive(manager, self.lifecycle, sweeping.clone());
        tasks.spawn("watchdog", alive);
    }
}

fn gate(file: Option<PathBuf>, telemetry: &Telemetry, clock: Clock) -> Result<Gate, Errors> {
    match file {
        Some(file) => Gate::configured(file, telemetry.clone(), clock),
        None => Ok(Gate::open_to_all(telemetry.clone(), clock)),
    }
}

/// Follows the web configuration. Without one there is nothing to do until the
/// end.
async fn follow(gate: Gate, shutdown: CancellationToken) -> TaskResult {
    gate.follow(gate::PERIOD, shutdown.clone()).await;
    shutdown.cancelled().await;
    Ok(())
}

/// Tells the service manager that the program works, if it wants to know.
async fn keep_alive(
    manager: Arc<Manager>,
    lifecycle: Lifecycle,
    shutdown: CancellationToken,
) -> TaskResult {
    let is_alive = || lifecycle.is_healthy();
    manager.keep_alive(is_alive, shutdown.clone()).await;
    shutdown.cancelled().await;
    Ok(())
}

/// How each cloud account is called.
pub(super) fn accesses(
    config: &Config,
    ground: &Ground,
) -> Result<Vec<(Account, Access)>, ClientError> {
    let access =
        |account: &Account| Ok((account.clone(), ground.access(account, config.sweep.shard)?));
    config.accounts.iter().map(access).collect()
}

/// The task that keeps the state.
const KEEPER: &str = "state";

/// Reports of instances that wait for the publisher. While it is full, sweeps
/// wait: a sweep that nobody can show is of no use.
pub(super) const QUEUED_OBSERVATIONS: usize = 64;
