//! What outlives the process: of each user, when it was last seen online and,
//! where everything was put down in the end, its sessions.

use std::sync::Arc;

use jiff::Timestamp;

use super::column::{Names, moment_seconds, pack_moment, unpack_moment};
use super::fold::MAX_KNOWN_SESSIONS;
use super::instance::InstanceSnapshot;
use super::keys::{AddressKey, UserKey, UserKeys};
use super::presence::{NEVER, Presence};
use crate::model::{AccountName, Session};

/// What is remembered of an instance. It holds no name of a user and no
/// address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// The cloud account of the instance.
    pub account: AccountName,
    /// When the instance was last observed.
    pub at: Timestamp,
    users: Box<[Remembered]>,
}

/// What is remembered of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Who it is.
    pub key: UserKey,
    /// When the user was last seen online, in seconds since 1970.
    pub last_online_seconds: Option<u32>,
    /// The last observation of its sessions, if it is certain that nobody has
    /// counted anything since.
    pub last_seen: Option<Box<LastSeen>>,
}

/// The sessions of a user when they were last observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSeen {
    at_seconds: u32,
    count: u32,
    known: Box<[KnownSession]>,
}

/// What tells a session from others of the same user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownSession {
    /// When it started, in seconds since 1970.
    pub started_seconds: Option<u32>,
    /// The address from which it came.
    pub address: Option<AddressKey>,
}

/// How much is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What stays true whatever happens next.
    Lasting,
    /// The sessions too, because nobody will count anything any more.
    Everything,
}

/// A memory, and what is needed to find somebody in it.
#[derive(Debug, Clone)]
pub struct Recalled {
    /// Makes the keys that the memory holds.
    pub keys: Arc<UserKeys>,
    /// What is remembered.
    pub memory: Arc<Memory>,
}

impl Memory {
    /// The memory of these users. Of a user that comes twice one entry counts.
    pub fn new(account: AccountName, at: Timestamp, mut users: Vec<Remembered>) -> Self {
        users.sort_unstable_by_key(|user| user.key);
        users.dedup_by_key(|user| user.key);
        Self {
            account,
            at,
            users: users.into_boxed_slice(),
        }
    }

    /// The users in the order of their keys.
    pub fn users(&self) -> &[Remembered] {
        &self.users
    }

    /// Forgets everything but what stays true.
    pub fn forget_sessions(&mut self) {
        for user in &mut self.users {
            user.last_seen = None;
        }
    }

    fn find(&self, key: UserKey) -> Option<&Remembered> {
        let place = self.users.binary_search_by_key(&key, |user| user.key);
        self.users.get(place.ok()?)
    }
}

impl LastSeen {
    /// So many sessions, and those of them that are known one by one, of which
    /// no more are kept than anybody would tell apart.
    pub fn new(at_seconds: u32, count: u32, mut known: Vec<KnownSession>) -> Self {
        known.truncate(MAX_KNOWN_SESSIONS);
        let least = u32::try_from(known.len()).unwrap_or(u32::MAX);
        Self {
            at_seconds,
            count: count.max(least),
            known: known.into_boxed_slice(),
        }
    }

    /// When they were observed, in seconds since 1970.
    pub fn at_seconds(&self) -> u32 {
        self.at_seconds
    }

    /// How many there were, at least as many as are known.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Those that are known one by one.
    pub fn known(&self) -> &[KnownSession] {
        &self.known
    }
}

impl KnownSession {
    /// The session, as far as it is remembered in clear.
    pub(super) fn without_address(&self) -> Session {
        Session {
            started: self.started_seconds.and_then(unpack_moment),
            client_ip: None,
        }
    }
}

impl Recalled {
    /// What is remembered of the user with this name.
    pub fn find(&self, name: &str) -> Option<&Remembered> {
        self.memory.find(self.keys.of(name))
    }

    /// Whether a remembered session is this one of the same user, as far as both
    /// are known wholly.
    pub(super) fn is_same(&self, user: UserKey, old: &KnownSession, new: &Session) -> bool {
        old.started_seconds.is_some() == new.started.is_some()
            && old.address.is_some() == new.client_ip.is_some()
            && self.may_be_same(user, old, new)
    }

    /// Whether nothing that is known of the two tells them apart.
    pub(super) fn may_be_same(&self, user: UserKey, old: &KnownSession, new: &Session) -> bool {
        let started = moment_seconds(pack_moment(new.started));
        let same_start = match (old.started_seconds, started) {
            (Some(old), Some(new)) => old == new,
            _ => true,
        };
        let same_address = match (old.address, new.client_ip) {
            (Some(old_key), Some(new)) => {
                self.keys.of_address(user, old.started_seconds, new) == old_key
            }
            _ => true,
        };
        same_start && same_address
    }

    /// What is left of it after an observation: those of the named users who
    /// were not observed yet. Of users whom no list has named so far nothing is
    /// known either, unless a list was whole.
    pub(super) fn after(self, names: &Names, presence: &Presence, is_whole: bool) -> Option<Self> {
        if !is_whole {
            return Some(self);
        }
        let waiting = (0..names.len()).filter(|row| presence.age(*row) == NEVER);
        let waiting = waiting.filter_map(|row| names.get(row));
        let left: Vec<Remembered> = waiting
            .filter_map(|name| self.find(name))
            .cloned()
            .collect();
        if left.is_empty() {
            return None;
        }
        if left.len() == self.memory.users.len() {
            return Some(self);
        }
        let memory = Memory::new(self.memory.account.clone(), self.memory.at, left);
        Some(Self {
            memory: Arc::new(memory),
            ..self
        })
    }
}

impl InstanceSnapshot {
    /// What is to outlive the process. A user who was not observed yet is
    /// remembered as before. It takes a digest for each user.
    pub fn remember(&self, keys: &UserKeys, extent: Extent) -> Memory {
        // Keys of another make cannot be compared.
        let recalled = self.recalled().filter(|recalled| *recalled.keys == *keys);
        let old = recalled.map(|recalled| &*recalled.memory);
        let names = self.names();
        let mut users: Vec<Remembered> = Vec::with_capacity(names.len());
        for row in 0..names.len() {
            let key = keys.of(names.get(row).unwrap_or_default());
            let waiting = old.filter(|_| self.presence().age(row) == NEVER);
            users.push(match waiting.and_then(|old| old.find(key)) {
                Some(waiting) => waiting.clone(),
                None => remembered(self.presence(), row, key, keys, extent),
            });
        }
        let (account, at) = (self.instance().account.clone(), self.at());
        // They are there until a whole list has named the users.
        let unnamed = old.map_or(&[][..], Memory::users);
        let memory = Memory::new(account, at, users);
        let mut memory = match unnamed {
            [] => memory,
            unnamed => memory.joined(unnamed),
        };
        if extent == Extent::Lasting {
            memory.forget_sessions();
        }
        memory
    }
}

impl Memory {
    /// With those who are not in it yet.
    fn joined(self, more: &[Remembered]) -> Self {
        let new = more.iter().filter(|user| self.find(user.key).is_none());
        let new: Vec<Remembered> = new.cloned().collect();
        let mut users = self.users.into_vec();
        users.extend(new);
        Self::new(self.account, self.at, users)
    }
}

fn remembered(
    presence: &Presence,
    row: usize,
    key: UserKey,
    keys: &UserKeys,
    extent: Extent,
) -> Remembered {
    let at_seconds = moment_seconds(presence.observed(row)).filter(|_| presence.age(row) != NEVER);
    let last_seen = at_seconds.filter(|_| extent == Extent::Everything);
    Remembered {
        key,
        last_online_seconds: moment_seconds(presence.last_online(row)),
        last_seen: last_seen.map(|at| Box::new(seen(presence, row, at, (key, keys)))),
    }
}

fn seen(presence: &Presence, row: usize, at: u32, (user, keys): (UserKey, &UserKeys)) -> LastSeen {
    let mut known = Vec::new();
    let online = presence.read(row, &mut known);
    let sessions = online.known.iter().map(|session| {
        let started_seconds = moment_seconds(pack_moment(session.started));
        let address = session.client_ip;
        KnownSession {
            started_seconds,
            address: address.map(|address| keys.of_address(user, started_seconds, address)),
        }
    });
    LastSeen::new(at, online.count, sessions.collect())
}
