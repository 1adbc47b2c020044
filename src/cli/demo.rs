//! `demo`: the simulated cloud and the daemon in one process.

use clap::Args;

use super::exit::Failure;
use super::flags::{WebFlags, WorldFlags};
use super::logging::LogFlags;
use super::{version, wiring};
use crate::config::{ListenAddress, Web};
use crate::sim::{self, Tempo};
use crate::telemetry::BuildInfo;

/// The flags of `demo`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    world: WorldFlags,
    #[command(flatten)]
    web: WebFlags,
    #[command(flatten)]
    log: LogFlags,
}

/// Everything that the demo must know.
#[derive(Debug)]
pub(super) struct Options {
    /// The simulated world.
    pub(super) world: sim::Options,
    /// Where to serve.
    pub(super) web: Web,
    /// What runs.
    pub(super) build: BuildInfo,
}

pub(super) fn run(flags: Flags) -> Result<(), Failure> {
    let default = ListenAddress::parse("127.0.0.1:10724").map_err(Failure::run)?;
    let options = Options {
        world: flags.world.resolve(Tempo::DEMO)?,
        web: flags.web.resolve(default)?,
        build: version::BUILD,
    };
    flags.log.start()?;
    wiring::runtime()?.block_on(wiring::demo(options))
}

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter demo
      Prints the addresses to open, and how to point Prometheus at it.
  sag-exporter demo --sim.users=2000 --sim.scenario=flapping

Everything stays on this machine. Sweeps follow each other quickly, so that
graphs move at once.";
