//! The columns that are the same in JSON, CSV and the table.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use super::table::{Align, Cell, Table, yes_no};
use crate::app::users::Entry;
use crate::cli::exit::Failure;
use crate::cli::output::Colour;
use crate::clock;
use crate::model::{ClientUser, SagId, Session, UserState};

/// One account. What is not known is null, and empty in CSV.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Record<'a> {
    pub(super) sag_id: &'a str,
    pub(super) user: &'a str,
    pub(super) enabled: Option<bool>,
    pub(super) static_ip: Option<bool>,
    pub(super) client_ip: Option<IpAddr>,
    pub(super) bandwidth_kbps: Option<u32>,
    pub(super) acceleration_bandwidth_kbps: Option<u32>,
    pub(super) online_clients: Option<u32>,
}

/// One session.
#[derive(Debug, Clone, Serialize)]
pub(super) struct SessionRecord {
    pub(super) client_ip: Option<IpAddr>,
    /// In UTC, as RFC 3339 has it.
    pub(super) started: Option<String>,
    pub(super) age_seconds: Option<u64>,
}

impl<'a> Record<'a> {
    pub(super) fn new(
        sag_id: &'a SagId,
        user: &'a ClientUser,
        online_clients: Option<u32>,
    ) -> Self {
        Self {
            sag_id: sag_id.as_str(),
            user: user.name.as_str(),
            enabled: user.state.map(|state| state == UserState::Enabled),
            static_ip: user.static_ip,
            client_ip: user.client_ip,
            bandwidth_kbps: user.bandwidth.map(|kbps| kbps.0),
            acceleration_bandwidth_kbps: user.acceleration_bandwidth.map(|kbps| kbps.0),
            online_clients,
        }
    }
}

impl<'a> From<&'a Entry> for Record<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self::new(&entry.sag_id, &entry.user, entry.online_clients)
    }
}

impl SessionRecord {
    pub(super) fn new(session: &Session, now: Timestamp) -> Self {
        let age = session.started.map(|started| clock::between(started, now));
        Self {
            client_ip: session.client_ip,
            started: session.started.map(|started| started.to_string()),
            age_seconds: age.map(|age| age.as_secs()),
        }
    }

    /// For people, on one line.
    pub(super) fn sentence(&self) -> String {
        let from = self.client_ip.map_or("-".to_owned(), |ip| ip.to_string());
        match (&self.started, self.age_seconds) {
            (Some(started), Some(age)) => format!("{from:<15}  since {started}, {}", time(age)),
            _ => format!("{from:<15}  since nobody knows when"),
        }
    }
}

/// Accounts in columns, for people.
pub(super) fn table(records: &[Record<'_>]) -> Table {
    let mut table = Table::new([
        ("SAG_ID", Align::Left),
        ("USER", Align::Left),
        ("ENABLED", Align::Left),
        ("STATIC_IP", Align::Left),
        ("CLIENT_IP", Align::Left),
        ("KBPS", Align::Right),
        ("ACCEL_KBPS", Align::Right),
        ("ONLINE", Align::Right),
    ]);
    for record in records {
        let enabled = Cell::known(record.enabled.map(yes_no));
        let online = Cell::known(record.online_clients);
        table.row([
            Cell::new(record.sag_id),
            Cell::new(record.user),
            match record.enabled {
                Some(false) => enabled.colour(Colour::Bad),
                _ => enabled,
            },
            Cell::known(record.static_ip.map(yes_no)),
            Cell::known(record.client_ip),
            Cell::known(record.bandwidth_kbps),
            Cell::known(record.acceleration_bandwidth_kbps),
            match record.online_clients {
                Some(1..) => online.colour(Colour::Good),
                _ => online,
            },
        ]);
    }
    table
}

/// Anything as JSON with a line end.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::run)?;
    Ok(text + "\n")
}

/// Records as CSV (RFC 4180 but for line ends) with these headings, which must be
/// the fields of the records. Text is as the cloud has it: `set --from-file` reads
/// it again.
pub(super) fn csv<T: Serialize>(headings: &[&str], records: &[T]) -> Result<String, Failure> {
    let builder = &mut csv::WriterBuilder::new();
    let mut writer = builder.has_headers(false).from_writer(Vec::new());
    writer.write_record(headings).map_err(Failure::run)?;
    for record in records {
        writer.serialize(record).map_err(Failure::run)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Failure::run(error.to_string()))?;
    String::from_utf8(bytes).map_err(Failure::run)
}

/// The columns of [`Record`].
pub(super) const COLUMNS: [&str; 8] = [
    "sag_id",
    "user",
    "enabled",
    "static_ip",
    "client_ip",
    "bandwidth_kbps",
    "acceleration_bandwidth_kbps",
    "online_clients",
];

/// Seconds for people.
pub(super) fn time(seconds: u64) -> humantime::FormattedDuration {
    humantime::format_duration(std::time::Duration::from_secs(seconds))
}
