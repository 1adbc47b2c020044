//! The one place where commands start what `app` builds.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::exit::Failure;
use super::progress::Terminal;
use super::{demo, once, serve, simulate};
use crate::app::{self, Daemon, Demo, Plan};
use crate::clock::Clock;
use crate::model::SweepOutcome;
use crate::sim::{self, Cloud};
use crate::sweep::Progress;

/// The runtime on which a command runs.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::run)
}

pub(super) async fn serve(options: serve::Options) -> Result<(), Failure> {
    let web = options.web.clone();
    let daemon = Daemon::build(plan(options)).map_err(Failure::setup)?;
    let listeners = app::listen(&web.listen).await.map_err(Failure::run)?;
    for address in addresses(&listeners)? {
        tracing::info!(%address, path = %web.telemetry_path, "listening");
    }
    let ended = app::until_signal(|shutdown| daemon.run(listeners, shutdown)).await;
    ended.map_err(Failure::run)?.map_err(Failure::run)
}

pub(super) async fn demo(options: demo::Options) -> Result<(), Failure> {
    let listeners = app::listen(&options.web.listen)
        .await
        .map_err(Failure::run)?;
    let path = options.web.telemetry_path;
    let demo = Demo::build(options.world, path.clone(), options.build).await;
    let demo = demo.map_err(Failure::run)?;
    demo::announce(&addresses(&listeners)?, demo.cloud_address(), &path).map_err(Failure::run)?;
    let ended = app::until_signal(|shutdown| demo.run(listeners, shutdown)).await;
    ended.map_err(Failure::run)?.map_err(Failure::run)
}

pub(super) async fn simulate(options: simulate::Options) -> Result<(), Failure> {
    let cloud = Cloud::new(options.world, Clock::system()).map_err(Failure::run)?;
    cloud.set_faults(options.faults.rules);
    let listen = std::slice::from_ref(&options.listen);
    for listener in app::listen(listen).await.map_err(Failure::run)? {
        simulate::announce(listener.local_addr().map_err(Failure::run)?).map_err(Failure::run)?;
        let cloud = Arc::clone(&cloud);
        let ended = app::until_signal(|shutdown| sim::run(listener, cloud, shutdown)).await;
        ended.map_err(Failure::run)?;
    }
    Ok(())
}

pub(super) async fn once(options: once::Options) -> Result<(), Failure> {
    let plan = Plan {
        config: options.config,
        source: None,
        lifecycle_over_http: false,
        environment: options.environment,
        telemetry_path: Default::default(),
        build: options.build,
        clock: Clock::system(),
    };
    let bar = Arc::new(Terminal::new());
    let progress: Arc<dyn Progress> = Arc::clone(&bar) as _;
    let swept = app::until_signal(|shutdown| app::once(plan, progress, shutdown)).await;
    bar.finish();
    let Some(swept) = swept.map_err(Failure::run)?.map_err(Failure::run)? else {
        return Err(Failure::run(
            "the sweep was interrupted, so nothing is printed",
        ));
    };
    once::print(&swept.text).map_err(Failure::run)?;
    match swept.outcome {
        SweepOutcome::Complete => Ok(()),
        outcome => Err(Failure::run(format!(
            "the sweep is {}: sag_collection_success says where",
            outcome.as_str()
        ))),
    }
}

/// Whatever can be found out about the options without a call to the cloud.
pub(super) fn dry_run(options: serve::Options) -> Result<(), Failure> {
    // Whoever connects lazily still wants a reactor to be there.
    let runtime = runtime()?;
    let _entered = runtime.enter();
    Daemon::build(plan(options))
        .map(drop)
        .map_err(Failure::setup)
}

fn plan(options: serve::Options) -> Plan {
    Plan {
        config: options.loaded.config,
        source: Some(options.source),
        lifecycle_over_http: options.lifecycle_over_http,
        environment: options.environment,
        telemetry_path: options.web.telemetry_path,
        build: options.build,
        clock: Clock::system(),
    }
}

fn addresses(listeners: &[TcpListener]) -> Result<Vec<std::net::SocketAddr>, Failure> {
    let addresses = listeners.iter().map(TcpListener::local_addr);
    addresses.collect::<Result<_, _>>().map_err(Failure::run)
}
