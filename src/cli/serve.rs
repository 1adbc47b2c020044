//! `serve`: the daemon.

use clap::Args;

use super::exit::Failure;
use super::flags::{ShardFlags, SourceFlags, WebFlags, load};
use super::logging::LogFlags;
use super::version;
use super::wiring::{self, Front};
use crate::app::{self, Daemon, Plan};
use crate::clock::Clock;
use crate::config::{Environment, ListenAddress, Loaded, Source, Web};
use crate::httpd::systemd;
use crate::telemetry::BuildInfo;

/// The flags of `serve`, and of `check`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    source: SourceFlags,
    #[command(flatten)]
    shard: ShardFlags,
    #[command(flatten)]
    web: WebFlags,
    #[command(flatten)]
    log: LogFlags,
}

/// Everything that the daemon must know.
#[derive(Debug)]
pub(super) struct Options {
    /// Where the configuration came from and comes from again at a reload.
    pub(super) source: Source,
    /// The configuration that was loaded.
    pub(super) loaded: Loaded,
    /// Where to serve.
    pub(super) web: Web,
    /// The environment at the start, for credentials.
    pub(super) environment: Environment,
    /// What runs.
    pub(super) build: BuildInfo,
}

pub(super) fn run(
    flags: Flags,
    environment: Environment,
    manager: &systemd::Environment,
) -> Result<(), Failure> {
    let options = resolve(flags, environment)?;
    let front = Front::new(&options.web, manager)?;
    wiring::block_on(serve(options, front))
}

async fn serve(options: Options, front: Front) -> Result<(), Failure> {
    let web = options.web.clone();
    let daemon = Daemon::build(options.plan()).map_err(Failure::setup)?;
    let outside = front.open(&web).await?;
    let addresses = wiring::addresses(&outside.listeners)?;
    // Whoever reads that it listens may already want it to end.
    let ended = app::until_signal(|shutdown| {
        for address in addresses {
            let tls = daemon.is_secure();
            tracing::info!(%address, path = %web.telemetry_path, tls, "listening");
        }
        daemon.run(outside, shutdown)
    });
    ended.await.map_err(Failure::run)?.map_err(Failure::run)
}

/// From flags to options; the log runs from here on.
pub(super) fn resolve(flags: Flags, environment: Environment) -> Result<Options, Failure> {
    let source = flags.source.resolve(flags.shard.shard)?;
    let web = flags.web.resolve(default_listen_address()?)?;
    let loaded = load(&source, &flags.log)?;
    Ok(Options {
        source,
        loaded,
        web,
        environment,
        build: version::BUILD,
    })
}

impl Options {
    /// What a daemon is built from.
    pub(super) fn plan(self) -> Plan {
        Plan {
            config: self.loaded.config,
            pseudonyms: self.loaded.pseudonyms,
            source: Some(self.source),
            environment: self.environment,
            web: self.web,
            build: self.build,
            clock: Clock::system(),
        }
    }
}

fn default_listen_address() -> Result<ListenAddress, Failure> {
    ListenAddress::parse(":10724").map_err(Failure::run)
}

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter --config.file=sag-exporter.yml
  sag-exporter --sag.region=cn-shanghai --sag.instance=sag-abc123
  sag-exporter --config.file=sag-exporter.yml --web.listen-address=127.0.0.1:10724

The smallest file (the access key then comes from the environment, in
ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET):
  accounts:
    - name: main
      regions: [cn-shanghai]

SIGTERM or SIGINT stops it: scrapes under way are still answered.";
