//! The truth about the world, for tests to compare answers with.

use std::net::Ipv4Addr;

use jiff::Timestamp;

use crate::sim::world::instance::Instance;
use crate::sim::world::person::{Person, Session};

/// The whole world at a moment. Sessions are those of that moment, also of one
/// in the past; which users and instances there are is as of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// The moment.
    pub at: Timestamp,
    /// The instances, in the order in which they were made.
    pub instances: Vec<InstanceTruth>,
}

/// An instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceTruth {
    /// The id.
    pub sag_id: String,
    /// The region.
    pub region: String,
    /// The name that people gave it.
    pub name: String,
    /// How many users may exist.
    pub account_quota: usize,
    /// The bandwidth, in Mbit/s.
    pub max_bandwidth_mbps: u32,
    /// End of the subscription.
    pub end: Timestamp,
    /// The users, in the order of the list.
    pub users: Vec<UserTruth>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserTruth {
    /// The name, unique within the instance.
    pub name: String,
    /// The e-mail address.
    pub mail: String,
    /// Whether the user may log in.
    pub enabled: bool,
    /// The bandwidth, in Kbit/s.
    pub bandwidth_kbps: u32,
    /// The application acceleration bandwidth, in Kbit/s.
    pub acceleration_kbps: u32,
    /// Whether the address is fixed.
    pub static_ip: bool,
    /// The address that the list of users shows, which may be stale.
    pub listed_ip: Option<Ipv4Addr>,
    /// The sessions, oldest first.
    pub sessions: Vec<SessionTruth>,
}

/// A session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTruth {
    /// The tunnel address.
    pub client_ip: Ipv4Addr,
    /// When it started, to the second.
    pub started: Timestamp,
}

/// What a user that is created by hand is like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewUser {
    /// The bandwidth in Kbit/s, drawn unless given.
    pub bandwidth_kbps: Option<u32>,
    /// The e-mail address, made from the name unless given.
    pub mail: Option<String>,
    /// Whether the address is fixed.
    pub static_ip: bool,
}

impl Truth {
    /// The instance with this id.
    pub fn instance(&self, sag_id: &str) -> Option<&InstanceTruth> {
        self.instances.iter().find(|found| found.sag_id == sag_id)
    }

    /// The user of this instance.
    pub fn user(&self, sag_id: &str, user: &str) -> Option<&UserTruth> {
        self.instance(sag_id)?.user(user)
    }
}

impl InstanceTruth {
    pub(crate) fn of(instance: &Instance, now: i64) -> Self {
        let digits = |c: char| !c.is_ascii_digit();
        let people = instance.people();
        Self {
            sag_id: instance.sag_id.clone(),
            region: instance.region.to_owned(),
            name: instance.name.clone(),
            account_quota: instance.account_quota,
            max_bandwidth_mbps: instance
                .max_bandwidth
                .replace(digits, "")
                .parse()
                .unwrap_or(0),
            end: Timestamp::from_millisecond(instance.end_ms).unwrap_or(Timestamp::MAX),
            users: people
                .map(|(name, person)| UserTruth::of(name, person, now))
                .collect(),
        }
    }

    /// The user with this name.
    pub fn user(&self, name: &str) -> Option<&UserTruth> {
        self.users.iter().find(|user| user.name == name)
    }

    /// How many users have at least one session.
    pub fn online_users(&self) -> usize {
        let users = self.users.iter();
        users.filter(|user| !user.sessions.is_empty()).count()
    }

    /// How many sessions there are.
    pub fn online_clients(&self) -> usize {
        self.users.iter().map(|user| user.sessions.len()).sum()
    }
}

impl UserTruth {
    pub(crate) fn of(name: &str, person: &Person, now: i64) -> Self {
        let sessions = person.sessions(now);
        Self {
            name: name.to_owned(),
            mail: person.mail.clone(),
            enabled: person.enabled,
            bandwidth_kbps: person.bandwidth_at(now),
            acceleration_kbps: person.acceleration_kbps,
            static_ip: person.static_ip,
            listed_ip: person.listed_ip(),
            sessions: sessions.into_iter().map(SessionTruth::from).collect(),
        }
    }
}

impl From<Session> for SessionTruth {
    fn from(session: Session) -> Self {
        Self {
            client_ip: session.client_ip,
            started: Timestamp::from_second(session.started).unwrap_or(Timestamp::MAX),
        }
    }
}
