//! The lines as `serde` sees them, and what they stand for.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hex::Hex;
use super::{Header, Kept};
use crate::fleet::{self, AddressKey, KnownSession, LastSeen, Remembered, UserKey};
use crate::model::{AccountName, Rule, SagId};
use crate::rules::{self, Standing};

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct First {
    sag_exporter_state: u32,
    written: i64,
    salt: Hex<16>,
    fingerprint: Hex<12>,
}

/// The line of an instance. Moments are seconds since 1970.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    sag_id: Cow<'a, str>,
    #[serde(borrow)]
    account: Cow<'a, str>,
    at: i64,
    users: Vec<User>,
    #[serde(borrow)]
    findings: Vec<Finding<'a>>,
    starts: Vec<(Hex<12>, Vec<i64>)>,
    newcomers: Vec<(Hex<12>, i64)>,
    watched: Option<(i64, i64)>,
    disconnected_until: Option<i64>,
}

/// The key, when the user was last seen online, and its sessions.
#[derive(Debug, Serialize, Deserialize)]
struct User(Hex<12>, Option<u32>, Option<Seen>);

/// When the sessions were observed, how many there were, and those that are
/// known one by one.
#[derive(Debug, Serialize, Deserialize)]
struct Seen(u32, u32, Vec<Session>);

/// The start and the key of the address.
#[derive(Debug, Serialize, Deserialize)]
struct Session(Option<u32>, Option<Hex<8>>);

/// The rule, the user, since when, and why.
#[derive(Debug, Serialize, Deserialize)]
struct Finding<'a>(
    #[serde(borrow)] Cow<'a, str>,
    Option<Hex<12>>,
    i64,
    Option<Cow<'a, str>>,
);

impl First {
    pub(super) fn of(header: &Header) -> Self {
        Self {
            sag_exporter_state: super::VERSION,
            written: header.written.as_second(),
            salt: Hex(header.salt),
            fingerprint: Hex(header.fingerprint.0),
        }
    }

    /// The header, or what is wrong with it.
    pub(super) fn header(&self) -> Result<Header, String> {
        Ok(Header {
            written: moment(self.written)?,
            salt: self.salt.0,
            fingerprint: UserKey(self.fingerprint.0),
        })
    }
}

impl<'a> Line<'a> {
    pub(super) fn of(
        sag_id: &'a SagId,
        fleet: &'a fleet::Memory,
        rules: &'a rules::Memory,
    ) -> Self {
        let starts = rules.starts.iter();
        let newcomers = rules.newcomers.iter();
        Self {
            sag_id: sag_id.as_str().into(),
            account: fleet.account.as_str().into(),
            at: fleet.at.as_second(),
            users: fleet.users().iter().map(User::of).collect(),
            findings: rules.findings.iter().map(Finding::of).collect(),
            starts: starts
                .map(|(key, times)| (Hex(key.0), times.clone()))
                .collect(),
            newcomers: newcomers
                .map(|(key, came)| (Hex(key.0), came.as_second()))
                .collect(),
            watched: rules
                .watched
                .map(|(since, last)| (since.as_second(), last.as_second())),
            disconnected_until: rules.disconnected_until.map(Timestamp::as_second),
        }
    }

    /// What was kept, or what is wrong with it.
    pub(super) fn kept(self) -> Result<Kept, String> {
        let users = self.users.into_iter().map(User::remembered).collect();
        let account = AccountName::parse(&self.account).map_err(|error| error.to_string())?;
        let findings = self.findings.into_iter().map(Finding::standing);
        let findings: Result<Vec<_>, _> = findings.collect();
        let newcomers = self.newcomers.into_iter();
        let newcomers = newcomers.map(|(key, came)| Ok((UserKey(key.0), moment(came)?)));
        let starts = self.starts.into_iter();
        let watched = self
            .watched
            .map(|(since, last)| Ok::<_, String>((moment(since)?, moment(last)?)));
        Ok(Kept {
            sag_id: SagId::parse(&self.sag_id).map_err(|error| error.to_string())?,
            fleet: fleet::Memory::new(account, moment(self.at)?, users),
            rules: rules::Memory {
                findings: findings?.into_iter().flatten().collect(),
                starts: starts.map(|(key, times)| (UserKey(key.0), times)).collect(),
                newcomers: newcomers.collect::<Result<_, String>>()?,
                watched: watched.transpose()?,
                disconnected_until: self.disconnected_until.map(moment).transpose()?,
            },
        })
    }
}

impl User {
    fn of(user: &Remembered) -> Self {
        let seen = user.last_seen.as_deref().map(Seen::of);
        Self(Hex(user.key.0), user.last_online_seconds, seen)
    }

    fn remembered(self) -> Remembered {
        Remembered {
            key: UserKey(self.0.0),
            last_online_seconds: self.1,
            last_seen: self.2.map(|seen| Box::new(seen.last_seen())),
        }
    }
}

impl Seen {
    fn of(seen: &LastSeen) -> Self {
        let known = seen.known().iter().map(|session| {
            let address = session.address.map(|key| Hex(key.0));
            Session(session.started_seconds, address)
        });
        Self(seen.at_seconds(), seen.count(), known.collect())
    }

    fn last_seen(self) -> LastSeen {
        let known = self.2.into_iter().map(|session| KnownSession {
            started_seconds: session.0,
            address: session.1.map(|key| AddressKey(key.0)),
        });
        LastSeen::new(self.0, self.1, known.collect())
    }
}

impl<'a> Finding<'a> {
    fn of(finding: &'a Standing) -> Self {
        Self(
            finding.rule.as_str().into(),
            finding.user.map(|key| Hex(key.0)),
            finding.since.as_second(),
            finding.reason.as_deref().map(Into::into),
        )
    }

    /// `None` for a rule that this version does not have.
    fn standing(self) -> Result<Option<Standing>, String> {
        let Some(rule) = Rule::parse(&self.0) else {
            return Ok(None);
        };
        let reason = self
            .3
            .map(|text| text.chars().take(MAX_REASON_CHARS).collect::<String>());
        Ok(Some(Standing {
            rule,
            user: self.1.map(|key| UserKey(key.0)),
            since: moment(self.2)?,
            reason: reason.map(Arc::from),
        }))
    }
}

fn moment(second: i64) -> Result<Timestamp, String> {
    Timestamp::from_second(second).map_err(|_| format!("{second} is no moment"))
}

/// Longer than any that a rule gives.
const MAX_REASON_CHARS: usize = 500;
