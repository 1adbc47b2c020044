//! `users`: accounts and sessions at the terminal.
//!
//! A file for each command. Results go to standard output, everything else
//! (progress, questions, what could not be read) to standard error.

mod bar;
mod kick;
mod list;
mod prompt;
mod record;
mod report;
mod set;
mod show;
mod table;
mod wishes;

use clap::{Args, Subcommand, ValueEnum};
use tokio_util::sync::CancellationToken;

use super::exit::Failure;
use super::flags::{SourceFlags, load};
use super::logging::LogFlags;
use super::output::Paint;
use super::{once, version, wiring};
use crate::app::{self, Interrupted, Users, UsersError};
use crate::config::Environment;
use crate::rules::Policy;
use crate::sweep::Shard;

/// The flags of `users`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All accounts, or those that are asked for
    #[command(after_help = list::EXAMPLES)]
    List(list::Flags),
    /// One account: sessions, limits, traffic of the month
    #[command(after_help = show::EXAMPLES)]
    Show(show::Flags),
    /// Changes bandwidths, or the e-mail address of one account
    #[command(after_help = set::EXAMPLES)]
    Set(set::Flags),
    /// Ends the sessions of an account
    #[command(after_help = kick::EXAMPLES)]
    Kick(kick::Flags),
}

/// What every one of them takes.
#[derive(Debug, Args)]
struct CommonFlags {
    /// How to print it
    #[arg(short = 'o', long = "output", value_name = "FORMAT", value_enum)]
    #[arg(default_value_t = Format::Table, help_heading = "How to go about it")]
    output: Format,
    #[command(flatten)]
    source: SourceFlags,
    #[command(flatten)]
    log: LogFlags,
}

/// What those take that change something.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "How to go about it")]
struct ConsentFlags {
    /// Do not ask
    #[arg(short = 'y', long)]
    yes: bool,

    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
    /// For spreadsheets
    Csv,
}

pub(super) fn run(flags: Flags, environment: Environment, paint: Paint) -> Result<(), Failure> {
    match flags.command {
        Command::List(flags) => list::run(flags, environment, paint),
        Command::Show(flags) => show::run(flags, environment, paint),
        Command::Set(flags) => set::run(flags, environment, paint),
        Command::Kick(flags) => kick::run(flags, environment, paint),
    }
}

/// Everything that reading and changing users must know, and how to print it.
struct Setting {
    options: once::Options,
    format: Format,
    paint: Paint,
}

impl CommonFlags {
    fn resolve(self, environment: Environment, paint: Paint) -> Result<Setting, Failure> {
        let source = self.source.resolve(Shard::WHOLE)?;
        let loaded = load(&source, &self.log)?;
        let options = once::Options {
            loaded,
            environment,
            build: version::BUILD,
        };
        Ok(Setting {
            options,
            format: self.output,
            paint,
        })
    }
}

impl Setting {
    fn policy(&self) -> &Policy {
        &self.options.loaded.config.rules.policy
    }
}

/// Finds the instances of the configuration and works on their users until a
/// signal.
fn over_users<T, F>(
    options: once::Options,
    work: impl FnOnce(Users, CancellationToken) -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    wiring::block_on(async {
        let ended = app::until_signal(|shutdown| async move {
            let users = reading(Users::open(options.plan()), &shutdown).await?;
            work(users, shutdown).await
        });
        ended.await.map_err(|error| match error {
            // Whatever was said before stands; of the call under way nobody knows.
            Interrupted::Twice(_) => Failure::run(format!("{error}: {TWICE}")),
            error => Failure::run(error),
        })?
    })
}

/// Something that only reads, and so may be dropped at any moment.
async fn reading<T>(
    reads: impl Future<Output = Result<T, UsersError>>,
    shutdown: &CancellationToken,
) -> Result<T, Failure> {
    let read = shutdown.run_until_cancelled(reads).await;
    read.ok_or_else(|| Failure::run("interrupted; nothing was changed"))?
        .map_err(Failure::run)
}

const TWICE: &str = "a change under way may have been made or not; the same command again reads \
                     before it changes anything";
