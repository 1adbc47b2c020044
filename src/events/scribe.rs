//! From events to JSON.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::event::{Anomaly, Event, Sessions, What};
use super::kind::Kind;
use crate::clock;
use crate::fleet::Pseudonyms;
use crate::model::{Rule, UserState};
use crate::signature::hex;

/// How users are named in events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Naming {
    /// By their names.
    #[default]
    Plain,
    /// By the pseudonyms that the labels have, too.
    Pseudonym(Pseudonyms),
    /// Not at all: events about users do not say about which.
    None,
}

/// Puts events into words. What it may not tell is not in them, and is not in
/// the ids either.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scribe {
    /// How users are named.
    pub naming: Naming,
    /// Whether the addresses of clients are told.
    pub client_ip: bool,
}

/// An event as it leaves the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is about.
    pub kind: Kind,
    /// A JSON object in one line, without the line feed.
    pub json: Arc<str>,
}

impl Scribe {
    /// Writes events of one look down, in their order.
    ///
    /// The id of an event is a digest of everything else in it. Events of one
    /// look that do not differ in what may be told of them are numbered in the
    /// digest, so that they remain as many as they are.
    pub fn write(&self, events: &[Event]) -> Vec<Record> {
        let mut seen: HashMap<String, u32> = HashMap::new();
        let write = |event: &Event| {
            let body = self.body(event);
            let number = seen.get(&body).copied().unwrap_or(0);
            let json = with_id(&body, number);
            seen.insert(body, number + 1);
            Record {
                kind: event.kind(),
                json: json.into(),
            }
        };
        events.iter().map(write).collect()
    }

    /// All fields but the id.
    #[expect(
        clippy::expect_used,
        reason = "texts, numbers and truth values can be serialized"
    )]
    fn body(&self, event: &Event) -> String {
        let body = Body {
            time: seconds(event.time),
            kind: event.kind().as_str(),
            sag_id: event.origin.sag_id.as_str(),
            account: event.origin.account.as_str(),
            region: event.origin.region.as_str(),
            user: event.user.as_deref().and_then(|name| self.name(name)),
            details: self.details(event),
        };
        serde_json::to_string(&body).expect("an object of texts and numbers")
    }

    fn name(&self, name: &str) -> Option<String> {
        match &self.naming {
            Naming::Plain => Some(name.to_owned()),
            Naming::Pseudonym(pseudonyms) => Some(pseudonyms.of(name)),
            Naming::None => None,
        }
    }

    fn details(&self, event: &Event) -> Details {
        match &event.what {
            What::SessionStarted(sessions) => self.sessions(sessions),
            What::SessionEnded(sessions) => {
                let start = sessions.known.and_then(|session| session.started);
                let lasted = start.map(|start| clock::between(start, event.time));
                Details {
                    duration_seconds: lasted.map(|time| time.as_secs()),
                    ..self.sessions(sessions)
                }
            }
            What::AnomalyRaised(anomaly) | What::AnomalyCleared(anomaly) => self.anomaly(anomaly),
            What::AccountCreated { state, bandwidth } => Details {
                enabled: state.map(|state| state == UserState::Enabled),
                bandwidth_kbps: bandwidth.map(|kbps| kbps.0),
                ..Details::default()
            },
            What::AccountRemoved | What::AccountEnabled | What::AccountDisabled => {
                Details::default()
            }
            What::BandwidthChanged { before, now } => Details {
                bandwidth_kbps: Some(now.0),
                bandwidth_kbps_before: Some(before.0),
                ..Details::default()
            },
        }
    }

    fn sessions(&self, sessions: &Sessions) -> Details {
        let known = sessions.known;
        let address = known.and_then(|session| session.client_ip);
        Details {
            count: Some(sessions.count),
            start: known.and_then(|session| session.started).map(seconds),
            client_ip: address.filter(|_| self.client_ip),
            after: sessions.after.map(seconds),
            ..Details::default()
        }
    }

    fn anomaly(&self, anomaly: &Anomaly) -> Details {
        let discreet = discreet(anomaly.rule).filter(|_| !self.client_ip);
        Details {
            rule: Some(anomaly.rule.as_str()),
            since: Some(seconds(anomaly.since)),
            reason: Some(discreet.unwrap_or(&anomaly.reason).to_owned()),
            ..Details::default()
        }
    }
}

/// The fields in the order in which they are written.
#[derive(Serialize)]
struct Body<'a> {
    time: String,
    kind: &'static str,
    sag_id: &'a str,
    account: &'a str,
    region: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(flatten)]
    details: Details,
}

/// The fields that only some kinds have.
#[derive(Default, Serialize)]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bandwidth_kbps: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bandwidth_kbps_before: Option<u32>,
}

/// What the rules say of addresses, without the addresses.
fn discreet(rule: Rule) -> Option<&'static str> {
    match rule {
        Rule::DuplicateIp => Some("another user is online from the same address"),
        Rule::StaticIpMismatch => Some("online from another address than the static one"),
        Rule::DisabledOnline
        | Rule::ConcurrentSessions
        | Rule::LongSession
        | Rule::Flapping
        | Rule::MassDisconnect
        | Rule::BandwidthDrift
        | Rule::Dormant
        | Rule::ClockSkew => None,
    }
}

/// Seconds are as exact as the cloud's own times, and as sweeps are.
fn seconds(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// The event with its id in front.
fn with_id(body: &str, number: u32) -> String {
    let digest = Sha256::new()
        .chain_update(body)
        .chain_update(number.to_be_bytes())
        .finalize();
    let id = hex(digest.get(..ID_BYTES).unwrap_or(&digest));
    let fields = body.strip_prefix('{').unwrap_or(body);
    format!("{{\"id\":\"{id}\",{fields}")
}

/// With 128 bits no two events ever share an id by chance.
const ID_BYTES: usize = 16;
