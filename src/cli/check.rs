//! `check`: the configuration, by the way that `serve` takes.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::time::Duration;

use super::exit::Failure;
use super::{credential, serve, wiring};
use crate::config::{Account, Environment, Origin};
use crate::exposition::UserLabels;
use crate::model::{Region, SagId};
use crate::sweep::SessionsMode;

pub(super) fn run(flags: serve::Flags, environment: Environment) -> Result<(), Failure> {
    let options = serve::resolve(flags, environment)?;
    let mut text = String::new();
    summary(&options, &mut text).map_err(Failure::run)?;
    wiring::dry_run(options)?;
    io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .map_err(Failure::run)
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
    let users = match options.loaded.config.exposition.user_labels {
        UserLabels::Plain => "by name",
        UserLabels::None => "only in aggregates",
    };
    writeln!(out, "labels: users {users}")?;
    let listen: Vec<String> = options.web.listen.iter().map(ToString::to_string).collect();
    writeln!(
        out,
        "web: {} on {}",
        options.web.telemetry_path,
        listen.join(", ")
    )
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

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter check --config.file=sag-exporter.yml
      Prints the configuration in force, or every mistake with its line.

It takes the flags of `serve`. Exit codes: 0 good, 2 not good.";
