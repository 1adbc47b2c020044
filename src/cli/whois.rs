//! `whois`: the account behind a pseudonymous label.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::Args;

use super::exit::Failure;
use super::flags::SourceFlags;
use super::logging::LogFlags;
use super::{once, version, wiring};
use crate::app::Known;
use crate::config::Environment;
use crate::sweep::Shard;

/// The flags of `whois`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The value of the label user
    #[arg(value_name = "PSEUDONYM")]
    pseudonym: String,

    #[command(flatten)]
    source: SourceFlags,
    #[command(flatten)]
    log: LogFlags,
}

pub(super) fn run(flags: Flags, environment: Environment) -> Result<(), Failure> {
    let source = flags.source.resolve(Shard::WHOLE)?;
    flags.log.start()?;
    let loaded = source.load()?;
    let pseudonyms = loaded.config.pseudonyms.load().map_err(Failure::usage)?;
    let options = once::Options {
        loaded,
        environment,
        build: version::BUILD,
    };
    let wanted = flags.pseudonym;
    let whois = wiring::whois(options, pseudonyms, wanted.clone());
    let known = wiring::block_on(whois)?;
    if known.is_empty() {
        let text = format!("no user has the pseudonym {wanted} with this key");
        return Err(Failure::run(text));
    }
    print(&known).map_err(Failure::run)
}

/// One user on each line.
fn print(known: &[Known]) -> io::Result<()> {
    let mut text = String::new();
    for one in known {
        let Known {
            user,
            sag_id,
            account,
        } = one;
        // Writing to a string does not fail.
        let _ = writeln!(text, "{user}\t{sag_id}\t{account}");
    }
    io::stdout().lock().write_all(text.as_bytes())
}

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter whois 0f3a94c1d2b5e6f708192a3b --config.file=sag-exporter.yml
      Prints the name of the user, the instance and the cloud account.

The users are listed through the cloud, and each is given its pseudonym with the
key in labels.pseudonym_key_file. Exit code 1 if nobody has that pseudonym.";
