//! `simulate`: the simulated cloud alone.

use std::path::PathBuf;

use clap::Args;

use super::exit::Failure;
use super::flags::{World, WorldFlags};
use super::logging::LogFlags;
use super::wiring;
use crate::config::ListenAddress;

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
pub(super) struct Options {
    /// Where to listen.
    pub(super) listen: ListenAddress,
    /// A script of faults.
    pub(super) faults: Option<PathBuf>,
    /// The simulated world.
    pub(super) world: World,
}

pub(super) fn run(flags: Flags) -> Result<(), Failure> {
    flags.log.start()?;
    let options = Options {
        listen: flags.listen,
        faults: flags.faults,
        world: flags.world.resolve(),
    };
    wiring::runtime()?.block_on(wiring::simulate(options))
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
