//! `once`: one sweep, for people and for cron.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::exit::Failure;
use super::flags::{ShardFlags, SourceFlags, load};
use super::logging::LogFlags;
use super::output::write;
use super::progress::Terminal;
use super::replace::Replaceable;
use super::{version, wiring};
use crate::app::{self, Once, Plan};
use crate::clock::Clock;
use crate::config::{Environment, Loaded, Web};
use crate::model::SweepOutcome;
use crate::sweep::Progress;
use crate::telemetry::BuildInfo;

/// The flags of `once`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    source: SourceFlags,
    #[command(flatten)]
    shard: ShardFlags,
    /// Replace this file instead of printing, for node_exporter's textfile
    /// collector: whole, or not at all
    #[arg(long = "output.file", value_name = "FILE", help_heading = "Where to")]
    output_file: Option<PathBuf>,
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
    let file = flags.output_file.as_deref().map(Replaceable::new);
    let file = file.transpose()?;
    let loaded = load(&source, &flags.log)?;
    let options = Options {
        loaded,
        environment,
        build: version::BUILD,
    };
    let swept = wiring::block_on(once(options))?;
    match &file {
        None => {
            write(&swept.text)?;
            write(&swept.process)?;
        }
        Some(file) => keep(&swept, file)?,
    }
    match swept.outcome {
        SweepOutcome::Complete => Ok(()),
        SweepOutcome::Partial => Err(Failure::run(
            "the sweep is not complete: the log says why, sag_collection_success where",
        )),
        SweepOutcome::Failed => Err(Failure::run(FAILED)),
    }
}

async fn once(options: Options) -> Result<Once, Failure> {
    let plan = options.plan();
    let bar = Arc::new(Terminal::new());
    let progress: Arc<dyn Progress> = Arc::clone(&bar) as _;
    let swept = app::until_signal(|shutdown| app::once(plan, progress, shutdown)).await;
    bar.finish();
    let swept = swept.map_err(Failure::run)?.map_err(Failure::setup)?;
    swept.ok_or_else(|| Failure::run("the sweep was interrupted, so nothing is printed"))
}

impl Options {
    /// What a single sweep, or a look at users, is built from.
    pub(super) fn plan(self) -> Plan {
        Plan {
            config: self.loaded.config,
            pseudonyms: self.loaded.pseudonyms,
            source: None,
            environment: self.environment,
            web: Web::default(),
            build: self.build,
            clock: Clock::system(),
        }
    }
}

/// What was read is true, however much is missing. If nothing was read, the old
/// file says more, and its age says how much more.
fn keep(swept: &Once, file: &Replaceable) -> Result<(), Failure> {
    match swept.outcome {
        SweepOutcome::Complete | SweepOutcome::Partial => file.replace(&swept.text),
        SweepOutcome::Failed => Err(Failure::run(format!("{FAILED}; the file stays as it is"))),
    }
}

const FAILED: &str = "the sweep failed, nothing could be read: the log says why";

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter once --config.file=sag-exporter.yml
  sag-exporter once --config.file=sag-exporter.yml --sag.instance=sag-abc123 > sag.prom

  sag-exporter once --config.file=sag-exporter.yml \\
      --output.file=/var/lib/prometheus/node-exporter/sag.prom
      For cron and the textfile collector of node_exporter.

Metrics go to standard output or the file, progress and the log to standard
error. The file has no process_* families, since its reader has its own.

Exit codes: 0 if the sweep was complete; 1 if it was not: what was read is
printed or written all the same, and if nothing was read the file stays as it
was; 2 wrong flags or configuration.";
