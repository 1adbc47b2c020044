//! The one place where commands start what `app` builds.

use tokio::runtime::Runtime;

use super::exit::Failure;
use super::{demo, once, serve, simulate};

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
    not_wired(&options)
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
