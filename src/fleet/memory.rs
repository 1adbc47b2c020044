//! What outlives the process: of each user, when it was last seen online and,
//! where everything was put down in the end, its sessions.

use std::collections::HashSet;
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

    /// Whether the user with this key is in it.
    pub fn knows(&self, key: UserKey) -> bool {
        self.find(key).is_some()
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

    /// What is left of it after an observation: those who were not observed yet.
    /// Whoever is not named is still to come as long as no list was whole, but
    /// not if it was found deleted.
    pub(super) fn after(self, step: &Observed<'_>) -> Option<Self> {
        let is_left: Box<dyn Fn(UserKey) -> bool> = if step.is_whole {
            let waiting = self.keys_of(step.names, |row| step.presence.age(row) == NEVER);
            Box::new(move |key| waiting.contains(&key))
        } else {
            let mut done = self.keys_of(step.names, |row| step.presence.age(row) != NEVER);
            done.extend(step.deleted.iter().map(|name| self.keys.of(name)));
            Box::new(move |key| !done.contains(&key))
        };
        let users = self.memory.users.iter();
        let left: Vec<Remembered> = users.filter(|user| is_left(user.key)).cloned().collect();
        if left.is_empty() {
            return None;
        }
        let memory = Memory::new(self.memory.account.clone(), self.memory.at, left);
        Some(Self {
            memory: Arc::new(memory),
            ..self
        })
    }

    fn keys_of(&self, names: &Names, wanted: impl Fn(usize) -> bool) -> HashSet<UserKey> {
        let rows = (0..names.len()).filter(|row| wanted(*row));
        let names = rows.filter_map(|row| names.get(row));
        names.map(|name| self.keys.of(name)).collect()
    }
}

/// The users after an observation.
#[derive(Debug)]
pub(super) struct Observed<'a> {
    pub(super) names: &'a Names,
    pub(super) presence: &'a Presence,
    /// Those who were found deleted.
    pub(super) deleted: &'a [Box<str>],
    /// Whether some list so far was whole, so that no user is missing.
    pub(super) is_whole: bool,
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
    let sessions = online.known.iter();
    let sessions = sessions.map(|session| known_session(session, user, keys));
    LastSeen::new(at, online.count, sessions.collect())
}

fn known_session(session: &Session, user: UserKey, keys: &UserKeys) -> KnownSession {
    let started_seconds = moment_seconds(pack_moment(session.started));
    let address = session.client_ip;
    KnownSession {
        started_seconds,
        address: address.map(|address| keys.of_address(user, started_seconds, address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session from its address and its start; `_` is unknown.
    fn session(text: &str) -> Session {
        let (address, start) = text.split_once('@').unwrap();
        let second = start.parse().ok();
        Session {
            client_ip: address.parse().ok(),
            started: second.map(|second| Timestamp::from_second(second).unwrap()),
        }
    }

    #[test]
    fn a_session_is_recognised_by_start_and_address() {
        let keys = Arc::new(UserKeys::new([1; 16], None));
        let user = keys.of("a");
        let memory = Memory::new(
            AccountName::parse("main").unwrap(),
            Timestamp::UNIX_EPOCH,
            Vec::new(),
        );
        let recalled = Recalled {
            keys: Arc::clone(&keys),
            memory: Arc::new(memory),
        };
        let check = |old: &str, new: &str, expected: (bool, bool)| {
            let (old, new) = (known_session(&session(old), user, &keys), session(new));
            let found = (
                recalled.is_same(user, &old, &new),
                recalled.may_be_same(user, &old, &new),
            );
            assert_eq!(found, expected, "{old:?} {new:?}");
        };
        check("10.0.0.1@100", "10.0.0.1@100", (true, true));
        check("10.0.0.1@100", "10.0.0.2@100", (false, false));
        check("10.0.0.1@100", "10.0.0.1@101", (false, false));
        check("10.0.0.1@100", "10.0.0.1@_", (false, true));
        check("10.0.0.1@_", "10.0.0.1@100", (false, true));
        check("10.0.0.1@_", "10.0.0.2@100", (false, false));
        check("_@100", "10.0.0.2@100", (false, true));
        check("_@_", "_@_", (true, true));
    }

    #[test]
    fn more_sessions_than_anybody_tells_apart_are_only_counted() {
        let known = KnownSession {
            started_seconds: None,
            address: None,
        };
        let seen = LastSeen::new(7, 1, vec![known; MAX_KNOWN_SESSIONS + 1]);
        assert_eq!(seen.known().len(), MAX_KNOWN_SESSIONS);
        assert_eq!(seen.count() as usize, MAX_KNOWN_SESSIONS, "none is lost");
    }
}
