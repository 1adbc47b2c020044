//! The keys of the file, from the top.

use std::path::Path;
use std::time::Duration;

use super::account;
use super::decode::{Checked, Cursor, Fields};
use super::scalars::{TRUTH, choice, duration, number, path, whole};
use super::{Account, Config, PseudonymKey, StateFile, defaults, events, policy};
use crate::delivery;
use crate::exposition::{self, UserLabels};
use crate::rules::{self, Policy};
use crate::sweep::{self, PageSize, SessionsMode};

/// Decodes the whole file. Relative paths in it start at `base`.
pub(super) fn config(at: &Cursor<'_>, base: &Path) -> Checked<Config> {
    let mut fields = Fields::open(at, "a mapping with the key accounts")?;
    let accounts = fields.required("accounts", "a list of cloud accounts", |at| {
        accounts(at, base)
    });
    let sweep = fields.or("sweep", sweep::Options::default(), sweep);
    let labels = fields.or("labels", Labels::default(), |at| labels(at, base));
    let policy = fields.or("policy", Policy::default(), policy::policy);
    let user_series = fields.or("limits", None, limits);
    let events = fields.or("events", delivery::Options::default(), |at| {
        events::events(at, base)
    });
    let state = fields.optional("state", |at| state(at, base));
    fields.finish();
    let default = exposition::Options::default();
    let labels = labels?;
    Ok(Config {
        accounts: accounts?,
        sweep: sweep?,
        exposition: exposition::Options {
            user_labels: labels.user,
            user_info: labels.user_info,
            user_series_limit: user_series?.unwrap_or(default.user_series_limit),
        },
        pseudonyms: labels.pseudonyms,
        rules: rules::Options {
            policy: policy?,
            ..rules::Options::default()
        },
        events: events?,
        state: state?,
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

/// How users are named in labels.
#[derive(Default)]
struct Labels {
    user: UserLabels,
    user_info: bool,
    pseudonyms: PseudonymKey,
}

fn labels(at: &Cursor<'_>, base: &Path) -> Checked<Labels> {
    let mut fields = Fields::open(at, "a mapping")?;
    let user = fields.or("user", UserChoice::Plain, choice(USER_LABELS));
    let file = fields.optional("pseudonym_key_file", |at| path(at, base));
    let user_info = fields.or("user_info", false, choice(TRUTH));
    let has_key = match (&user, &file) {
        (Ok(UserChoice::Pseudonym), Ok(None)) => fields.refuse(
            "user is pseudonym without pseudonym_key_file: expected a file with a key such as \
             `openssl rand -hex 32` prints",
        ),
        _ => Ok(()),
    };
    let has_names = match (&user, &user_info) {
        (Ok(UserChoice::None), Ok(true)) => fields.refuse(
            "user_info is true, and user is none: expected names or pseudonyms of users, \
             or no addresses of them",
        ),
        _ => Ok(()),
    };
    fields.finish();
    has_key?;
    has_names?;
    let user = user?;
    Ok(Labels {
        user: match user {
            UserChoice::Plain | UserChoice::Pseudonym => UserLabels::Plain,
            UserChoice::None => UserLabels::None,
        },
        user_info: user_info?,
        pseudonyms: PseudonymKey {
            file: file?,
            in_use: user == UserChoice::Pseudonym,
        },
    })
}

fn limits(at: &Cursor<'_>) -> Checked<Option<u64>> {
    let mut fields = Fields::open(at, "a mapping")?;
    let user_series = fields.optional("user_series", number("0 or more series", series));
    fields.finish();
    user_series
}

fn state(at: &Cursor<'_>, base: &Path) -> Checked<StateFile> {
    let mut fields = Fields::open(at, "a mapping with the key file")?;
    let file = fields.required("file", "the path of a file", |at| path(at, base));
    let interval = fields.or("interval", defaults::STATE_INTERVAL, duration(SECOND, DAY));
    fields.finish();
    Ok(StateFile {
        file: file?,
        interval: interval?,
    })
}

/// Any number will do; the decoder of numbers wants one that may refuse.
fn series(found: u64) -> Result<u64, std::convert::Infallible> {
    Ok(found)
}

/// What the key `user` may say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UserChoice {
    Plain,
    Pseudonym,
    None,
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

const USER_LABELS: &[(&str, Option<UserChoice>)] = &[
    ("plain", Some(UserChoice::Plain)),
    ("pseudonym", Some(UserChoice::Pseudonym)),
    ("none", Some(UserChoice::None)),
];
