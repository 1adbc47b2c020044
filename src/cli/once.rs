//! `once`: one sweep, for people and for cron.

use std::io::{self, Write as _};

use clap::Args;

use super::exit::Failure;
use super::flags::{ShardFlags, SourceFlags};
use super::logging::LogFlags;
use super::{version, wiring};
use crate::app;
use crate::config::{Environment, Loaded};
use crate::telemetry::BuildInfo;

/// The flags of `once`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    source: SourceFlags,
    #[command(flatten)]
    shard: ShardFlags,
    #[command(flatten)]
    log: LogFlags,
}

/// Everything that one sweep must know.
#[derive(Debug)]
pub(super) struct Options {
    /// The configuration that was loaded.
    pub(super) loaded: Loaded,
    /// The environment at the start, for credentials.
    pub(super) environment: Environment,
    /// What runs.
    pub(super) build: BuildInfo,
}

pub(super) fn run(flags: Flags, environment: Environment) -> Result<(), Failure> {
    let source = flags.source.resolve(flags.shard.shard)?;
    flags.log.start()?;
    let loaded = source.load()?;
    app::warn_of(&loaded);
    let options = Options {
        loaded,
        environment,
        build: version::BUILD,
    };
    wiring::block_on(wiring::once(options))
}

/// Writes the exposition to standard output.
pub(super) fn print(text: &[u8]) -> io::Result<()> {
    io::stdout().lock().write_all(text)
}

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter once --config.file=sag-exporter.yml
  sag-exporter once --config.file=sag-exporter.yml --sag.instance=sag-abc123 > sag.prom

Metrics go to standard output, progress and the log to standard error. Exit
codes: 0 if the sweep was complete, 1 if it was not.";
