//! The log of the program: standard error, one event a line.

use clap::{Args, ValueEnum};
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::exit::Failure;

/// How much is logged, and how it looks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Log")]
pub(super) struct LogFlags {
    /// The least important level to log
    #[arg(long = "log.level", value_name = "LEVEL", value_enum, default_value_t = LogLevel::Info)]
    level: LogLevel,

    /// How a line of the log looks
    #[arg(long = "log.format", value_name = "FORMAT", value_enum, default_value_t = LogFormat::Logfmt)]
    format: LogFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Logfmt,
    Json,
}

impl LogFlags {
    /// Starts the log of the process.
    pub(super) fn start(&self) -> Result<(), Failure> {
        let lines = match self.format {
            LogFormat::Logfmt => tracing_logfmt::builder()
                .layer()
                .with_writer(std::io::stderr)
                .boxed(),
            LogFormat::Json => tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_writer(std::io::stderr)
                .boxed(),
        };
        tracing_subscriber::registry()
            .with(lines.with_filter(self.filter()))
            .try_init()
            .map_err(Failure::run)
    }

    /// Libraries may warn and no more: at lower levels they log requests with
    /// their headers, which hold signatures and tokens.
    fn filter(&self) -> Targets {
        let level = match self.level {
            LogLevel::Error => Level::ERROR,
            LogLevel::Warn => Level::WARN,
            LogLevel::Info => Level::INFO,
            LogLevel::Debug => Level::DEBUG,
            LogLevel::Trace => Level::TRACE,
        };
        Targets::new()
            .with_default(LevelFilter::from_level(level.min(Level::WARN)))
            .with_target(env!("CARGO_CRATE_NAME"), level)
    }
}
