//! `users show`: everything about one account, but its e-mail address.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

use clap::Args;
use indicatif::HumanBytes;
use jiff::Timestamp;
use serde::Serialize;

use super::record::{self, COLUMNS, Record, SessionRecord, time};
use super::table::{UNKNOWN, harmless, yes_no};
use super::{CommonFlags, Format, over_users, reading};
use crate::app::users::Dossier;
use crate::cli::exit::Failure;
use crate::cli::output::{Colour, Paint, print};
use crate::clock::Clock;
use crate::config::Environment;
use crate::model::UserName;
use crate::rules::Limits;

/// The flags of `users show`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The account
    #[arg(value_name = "NAME", value_parser = UserName::parse)]
    user: UserName,

    #[command(flatten)]
    common: CommonFlags,
}

/// The object that `-o json` prints.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    record: Record<'a>,
    account: &'a str,
    region: &'a str,
    month_traffic_bytes: Option<u64>,
    traffic_allowance_remaining_bytes: Option<u64>,
    policy: Expected,
    sessions: Option<Vec<SessionRecord>>,
}

/// What the policy expects.
#[derive(Serialize)]
struct Expected {
    sessions: Option<u32>,
    session_length_seconds: Option<u64>,
    bandwidth_kbps: Option<u32>,
    dormant_seconds: Option<u64>,
}

pub(super) fn run(flags: Flags, environment: Environment, paint: Paint) -> Result<(), Failure> {
    let setting = flags.common.resolve(environment, paint)?;
    let user = flags.user;
    let dossier = over_users(setting.options, async |users, shutdown| {
        reading(users.show(&user), &shutdown).await
    })?;
    let document = Document::new(&dossier, Clock::system().now());
    print(&match setting.format {
        Format::Table => document.page(setting.paint).map_err(Failure::run)?,
        Format::Json => record::json(&document)?,
        Format::Csv => document.csv()?,
    })?;
    let mut err = io::stderr().lock();
    for gap in &dossier.gaps {
        // Without standard error there is nobody left to tell.
        let _ = writeln!(err, "{gap}");
    }
    match &dossier.sessions {
        Some(_) => Ok(()),
        None => Err(Failure::run("not everything could be read")),
    }
}

impl<'a> Document<'a> {
    fn new(dossier: &'a Dossier, now: Timestamp) -> Self {
        let sessions = dossier.sessions.as_ref();
        let online = sessions.map(|sessions| u32::try_from(sessions.len()).unwrap_or(u32::MAX));
        let traffic = dossier.traffic.as_ref();
        Self {
            record: Record::new(&dossier.sag_id, &dossier.user, online),
            account: dossier.account.as_str(),
            region: dossier.region.as_str(),
            month_traffic_bytes: traffic.and_then(|traffic| traffic.bytes),
            traffic_allowance_remaining_bytes: traffic
                .and_then(|traffic| traffic.allowance_remaining_bytes),
            policy: Expected::of(&dossier.limits),
            sessions: sessions.map(|sessions| {
                let each = sessions.iter();
                each.map(|session| SessionRecord::new(session, now))
                    .collect()
            }),
        }
    }

    fn page(&self, paint: Paint) -> Result<String, fmt::Error> {
        let mut out = String::new();
        for (name, value) in self.identity(paint).into_iter().chain(self.limits()) {
            line(&mut out, name, value)?;
        }
        if let Some(seconds) = self.policy.dormant_seconds {
            line(
                &mut out,
                "dormant",
                format!("after {} (policy)", time(seconds)),
            )?;
        }
        self.sessions(&mut out)?;
        Ok(out)
    }

    fn identity(&self, paint: Paint) -> Vec<(&'static str, String)> {
        let record = &self.record;
        let (sag_id, account, region) = (record.sag_id, harmless(self.account), self.region);
        let enabled = match record.enabled {
            Some(false) => paint.paint(Colour::Bad, yes_no(false)),
            enabled => known(enabled.map(yes_no)),
        };
        let instance = format!("{sag_id} (account {account}, region {region})");
        vec![
            ("user", paint.paint(Colour::Strong, &harmless(record.user))),
            ("instance", instance),
            ("enabled", enabled),
            ("static ip", known(record.static_ip.map(yes_no))),
            ("client ip", known(record.client_ip)),
        ]
    }

    fn limits(&self) -> Vec<(&'static str, String)> {
        let kbps = |kbps: Option<u32>| known(kbps.map(|kbps| format!("{kbps} Kbit/s")));
        let bytes = |bytes: Option<u64>| known(bytes.map(HumanBytes));
        let bandwidth = kbps(self.record.bandwidth_kbps);
        let acceleration = kbps(self.record.acceleration_bandwidth_kbps);
        let left = bytes(self.traffic_allowance_remaining_bytes);
        vec![
            (
                "bandwidth",
                bandwidth + &expects(self.policy.bandwidth_kbps, "Kbit/s"),
            ),
            ("acceleration", acceleration),
            ("traffic", bytes(self.month_traffic_bytes) + " this month"),
            ("allowance", left + " left"),
        ]
    }

    fn sessions(&self, out: &mut String) -> fmt::Result {
        let count = known(self.record.online_clients);
        let mut expected = expects(self.policy.sessions, "at most");
        if let Some(seconds) = self.policy.session_length_seconds {
            let _ = write!(expected, " (policy: no longer than {})", time(seconds));
        }
        line(out, "sessions", count + &expected)?;
        for session in self.sessions.iter().flatten() {
            writeln!(out, "  {}", session.sentence())?;
        }
        Ok(())
    }

    /// One row: the columns of `users list`, and some more.
    fn csv(&self) -> Result<String, Failure> {
        let mut headings = COLUMNS.to_vec();
        headings.extend([
            "month_traffic_bytes",
            "traffic_allowance_remaining_bytes",
            "oldest_session_started",
        ]);
        // The oldest comes first.
        let mut sessions = self.sessions.iter().flatten();
        let oldest = sessions.next().and_then(|session| session.started.clone());
        let row = (
            &self.record,
            self.month_traffic_bytes,
            self.traffic_allowance_remaining_bytes,
            oldest,
        );
        record::csv(&headings, &[row])
    }
}

impl Expected {
    fn of(limits: &Limits) -> Self {
        Self {
            sessions: limits.sessions.map(Into::into),
            session_length_seconds: limits.session_length.map(|length| length.as_secs()),
            bandwidth_kbps: limits.bandwidth.map(|kbps| kbps.0),
            dormant_seconds: limits.dormant.map(|dormant| dormant.as_secs()),
        }
    }
}

fn line(out: &mut String, name: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(out, "{name:<13} {value}")
}

fn known<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| value.to_string())
}

fn expects(value: Option<u32>, unit: &str) -> String {
    match (value, unit) {
        (None, _) => String::new(),
        (Some(value), "at most") => format!(" (policy: at most {value})"),
        (Some(value), unit) => format!(" (policy: {value} {unit})"),
    }
}

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter users show wei.zhang --config.file=sag-exporter.yml
  sag-exporter users show wei.zhang --sag.instance=sag-abc123 -o json \\
      --config.file=sag-exporter.yml

A name that exists in several instances needs --sag.instance.";
