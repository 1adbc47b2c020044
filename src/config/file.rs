//! The keys of the file, from the top.

use std::path::Path;
use std::time::Duration;

use super::account;
use super::decode::{Checked, Cursor, Fields};
use super::scalars::{choice, duration, number, whole};
use super::{Account, Config};
use crate::exposition::{self, UserLabels};
use crate::sweep::{self, PageSize, SessionsMode};

/// Decodes the whole file. Relative paths in it start at `base`.
pub(super) fn config(at: &Cursor<'_>, base: &Path) -> Checked<Config> {
    let mut fields = Fields::open(at, "a mapping with the key accounts")?;
    let accounts = fields.required("accounts", "a list of cloud accounts", |at| {
        accounts(at, base)
    });
    let sweep = fields.or("sweep", sweep::Options::default(), sweep);
    let exposition = fields.or("labels", exposition::Options::default(), labels);
    fields.later(&["limits", "policy"]);
    fields.finish();
    Ok(Config {
        accounts: accounts?,
        sweep: sweep?,
        exposition: exposition?,
    })
}

fn accounts(at: &Cursor<'_>, base: &Path) -> Checked<Vec<Account>> {
    let accounts = at.list(MAX_ACCOUNTS, "a list of cloud accounts", |at| {
        account::account(at, base)
    })?;
    if accounts.is_empty() {
        return at.refuse("an empty list: expected at least one cloud account");
    }
    Ok(accounts)
}

fn sweep(at: &Cursor<'_>) -> Checked<sweep::Options> {
    let default = sweep::Options::default();
    let mut fields = Fields::open(at, "a mapping")?;
    let interval = fields.or("interval", default.interval, duration(SECOND, DAY));
    let accounts_interval = fields.or(
        "accounts_interval",
        default.accounts_interval,
        duration(SECOND, 7 * DAY),
    );
    let retain = fields.or(
        "retain",
        default.retain,
        whole("a number of sweeps", "0 to 1000", 0, 1000),
    );
    let page_size = fields.or(
        "page_size",
        default.page_size,
        number("1 to 100", PageSize::new),
    );
    let sessions = fields.or("sessions", default.sessions, choice(SESSIONS));
    let traffic_interval = fields.or(
        "traffic_interval",
        default.traffic_interval,
        duration(Duration::ZERO, 7 * DAY),
    );
    let order = match (interval, accounts_interval) {
        (Ok(interval), Ok(accounts)) if accounts < interval => fields.refuse(format!(
            "accounts_interval ({}) is shorter than interval ({}): expected at least as long",
            humantime::format_duration(accounts),
            humantime::format_duration(interval)
        )),
        _ => Ok(()),
    };
    fields.finish();
    order?;
    Ok(sweep::Options {
        interval: interval?,
        accounts_interval: accounts_interval?,
        traffic_interval: traffic_interval?,
        retain: retain?,
        page_size: page_size?,
        sessions: sessions?,
        ..default
    })
}

fn labels(at: &Cursor<'_>) -> Checked<exposition::Options> {
    let default = exposition::Options::default();
    let mut fields = Fields::open(at, "a mapping")?;
    let user_labels = fields.or("user", default.user_labels, choice(USER_LABELS));
    fields.later(&["pseudonym_key_file", "user_info"]);
    fields.finish();
    Ok(exposition::Options {
        user_labels: user_labels?,
        ..default
    })
}

/// A cloud account is an entity of contract and billing: organisations have
/// dozens, not hundreds.
const MAX_ACCOUNTS: usize = 500;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const SESSIONS: &[(&str, Option<SessionsMode>)] = &[
    ("auto", Some(SessionsMode::Auto)),
    ("each", Some(SessionsMode::Each)),
];

const USER_LABELS: &[(&str, Option<UserLabels>)] = &[
    ("plain", Some(UserLabels::Plain)),
    ("none", Some(UserLabels::None)),
    ("pseudonym", None),
];
