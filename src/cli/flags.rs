//! Flags that several commands share, as they were typed and as they are meant.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;

use super::exit::Failure;
use super::logging::LogFlags;
use crate::app;
use crate::config::{ListenAddress, Loaded, Origin, Source, Web};
use crate::model::{Region, SagId};
use crate::openapi::Endpoint;
use crate::sim::{self, Scenario, Tempo};
use crate::sweep::Shard;
use crate::web::TelemetryPath;

/// Which cloud accounts and instances.
#[derive(Debug, Args)]
#[command(next_help_heading = "What to watch")]
pub(super) struct SourceFlags {
    /// The configuration file (YAML)
    #[arg(long = "config.file", value_name = "FILE")]
    config_file: Option<PathBuf>,

    /// Without a file: the region, such as cn-shanghai; the access key is taken
    /// from the environment
    #[arg(long = "sag.region", value_name = "REGION", value_parser = Region::parse)]
    #[arg(conflicts_with = "config_file")]
    region: Option<Region>,

    /// Only this instance; may be given several times [default: all that are
    /// configured or found]
    #[arg(long = "sag.instance", value_name = "ID", value_parser = SagId::parse)]
    instances: Vec<SagId>,

    /// Without a file: the address of the API, {region} standing for the region
    /// [default: https://smartag.{region}.aliyuncs.com]
    #[arg(long = "sag.endpoint", value_name = "URL", value_parser = Endpoint::parse)]
    #[arg(conflicts_with = "config_file", requires = "region")]
    endpoint: Option<Endpoint>,
}

/// Which part of it, where several processes share the work.
#[derive(Debug, Args)]
#[command(next_help_heading = "What to watch")]
pub(super) struct ShardFlags {
    /// This is process I, from 0, of N that share the instances: each instance
    /// belongs to one of them, and each takes an N-th of the rate [default: 0/1]
    #[arg(long = "sweep.shard", value_name = "I/N", value_parser = Shard::parse)]
    #[arg(default_value_t, hide_default_value = true)]
    pub(super) shard: Shard,
}

impl SourceFlags {
    pub(super) fn resolve(self, shard: Shard) -> Result<Source, Failure> {
        let origin = match (self.config_file, self.region) {
            (Some(path), _) => Origin::File(path),
            (None, Some(region)) => Origin::Flags {
                region,
                endpoint: self.endpoint.unwrap_or_default(),
            },
            (None, None) => return Err(Failure::usage(NOTHING_TO_WATCH)),
        };
        Ok(Source {
            origin,
            instances: self.instances,
            shard,
        })
    }
}

/// Starts the log and loads the configuration, so that what an operator should
/// hear of it is logged. Call it when no flag can be wrong any more.
pub(super) fn load(source: &Source, log: &LogFlags) -> Result<Loaded, Failure> {
    log.start()?;
    let loaded = source.load()?;
    app::warn_of(&loaded);
    Ok(loaded)
}

/// Where metrics and pages are served. The default of the address is the
/// command's business.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where to serve")]
pub(super) struct WebFlags {
    /// Where to listen: HOST:PORT, or :PORT for all interfaces; may be given
    /// several times [default: :10724, for demo 127.0.0.1:10724]
    #[arg(long = "web.listen-address", value_name = "ADDRESS", value_parser = ListenAddress::parse)]
    listen: Vec<ListenAddress>,

    /// The path of the metrics
    #[arg(long = "web.telemetry-path", value_name = "PATH", value_parser = TelemetryPath::parse)]
    #[arg(default_value_t)]
    telemetry_path: TelemetryPath,

    /// TLS, users, headers and a rate limit for every page, in the format of
    /// Prometheus' exporters; followed while the program runs
    #[arg(long = "web.config.file", value_name = "FILE")]
    web_config_file: Option<PathBuf>,

    /// Serve on the sockets that systemd hands over
    #[arg(long = "web.systemd-socket", conflicts_with = "listen")]
    systemd_socket: bool,

    /// Let POST /-/reload read the configuration anew, as SIGHUP does
    #[arg(long = "web.enable-lifecycle")]
    enable_lifecycle: bool,
}

impl WebFlags {
    pub(super) fn resolve(self, default: ListenAddress) -> Result<Web, Failure> {
        let mut listen = self.listen;
        if listen.is_empty() && !self.systemd_socket {
            listen.push(default);
        }
        let mut seen = HashSet::new();
        // Port 0 is another port each time.
        let mut fixed = listen.iter().filter(|address| address.port() != 0);
        if let Some(address) = fixed.find(|address| !seen.insert(*address)) {
            return Err(Failure::usage(format!(
                "--web.listen-address={address} is given twice"
            )));
        }
        Ok(Web {
            listen,
            telemetry_path: self.telemetry_path,
            config_file: self.web_config_file,
            enable_lifecycle: self.enable_lifecycle,
        })
    }
}

/// The simulated world.
#[derive(Debug, Args)]
#[command(next_help_heading = "The simulated world")]
pub(super) struct WorldFlags {
    /// The same seed gives the same world
    #[arg(long = "sim.seed", value_name = "NUMBER", default_value_t = 1)]
    seed: u64,

    /// How many instances there are
    #[arg(long = "sim.instances", value_name = "COUNT", default_value_t = 2)]
    instances: usize,

    /// How many users each instance has
    #[arg(long = "sim.users", value_name = "COUNT", default_value_t = 50)]
    users: usize,

    /// What goes on: steady, quiet, shared-account, disabled-online, flapping,
    /// mass-disconnect, duplicate-ip, static-ip-mismatch, bandwidth-drift,
    /// dormant, long-session, clock-skew or mixed
    /// [default: steady; demo: mixed]
    #[arg(long = "sim.scenario", value_name = "NAME")]
    scenario: Option<Scenario>,

    /// Calls per second for each operation and cloud account; 0 for no quota
    #[arg(long = "sim.quota", value_name = "RATE", default_value_t = 0.0)]
    #[arg(allow_negative_numbers = true)]
    quota: f64,
}

impl WorldFlags {
    /// `tempo` is how fast days pass; `usual` is what goes on unless something
    /// else is asked for.
    pub(super) fn resolve(self, tempo: Tempo, usual: Scenario) -> Result<sim::Options, Failure> {
        let options = sim::Options {
            seed: self.seed,
            instances: self.instances,
            users: self.users,
            scenario: self.scenario.unwrap_or(usual),
            quota: self.quota,
            tempo,
            ..sim::Options::default()
        };
        match options.validate() {
            Ok(()) => Ok(options),
            Err(error) => Err(Failure::usage(error.to_string())),
        }
    }
}

/// What to say to somebody who just typed the name of the program.
const NOTHING_TO_WATCH: &str = "\
neither --config.file nor --sag.region is given: expected one of them

To see the exporter work without a cloud account: sag-exporter demo
To watch one instance with the access key of the environment:
  sag-exporter --sag.region=cn-shanghai --sag.instance=sag-abc123
All flags: sag-exporter serve --help";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct World {
        #[command(flatten)]
        flags: WorldFlags,
    }

    #[test]
    fn the_defaults_are_those_of_the_simulator() {
        let flags = World::try_parse_from(["sim"]).unwrap().flags;
        let options = flags.resolve(Tempo::REAL, Scenario::Steady).unwrap();
        let default = sim::Options::default();
        assert_eq!(format!("{options:?}"), format!("{default:?}"));
    }

    #[test]
    fn the_help_names_every_scenario() {
        let command = <WorldFlags as Args>::augment_args(clap::Command::new("sim"));
        let argument = command.get_arguments().find(|a| a.get_id() == "scenario");
        let help = argument.unwrap().get_help().unwrap().to_string();
        for scenario in Scenario::ALL {
            assert!(
                help.contains(scenario.as_str()),
                "{scenario} is not in {help}"
            );
        }
    }
}
