//! `demo`: the simulated cloud and the daemon in one process.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::exit::Failure;
use super::flags::{WebFlags, WorldFlags};
use super::logging::LogFlags;
use super::version;
use super::wiring::{self, Front};
use crate::app::{self, Demo};
use crate::config::{ListenAddress, Web};
use crate::delivery::{self, FileTarget};
use crate::httpd::systemd;
use crate::sim::{self, Scenario, Tempo};
use crate::telemetry::BuildInfo;
use crate::web::TelemetryPath;

/// The flags of `demo`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    world: WorldFlags,
    #[command(flatten)]
    web: WebFlags,
    #[command(flatten)]
    events: EventFlags,
    #[command(flatten)]
    log: LogFlags,
}

/// What is told of the simulated people.
#[derive(Debug, Args)]
#[command(next_help_heading = "Events")]
struct EventFlags {
    /// Write what happens to this file, one JSON object a line; - is standard
    /// output. Sessions have client_ip, which the daemon tells only if asked to
    #[arg(long = "events.file", value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Everything that the demo must know.
#[derive(Debug)]
struct Options {
    /// The simulated world.
    world: sim::Options,
    /// Who is told what happens there.
    events: delivery::Options,
    /// Where to serve.
    web: Web,
    /// What runs.
    build: BuildInfo,
}

pub(super) fn run(flags: Flags, manager: &systemd::Environment) -> Result<(), Failure> {
    let default = ListenAddress::parse("127.0.0.1:10724").map_err(Failure::run)?;
    let options = Options {
        world: flags.world.resolve(Tempo::DEMO, Scenario::Mixed)?,
        events: flags.events.resolve(),
        web: flags.web.resolve(default)?,
        build: version::BUILD,
    };
    flags.log.start()?;
    let front = Front::new(&options.web, manager)?;
    wiring::block_on(demo(options, front))
}

async fn demo(options: Options, front: Front) -> Result<(), Failure> {
    let outside = front.open(&options.web).await?;
    let path = options.web.telemetry_path.clone();
    let events_on_stdout = options.events.file == Some(FileTarget::Stdout);
    let demo = Demo::build(options.world, options.events, options.web, options.build).await;
    let demo = demo.map_err(Failure::setup)?;
    let scheme = if demo.is_secure() { "https" } else { "http" };
    let exporter = wiring::addresses(&outside.listeners)?;
    let ended = app::until_signal(|shutdown| async move {
        let out: Box<dyn Write + Send> = match events_on_stdout {
            true => Box::new(io::stderr()),
            false => Box::new(io::stdout()),
        };
        announce(out, scheme, &exporter, demo.cloud_address(), &path).map_err(Failure::run)?;
        // The cloud and the daemon together are more than a stack should carry.
        let running = Box::pin(demo.run(outside, shutdown));
        running.await.map_err(Failure::run)
    });
    ended.await.map_err(Failure::run)?
}

impl EventFlags {
    fn resolve(self) -> delivery::Options {
        let target = |path: PathBuf| match path.as_os_str() == "-" {
            true => FileTarget::Stdout,
            false => FileTarget::File(path),
        };
        delivery::Options {
            file: self.file.map(target),
            // Nobody is behind these addresses.
            client_ip: true,
            ..delivery::Options::default()
        }
    }
}

/// Says what to open and what to do next.
fn announce(
    mut out: impl Write,
    scheme: &str,
    exporter: &[SocketAddr],
    cloud: SocketAddr,
    path: &TelemetryPath,
) -> io::Result<()> {
    writeln!(
        out,
        "A simulated cloud runs on http://{cloud}, and this exporter watches it.\n"
    )?;
    writeln!(out, "Open")?;
    for address in exporter {
        writeln!(out, "  {scheme}://{address}/          what is going on")?;
        writeln!(out, "  {scheme}://{address}{path}   the metrics")?;
    }
    let target = exporter
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    write!(
        out,
        "{}",
        PROMETHEUS
            .replace("SCHEME", scheme)
            .replace("TARGET", &target)
            .replace("PATH", path.as_str())
    )?;
    out.flush()
}

/// What comes after the addresses.
const PROMETHEUS: &str = "
Point Prometheus at it with this in prometheus.yml:
  scrape_configs:
    - job_name: sag
      scrape_interval: 5s
      scheme: SCHEME
      metrics_path: PATH
      static_configs:
        - targets: ['TARGET']
and ask it, for example: sum by (sag_id) (sag_online_users)
or, after a minute or two, what should not be: sag_user_anomaly

Ctrl-C ends it.
";

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter demo
      Prints the addresses to open, and how to point Prometheus at it.
  sag-exporter demo --sim.users=2000 --sim.scenario=flapping
  sag-exporter demo --events.file=-
      Also prints who logs in and out, and what else happens, as JSON lines.

Everything stays on this machine. Sweeps follow each other quickly, so that
graphs move at once.";
