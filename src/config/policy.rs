//! The list `policy`: what is expected of which user.

use std::time::Duration;

use super::decode::{Checked, Cursor, Fields};
use super::scalars::{count, duration, number, parsed};
use crate::model::{BandwidthSetting, Kbps, SagId};
use crate::rules::{Entry, Limits, Pattern, Policy};

/// Decodes the list.
pub(super) fn policy(at: &Cursor<'_>) -> Checked<Policy> {
    let entries = at.list(usize::MAX, "a list of entries with the key match", entry)?;
    Policy::new(entries).or_else(|error| at.refuse(error.to_string()))
}

fn entry(at: &Cursor<'_>) -> Checked<Entry> {
    let mut fields = Fields::open(at, "an entry with the key match")?;
    let users = fields.required(
        "match",
        "a pattern such as \"*\"",
        parsed("a pattern such as \"*\"", Pattern::parse),
    );
    let sag_id = fields.optional("sag_id", parsed("an instance id", SagId::parse));
    let sessions = fields.optional(
        "sessions",
        count("a number of sessions", "1 to 1000", MAX_SESSIONS),
    );
    let session_length = fields.optional("session_length", duration(MINUTE, YEAR));
    let bandwidth = fields.optional("bandwidth", bandwidth);
    let dormant = fields.optional("dormant", duration(MINUTE, YEAR));
    fields.finish();
    Ok(Entry {
        users: users?,
        sag_id: sag_id?,
        limits: Limits {
            sessions: sessions?,
            session_length: session_length?,
            bandwidth: bandwidth?,
            dormant: dormant?,
        },
    })
}

/// Nothing else can be allotted to an account.
fn bandwidth(at: &Cursor<'_>) -> Checked<Kbps> {
    let setting = number("1 to 20000 Kbit/s", BandwidthSetting::new)(at)?;
    Ok(Kbps(setting.kbps()))
}

/// People have a handful of devices; a gateway behind an account has dozens.
const MAX_SESSIONS: u32 = 1_000;

const MINUTE: Duration = Duration::from_secs(60);
const YEAR: Duration = Duration::from_secs(31_557_600);
