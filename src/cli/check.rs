//! `check`: the configuration, by the way that `serve` takes.

use std::fmt::{self, Write as _};
use std::time::Duration;

use clap::Args;

use super::doctor::{self, Output};
use super::exit::Failure;
use super::output::print;
use super::{credential, serve, wiring};
use crate::app::{self, Daemon};
use crate::config::{self, Account, Environment, Origin};
use crate::delivery;
use crate::exposition::UserLabels;
use crate::model::{Region, SagId};
use crate::sweep::SessionsMode;

/// The flags of `check`.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Flags {
    #[command(flatten)]
    serve: serve::Flags,

    /// Also check the cloud, with a few calls: clock, credential, permissions,
    /// instances
    #[arg(long, help_heading = "What to check")]
    live: bool,

    /// Print the JSON Schema of the configuration, for editors, and no more
    #[arg(long, conflicts_with_all = ["live", "print_example"], help_heading = "What to check")]
    print_schema: bool,

    /// Print a configuration with every key, and no more
    #[arg(long, conflicts_with = "live", help_heading = "What to check")]
    print_example: bool,

    /// How --live prints what it found
    #[arg(
        short = 'o',
        long = "output",
        value_name = "FORMAT",
        value_enum,
        requires = "live"
    )]
    #[arg(default_value_t = Output::Table, help_heading = "What to check")]
    output: Output,
}

pub(super) fn run(flags: Flags, environment: Environment) -> Result<(), Failure> {
    if flags.print_schema {
        return print(&format!("{:#}\n", config::schema()));
    }
    if flags.print_example {
        return print(&config::example());
    }
    let options = serve::resolve(flags.serve, environment)?;
    if flags.live {
        return live(options, flags.output);
    }
    let mut text = String::new();
    summary(&options, &mut text).map_err(Failure::run)?;
    dry_run(options)?;
    print(&text)
}

fn live(options: serve::Options, output: Output) -> Result<(), Failure> {
    let examination = app::examination(options.plan());
    let reports = wiring::block_on(async {
        let examined = wiring::unless_interrupted(examination, INTERRUPTED).await?;
        examined.map_err(Failure::setup)
    })?;
    print(&doctor::print(&reports, output).map_err(Failure::run)?)?;
    if doctor::has_problem(&reports) {
        return Err(Failure::run("there are problems"));
    }
    Ok(())
}

/// Whatever can be found out about the options without a call to the cloud.
fn dry_run(options: serve::Options) -> Result<(), Failure> {
    // Whoever connects lazily still wants a reactor to be there.
    let runtime = wiring::runtime()?;
    let _entered = runtime.enter();
    Daemon::build(options.plan())
        .map(drop)
        .map_err(Failure::setup)
}

/// The configuration in force, without secrets.
fn summary(options: &serve::Options, out: &mut String) -> fmt::Result {
    match &options.source.origin {
        Origin::File(path) => writeln!(out, "{}: ok", path.display())?,
        Origin::Flags { .. } => writeln!(out, "flags: ok")?,
    }
    for account in &options.loaded.config.accounts {
        account_summary(account, &options.environment, out)?;
    }
    let sweep = &options.loaded.config.sweep;
    let sessions = match sweep.sessions {
        SessionsMode::Auto => "counted in bulk where that is possible",
        SessionsMode::Each => "one query per user",
    };
    writeln!(
        out,
        "sweep: sessions every {} ({sessions}), account lists every {}, pages of {}, \
         last good values outlive {} sweeps",
        time(sweep.interval),
        time(sweep.accounts_interval),
        sweep.page_size.users(),
        sweep.retain
    )?;
    let in_use = options.loaded.config.pseudonyms.in_use;
    let users = match options.loaded.config.exposition.user_labels {
        UserLabels::Plain if in_use => "by pseudonym",
        UserLabels::Plain => "by name",
        UserLabels::None => "only in aggregates",
    };
    let addresses = match options.loaded.config.exposition.user_info {
        true => ", with their addresses",
        false => "",
    };
    writeln!(out, "labels: users {users}{addresses}")?;
    events_summary(&options.loaded.config.events, out)?;
    let listen: Vec<String> = options.web.listen.iter().map(ToString::to_string).collect();
    writeln!(
        out,
        "web: {} on {}",
        options.web.telemetry_path,
        listen.join(", ")
    )
}

fn events_summary(events: &delivery::Options, out: &mut String) -> fmt::Result {
    let file = events.file.iter();
    let file = file.map(|target| format!("lines to {target}"));
    let hooks = events.webhooks.iter();
    let hooks = hooks.map(|hook| format!("webhook {} on {}", hook.name, hook.url.host()));
    let sinks: Vec<String> = file.chain(hooks).collect();
    match &sinks[..] {
        [] => Ok(()),
        sinks => writeln!(out, "events: {}", sinks.join(", ")),
    }
}

fn account_summary(account: &Account, environment: &Environment, out: &mut String) -> fmt::Result {
    let sweep = &account.sweep;
    let regions: Vec<&str> = sweep.regions.iter().map(Region::as_str).collect();
    let instances: Vec<&str> = sweep.instances.iter().map(SagId::as_str).collect();
    let instances = match &instances[..] {
        [] => "all that are found".to_owned(),
        ids => ids.join(", "),
    };
    writeln!(out, "account {}:", sweep.name)?;
    let regions = match &regions[..] {
        [] => "all".to_owned(),
        names => names.join(", "),
    };
    writeln!(out, "  regions: {regions}")?;
    writeln!(out, "  instances: {instances}")?;
    let credential = credential::describe(&account.credentials, environment);
    writeln!(out, "  credential: {credential}")?;
    writeln!(out, "  endpoint: {}", account.endpoint.as_str())?;
    writeln!(
        out,
        "  pace: at most {} calls per second and operation, {} at once",
        account.rate.per_second(),
        sweep.concurrency
    )
}

fn time(duration: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(duration)
}

const INTERRUPTED: &str = "the examination was interrupted";

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter check --config.file=sag-exporter.yml
      Prints the configuration in force, or every mistake with its line.
  sag-exporter check --print-example > sag-exporter.yml
      A configuration to start from.
  sag-exporter check --config.file=sag-exporter.yml --live
      Also calls the cloud, and prints the smallest RAM policy to paste.

It takes the flags of `serve`. Exit codes: 0 good, 1 a problem with the cloud,
2 a mistake in the configuration.";
