//! `healthcheck`: whether the daemon on this machine works.

use clap::Args;

use super::exit::Failure;
use super::output::print;
use super::wiring;
use crate::config::ListenAddress;
use crate::httpd::{self, Sign};

/// The flags of `healthcheck`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Where the daemon listens: what `serve` was given
    #[arg(long = "web.listen-address", value_name = "ADDRESS", value_parser = ListenAddress::parse)]
    #[arg(default_value = ":10724")]
    listen: ListenAddress,
}

pub(super) fn run(flags: &Flags) -> Result<(), Failure> {
    let (host, port) = flags.listen.reached_at();
    let probe = async { httpd::probe(host, port).await.map_err(Failure::run) };
    print(match wiring::block_on(probe)? {
        Sign::Healthy => "healthy\n",
        Sign::Guarded => "it works: it wants a password or fewer requests\n",
        Sign::Tls => "it works: it wants TLS\n",
    })
}

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter healthcheck
  sag-exporter healthcheck --web.listen-address=127.0.0.1:9000

Asks for /-/healthy and ends with 0 if the daemon works, with 1 if not: for
containers, which have no other program to ask. A daemon that wants a password
or TLS counts as one that works, for its answer is all that can be had without
them.";
