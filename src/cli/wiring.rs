//! The one place where commands start what `app` builds.

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exit::Failure;
use super::{demo, once, serve, simulate};
use crate::clock::Clock;
use crate::config::ListenAddress;
use crate::sim::{self, Cloud};

/// The runtime on which a command runs.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::run)
}

pub(super) async fn serve(options: serve::Options) -> Result<(), Failure> {
    not_wired(&options)
}

pub(super) async fn demo(options: demo::Options) -> Result<(), Failure> {
    not_wired(&options)
}

pub(super) async fn simulate(options: simulate::Options) -> Result<(), Failure> {
    let cloud = Cloud::new(options.world, Clock::system()).map_err(Failure::run)?;
    cloud.set_faults(options.faults.rules);
    let listener = bind(&options.listen).await?;
    let address = listener.local_addr().map_err(Failure::run)?;
    let shutdown = CancellationToken::new();
    let stop = stop_signal()?;
    simulate::announce(address).map_err(Failure::run)?;
    let stopped = async {
        stop.await;
        shutdown.cancel();
    };
    futures_util::future::join(sim::run(listener, cloud, shutdown.clone()), stopped).await;
    Ok(())
}

/// Binds the first address that works.
async fn bind(address: &ListenAddress) -> Result<TcpListener, Failure> {
    let mut failed = None;
    for candidate in address.candidates() {
        match TcpListener::bind(candidate).await {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = Some(error),
        }
    }
    let cause = failed.map_or_else(|| "no address".to_owned(), |error| error.to_string());
    Err(Failure::run(format!("cannot listen on {address}: {cause}")))
}

/// Ends when the process is asked to stop. Listens from the call on, not only
/// from the first poll.
fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::run)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::run)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

pub(super) async fn once(options: once::Options) -> Result<(), Failure> {
    not_wired(&options)
}

/// Whatever can be found out about the options without a call to the cloud.
pub(super) fn dry_run(_: &serve::Options) -> Result<(), Failure> {
    Ok(())
}

fn not_wired(options: &impl std::fmt::Debug) -> Result<(), Failure> {
    tracing::debug!(?options, "not wired yet");
    Err(Failure::run("the command is not wired yet"))
}
