//! `users list`: accounts, with who is online.

use std::io::{self, Write as _};

use clap::{Args, ValueEnum};

use super::bar::Bar;
use super::record::{self, COLUMNS, Record};
use super::{CommonFlags, Format, over_users, reading};
use crate::app::users::{Filter, Gap, SortKey, sort};
use crate::cli::exit::Failure;
use crate::cli::output::{Paint, print};
use crate::config::Environment;
use crate::rules::Pattern;

/// The flags of `users list`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which accounts")]
pub(super) struct Flags {
    /// Names: * stands for any text, ? for any character [default: all]
    #[arg(value_name = "GLOB", value_parser = Pattern::parse)]
    glob: Option<Pattern>,

    /// The same as a flag
    #[arg(long = "match", value_name = "GLOB", value_parser = Pattern::parse)]
    #[arg(conflicts_with = "glob")]
    matching: Option<Pattern>,

    /// Only those who are online
    #[arg(long)]
    online: bool,

    /// Only those who may not log in
    #[arg(long)]
    disabled: bool,

    /// Only those with a fixed address
    #[arg(long)]
    static_ip: bool,

    /// The column by which they are sorted
    #[arg(long, value_name = "COLUMN", value_enum, default_value_t = Column::SagId)]
    sort: Column,

    /// From the highest to the lowest; what is not known stays last
    #[arg(long)]
    reverse: bool,

    #[command(flatten)]
    common: CommonFlags,
}

/// The columns by their names.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Column {
    SagId,
    User,
    Enabled,
    StaticIp,
    ClientIp,
    BandwidthKbps,
    AccelerationBandwidthKbps,
    OnlineClients,
}

pub(super) fn run(flags: Flags, environment: Environment, paint: Paint) -> Result<(), Failure> {
    let setting = flags.common.resolve(environment, paint)?;
    let filter = Filter {
        names: flags.glob.or(flags.matching),
        online: flags.online,
        disabled: flags.disabled,
        static_ip: flags.static_ip,
    };
    let mut roll = over_users(setting.options, async |users, shutdown| {
        let bar = Bar::new("finding instances");
        let list = async { Ok(users.list(&filter, &bar).await) };
        reading(list, &shutdown).await
    })?;
    sort(&mut roll.entries, flags.sort.into(), flags.reverse);
    let records: Vec<Record<'_>> = roll.entries.iter().map(Record::from).collect();
    print(&match setting.format {
        Format::Table => record::table(&records).render(setting.paint),
        Format::Json => record::json(&records)?,
        Format::Csv => record::csv(&COLUMNS, &records)?,
    })?;
    complain(&roll.gaps)
}

/// What is printed is true, and not all.
pub(super) fn complain(gaps: &[Gap]) -> Result<(), Failure> {
    if gaps.is_empty() {
        return Ok(());
    }
    let mut err = io::stderr().lock();
    for gap in gaps {
        // Without standard error there is nobody left to tell.
        let _ = writeln!(err, "{gap}");
    }
    Err(Failure::run("not everything could be read"))
}

impl From<Column> for SortKey {
    fn from(column: Column) -> Self {
        match column {
            Column::SagId => Self::SagId,
            Column::User => Self::User,
            Column::Enabled => Self::Enabled,
            Column::StaticIp => Self::StaticIp,
            Column::ClientIp => Self::ClientIp,
            Column::BandwidthKbps => Self::Bandwidth,
            Column::AccelerationBandwidthKbps => Self::AccelerationBandwidth,
            Column::OnlineClients => Self::OnlineClients,
        }
    }
}

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter users list --config.file=sag-exporter.yml --online
  sag-exporter users list '*@example.com' --sort=online_clients --reverse \\
      --config.file=sag-exporter.yml
  sag-exporter users list --sag.instance=sag-abc123 -o csv \\
      --config.file=sag-exporter.yml > users.csv
      `users set --from-file=users.csv` reads this file when it was edited.

Exit codes: 0 if everything could be read, 1 if not; what could be read is
printed all the same.";
