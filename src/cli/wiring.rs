//! The one place where commands start what `app` builds.

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::exit::Failure;
use super::progress::Terminal;
use super::{demo, once, plan, serve, simulate};
use crate::app::{self, Daemon, Demo, Known, Once, Outside, Plan, Survey, Users};
use crate::clock::Clock;
use crate::config::Web;
use crate::doctor::Report;
use crate::fleet::Pseudonyms;
use crate::httpd::systemd::{self, Manager};
use crate::httpd::{self, Sign};
use crate::sim::{self, Cloud};
use crate::sweep::Progress;

/// Runs a command to its end. What still blocks a thread then (a password
/// being checked, a name being resolved) is not waited for.
pub(super) fn block_on<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = runtime()?;
    let result = runtime.block_on(command);
    runtime.shutdown_background();
    result
}

/// What connects the daemon to the outside before anything runs.
pub(super) struct Front {
    handed_over: Option<Vec<std::net::TcpListener>>,
    manager: Manager,
}

impl Front {
    /// Takes the sockets of systemd if they are wanted. Call it while there is
    /// one thread: it changes the environment.
    pub(super) fn new(web: &Web, manager: &systemd::Environment) -> Result<Self, Failure> {
        let handed_over = match web.listen.is_empty() {
            true => Some(systemd::listeners().map_err(Failure::setup)?),
            false => None,
        };
        let manager = Manager::new(manager).map_err(Failure::setup)?;
        Ok(Self {
            handed_over,
            manager,
        })
    }

    async fn open(self, web: &Web) -> Result<Outside, Failure> {
        let listeners = match self.handed_over {
            Some(handed_over) => {
                let adopted = handed_over.into_iter().map(TcpListener::from_std);
                adopted.collect::<Result<_, _>>().map_err(Failure::run)?
            }
            None => app::listen(&web.listen).await.map_err(Failure::run)?,
        };
        Ok(Outside {
            listeners,
            manager: self.manager,
        })
    }
}

pub(super) async fn serve(options: serve::Options, front: Front) -> Result<(), Failure> {
    let web = options.web.clone();
    let daemon = Daemon::build(daemon_plan(options)).map_err(Failure::setup)?;
    let outside = front.open(&web).await?;
    let addresses = addresses(&outside.listeners)?;
    // Whoever reads that it listens may already want it to end.
    let ended = app::until_signal(|shutdown| {
        for address in addresses {
            let tls = daemon.is_secure();
            tracing::info!(%address, path = %web.telemetry_path, tls, "listening");
        }
        daemon.run(outside, shutdown)
    });
    ended.await.map_err(Failure::run)?.map_err(Failure::run)
}

pub(super) async fn demo(options: demo::Options, front: Front) -> Result<(), Failure> {
    let outside = front.open(&options.web).await?;
    let path = options.web.telemetry_path.clone();
    let demo = Demo::build(options.world, options.events, options.web, options.build).await;
    let demo = demo.map_err(Failure::setup)?;
    let scheme = if demo.is_secure() { "https" } else { "http" };
    let exporter = addresses(&outside.listeners)?;
    let ended = app::until_signal(|shutdown| async move {
        demo::announce(scheme, &exporter, demo.cloud_address(), &path).map_err(Failure::run)?;
        // The cloud and the daemon together are more than a stack should carry.
        let running = Box::pin(demo.run(outside, shutdown));
        running.await.map_err(Failure::run)
    });
    ended.await.map_err(Failure::run)?
}

pub(super) async fn simulate(options: simulate::Options) -> Result<(), Failure> {
    let cloud = Cloud::new(options.world, Clock::system()).map_err(Failure::run)?;
    cloud.set_faults(options.faults.rules);
    let listen = std::slice::from_ref(&options.listen);
    for listener in app::listen(listen).await.map_err(Failure::run)? {
        let cloud = Arc::clone(&cloud);
        let ended = app::until_signal(|shutdown| async move {
            simulate::announce(listener.local_addr()?)?;
            sim::run(listener, cloud, shutdown).await;
            Ok::<_, io::Error>(())
        });
        ended.await.map_err(Failure::run)?.map_err(Failure::run)?;
    }
    Ok(())
}

pub(super) async fn once(options: once::Options) -> Result<Once, Failure> {
    let plan = plan_of_once(options);
    let bar = Arc::new(Terminal::new());
    let progress: Arc<dyn Progress> = Arc::clone(&bar) as _;
    let swept = app::until_signal(|shutdown| app::once(plan, progress, shutdown)).await;
    bar.finish();
    let swept = swept.map_err(Failure::run)?.map_err(Failure::run)?;
    swept.ok_or_else(|| Failure::run("the sweep was interrupted, so nothing is printed"))
}

/// Looks into every cloud account.
pub(super) async fn survey(options: plan::Options) -> Result<Vec<Survey>, Failure> {
    let plan = Plan {
        config: options.config,
        // Nothing is published.
        pseudonyms: None,
        source: None,
        environment: options.environment,
        web: Web::default(),
        build: options.build,
        clock: Clock::system(),
    };
    let looked = app::until_signal(|shutdown| app::survey(plan, shutdown)).await;
    let surveys = looked.map_err(Failure::run)?.map_err(Failure::run)?;
    surveys.ok_or_else(|| Failure::run("interrupted before everything was counted"))
}

pub(super) async fn examination(options: serve::Options) -> Result<Vec<Report>, Failure> {
    let examined = app::until_signal(|shutdown| async move {
        let examination = app::examination(daemon_plan(options));
        shutdown.run_until_cancelled(examination).await
    });
    let examined = examined.await.map_err(Failure::run)?;
    let examined = examined.ok_or_else(|| Failure::run("the examination was interrupted"))?;
    examined.map_err(Failure::setup)
}

pub(super) async fn whois(
    options: once::Options,
    pseudonyms: Pseudonyms,
    wanted: String,
) -> Result<Vec<Known>, Failure> {
    let found = app::until_signal(|shutdown| async move {
        let whois = app::whois(plan_of_once(options), &pseudonyms, &wanted);
        shutdown.run_until_cancelled(whois).await
    });
    let found = found.await.map_err(Failure::run)?;
    let found = found.ok_or_else(|| Failure::run("the search was interrupted"))?;
    found.map_err(Failure::run)
}

/// Finds the instances and works on their users until a signal.
pub(super) async fn users<T, F>(
    options: once::Options,
    work: impl FnOnce(Users, CancellationToken) -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let ended = app::until_signal(|shutdown| async move {
        let opened = Users::open(plan_of_once(options));
        let opened = shutdown.run_until_cancelled(opened).await;
        let opened = opened.ok_or_else(|| Failure::run("interrupted; nothing was changed"))?;
        work(opened.map_err(Failure::run)?, shutdown).await
    });
    ended.await.map_err(|error| match error {
        // Whatever was said before stands; of the call under way nobody knows.
        app::Interrupted::Twice(_) => Failure::run(format!(
            "{error}: a change under way may have been made or not; the same command again reads \
             before it changes anything"
        )),
        error => Failure::run(error),
    })?
}

/// Asks the daemon that listens there.
pub(super) async fn healthcheck(host: &str, port: u16) -> Result<Sign, Failure> {
    httpd::probe(host, port).await.map_err(Failure::run)
}

/// Whatever can be found out about the options without a call to the cloud.
pub(super) fn dry_run(options: serve::Options) -> Result<(), Failure> {
    // Whoever connects lazily still wants a reactor to be there.
    let runtime = runtime()?;
    let _entered = runtime.enter();
    Daemon::build(daemon_plan(options))
        .map(drop)
        .map_err(Failure::setup)
}

fn plan_of_once(options: once::Options) -> Plan {
    Plan {
        config: options.loaded.config,
        pseudonyms: options.loaded.pseudonyms,
        source: None,
        environment: options.environment,
        web: Web::default(),
        build: options.build,
        clock: Clock::system(),
    }
}

/// The runtime on which a command runs.
fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::run)
}

fn daemon_plan(options: serve::Options) -> Plan {
    Plan {
        config: options.loaded.config,
        pseudonyms: options.loaded.pseudonyms,
        source: Some(options.source),
        environment: options.environment,
        web: options.web,
        build: options.build,
        clock: Clock::system(),
    }
}

fn addresses(listeners: &[TcpListener]) -> Result<Vec<std::net::SocketAddr>, Failure> {
    let addresses = listeners.iter().map(TcpListener::local_addr);
    addresses.collect::<Result<_, _>>().map_err(Failure::run)
}
