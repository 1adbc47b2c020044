//! `healthcheck`: whether the daemon on this machine works.

use std::io::{self, Write as _};

use clap::Args;

use super::exit::Failure;
use super::wiring;
use crate::config::ListenAddress;
use crate::httpd::Sign;

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
    let sign = wiring::block_on(wiring::healthcheck(host, port))?;
    print(sign).map_err(Failure::run)
}

fn print(sign: Sign) -> io::Result<()> {
    let text = match sign {
        Sign::Healthy => "healthy",
        Sign::Guarded => "it works: it wants a password or fewer requests",
        Sign::Tls => "it works: it wants TLS",
    };
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter healthcheck
  sag-exporter healthcheck --web.listen-address=127.0.0.1:9000

Asks for /-/healthy and ends with 0 if the daemon works, with 1 if not: for
containers, which have no other program to ask. A daemon that wants a password
or TLS counts as one that works, for its answer is all that can be had without
them.";
