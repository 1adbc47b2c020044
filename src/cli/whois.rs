//! `whois`: the account behind a pseudonymous label.

use std::fmt::Write as _;

use clap::Args;

use super::exit::Failure;
use super::flags::{SourceFlags, load};
use super::logging::LogFlags;
use super::output::print;
use super::{once, version, wiring};
use crate::app::{self, Known};
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
    let loaded = load(&source, &flags.log)?;
    let pseudonyms = loaded.config.pseudonyms.load().map_err(Failure::usage)?;
    let options = once::Options {
        loaded,
        environment,
        build: version::BUILD,
    };
    let wanted = flags.pseudonym;
    let known = wiring::block_on(async {
        let whois = app::whois(options.plan(), &pseudonyms, &wanted);
        let known = wiring::unless_interrupted(whois, INTERRUPTED).await?;
        known.map_err(Failure::run)
    })?;
    if known.is_empty() {
        let text = format!("no user has the pseudonym {wanted} with this key");
        return Err(Failure::run(text));
    }
    print(&lines(&known))
}

/// One user on each line.
fn lines(known: &[Known]) -> String {
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
    text
}

const INTERRUPTED: &str = "the search was interrupted";

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter whois 0f3a94c1d2b5e6f708192a3b --config.file=sag-exporter.yml
      Prints the name of the user, the instance and the cloud account.

The users are listed through the cloud, and each is given its pseudonym with the
key in labels.pseudonym_key_file. Exit code 1 if nobody has that pseudonym.";
