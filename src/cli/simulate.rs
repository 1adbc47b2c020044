//! `simulate`: the simulated cloud alone.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::exit::Failure;
use super::flags::WorldFlags;
use super::logging::LogFlags;
use super::wiring;
use crate::app;
use crate::clock::Clock;
use crate::config::ListenAddress;
use crate::sim::{self, Cloud, Scenario, Script, Tempo};

/// The flags of `simulate`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Where to listen: HOST:PORT; port 0 lets the system choose
    #[arg(
        long = "sim.listen-address",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:10725"
    )]
    #[arg(value_parser = ListenAddress::parse)]
    listen: ListenAddress,

    /// A script of faults: latency, errors, broken answers
    #[arg(long = "sim.faults", value_name = "FILE")]
    faults: Option<PathBuf>,

    #[command(flatten)]
    world: WorldFlags,
    #[command(flatten)]
    log: LogFlags,
}

/// Everything that the simulator must know.
#[derive(Debug)]
struct Options {
    /// Where to listen.
    listen: ListenAddress,
    /// How it misbehaves.
    faults: Script,
    /// The simulated world.
    world: sim::Options,
}

pub(super) fn run(flags: Flags) -> Result<(), Failure> {
    let world = flags.world.resolve(Tempo::REAL, Scenario::Steady)?;
    let faults = match &flags.faults {
        Some(file) => Script::load(file).map_err(Failure::bad_file)?,
        None => Script::default(),
    };
    flags.log.start()?;
    let options = Options {
        listen: flags.listen,
        faults,
        world,
    };
    wiring::block_on(simulate(options))
}

async fn simulate(options: Options) -> Result<(), Failure> {
    let cloud = Cloud::new(options.world, Clock::system()).map_err(Failure::run)?;
    cloud.set_faults(options.faults.rules);
    let listen = std::slice::from_ref(&options.listen);
    for listener in app::listen(listen).await.map_err(Failure::run)? {
        let cloud = Arc::clone(&cloud);
        let ended = app::until_signal(|shutdown| async move {
            announce(listener.local_addr()?)?;
            sim::run(listener, cloud, shutdown).await;
            Ok::<_, io::Error>(())
        });
        ended.await.map_err(Failure::run)?.map_err(Failure::run)?;
    }
    Ok(())
}

/// The first line of standard output: where the simulator listens. Whoever
/// started it may be waiting for that line.
fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{address}")?;
    out.flush()
}

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter simulate --sim.users=2000 --sim.quota=50
      The first line of standard output is the address it listens on.
  ALIBABA_CLOUD_ACCESS_KEY_ID=testid ALIBABA_CLOUD_ACCESS_KEY_SECRET=testsecret \\
      sag-exporter --sag.region=cn-shanghai --sag.endpoint=http://127.0.0.1:10725
      The exporter over it.

It accepts the access key testid with the secret testsecret, checks every
signature, and keeps nothing.";
