//! The sessions of the users of an instance: dense columns for what every user
//! has, sparse ones for the few who are online.

use std::ops::Range;

use jiff::Timestamp;

use super::column::{
    Addresses, AddressesBuilder, count, index, pack_moment, rows_of, unpack_moment,
};
use super::ledger::Online;
use super::memory::Remembered;
use super::moments::Moments;
use crate::model::Session;

/// A row for each user of a roster, in its order.
#[derive(Debug, Default)]
pub(super) struct Presence {
    ages: Box<[u8]>,
    observed: Moments,
    last_online: Box<[u32]>,
    online: Box<[u32]>,
    counts: Box<[u32]>,
    ends: Box<[u32]>,
    starts: Box<[u32]>,
    addresses: Addresses,
}

impl Presence {
    /// How many sweeps ago the sessions of the user were observed: 0 in the
    /// last one, [`NEVER`] if not yet.
    #[inline]
    pub(super) fn age(&self, row: usize) -> u8 {
        self.ages.get(row).copied().unwrap_or(NEVER)
    }

    /// When the user was last seen online, packed.
    #[inline]
    pub(super) fn last_online(&self, row: usize) -> u32 {
        self.last_online.get(row).copied().unwrap_or(u32::MAX)
    }

    /// When the sessions of the user were last observed, packed.
    #[inline]
    pub(super) fn observed(&self, row: usize) -> u32 {
        self.observed.get(row)
    }

    /// What is known of the observations of the user so far.
    pub(super) fn past(&self, row: usize) -> Past {
        Past {
            age: self.age(row),
            observed: self.observed(row),
            last_online: self.last_online(row),
        }
    }

    /// The entry of a user in the sparse columns.
    pub(super) fn entry(&self, row: usize) -> Option<usize> {
        self.online
            .binary_search_by_key(&row, |row| index(*row))
            .ok()
    }

    /// The first entry of a user in this row or a later one.
    pub(super) fn entry_from(&self, row: usize) -> usize {
        self.online.partition_point(|online| index(*online) < row)
    }

    /// The row and the number of sessions of an entry.
    #[inline]
    pub(super) fn online(&self, entry: usize) -> Option<(usize, u32)> {
        Some((
            index(*self.online.get(entry)?),
            self.counts.get(entry).copied()?,
        ))
    }

    /// The packed starts of the sessions of an entry.
    #[inline]
    pub(super) fn starts(&self, entry: usize) -> &[u32] {
        self.starts
            .get(rows_of(&self.ends, entry))
            .unwrap_or_default()
    }

    /// The known sessions of an entry.
    pub(super) fn sessions(&self, entry: usize) -> impl Iterator<Item = Session> {
        self.session_rows(entry).map(|row| Session {
            started: self.starts.get(row).copied().and_then(unpack_moment),
            client_ip: self.addresses.get(row),
        })
    }

    /// Copies the known sessions of a user to `known` and gives their number,
    /// which may be greater.
    pub(super) fn read<'a>(&self, row: usize, known: &'a mut Vec<Session>) -> Online<'a> {
        known.clear();
        let Some(entry) = self.entry(row) else {
            return Online::default();
        };
        known.extend(self.sessions(entry));
        let count = self.online(entry).map_or(0, |(_, count)| count);
        Online { count, known }
    }

    fn session_rows(&self, entry: usize) -> Range<usize> {
        if entry < self.ends.len() {
            rows_of(&self.ends, entry)
        } else {
            0..0
        }
    }
}

/// The observations of one user so far: how many sweeps ago, and when, packed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past {
    pub(super) age: u8,
    observed: u32,
    last_online: u32,
}

impl Past {
    /// After an observation.
    pub(super) fn seen(self, at: Timestamp, is_online: bool) -> Self {
        let now = pack_moment(Some(at));
        Self {
            age: 0,
            observed: now,
            last_online: if is_online { now } else { self.last_online },
        }
    }

    /// Before the first observation of a user who was known in an earlier run,
    /// as it is remembered now. What lies in the future was written by a clock
    /// that was wrong.
    pub(super) fn recalling(self, before: &Remembered, at: Timestamp) -> Self {
        let last_online = before.last_online_seconds;
        let last_online = last_online.filter(|moment| *moment <= pack_moment(Some(at)));
        Self {
            last_online: last_online.unwrap_or(u32::MAX),
            ..self
        }
    }

    /// After one more sweep that should have observed the user.
    pub(super) fn older(self) -> Self {
        let age = match self.age {
            NEVER => NEVER,
            age => (age + 1).min(OLDEST),
        };
        Self { age, ..self }
    }

    /// After a sweep in which it was not the turn of the user.
    pub(super) fn deferred(self) -> Self {
        Self {
            age: self.age.max(1),
            ..self
        }
    }
}

/// Rows in the making.
#[derive(Debug, Default)]
pub(super) struct Builder {
    ages: Vec<u8>,
    observed: Vec<u32>,
    last_online: Vec<u32>,
    online: Vec<u32>,
    counts: Vec<u32>,
    ends: Vec<u32>,
    starts: Vec<u32>,
    addresses: AddressesBuilder,
}

impl Builder {
    pub(super) fn with_capacity(users: usize) -> Self {
        Self {
            ages: Vec::with_capacity(users),
            observed: Vec::with_capacity(users),
            last_online: Vec::with_capacity(users),
            ..Self::default()
        }
    }

    /// Appends a user.
    pub(super) fn push(&mut self, past: Past, online: Online<'_>) {
        if online.count > 0 {
            self.online.push(count(self.ages.len()));
            self.counts.push(online.count);
            for session in online.known {
                self.starts.push(pack_moment(session.started));
                self.addresses.push(session.client_ip);
            }
            self.ends.push(count(self.starts.len()));
        }
        self.ages.push(past.age);
        self.observed.push(past.observed);
        self.last_online.push(past.last_online);
    }

    pub(super) fn finish(self) -> Presence {
        Presence {
            ages: self.ages.into_boxed_slice(),
            observed: Moments::of(self.observed),
            last_online: self.last_online.into_boxed_slice(),
            online: self.online.into_boxed_slice(),
            counts: self.counts.into_boxed_slice(),
            ends: self.ends.into_boxed_slice(),
            starts: self.starts.into_boxed_slice(),
            addresses: self.addresses.finish(),
        }
    }
}

/// The sessions in the form in which they are kept and compared: whole seconds,
/// in order.
pub(super) fn normalise(sessions: &mut [Session]) {
    for session in sessions.iter_mut() {
        session.started = unpack_moment(pack_moment(session.started));
    }
    sessions.sort_unstable();
}

/// The age of a user whose sessions were never observed.
pub(super) const NEVER: u8 = u8::MAX;

/// Ages stop here, so retention has to stop below.
pub(super) const OLDEST: u8 = NEVER - 1;
