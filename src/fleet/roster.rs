//! The users of an instance as the account lists tell of them.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;

use super::column::{Addresses, AddressesBuilder, Names, NamesBuilder};
use crate::model::{ClientUser, Kbps, UserState};

/// Users in the order of their names, a column for each attribute.
#[derive(Debug, Default)]
pub(super) struct Roster {
    names: Arc<Names>,
    flags: Box<[u8]>,
    bandwidth: Box<[u32]>,
    acceleration: Box<[u32]>,
    addresses: Addresses,
    ages: Box<[u8]>,
}

impl Roster {
    /// A roster of exactly these users. Of a name that comes twice the last
    /// entry counts.
    pub(super) fn listed(mut users: Vec<ClientUser>) -> Self {
        users.reverse();
        users.sort_by(|a, b| a.name.cmp(&b.name));
        users.dedup_by(|later, kept| later.name == kept.name);
        let mut builder = Builder::with_capacity(users.len());
        for user in &users {
            builder.push(user.name.as_str(), Row::listed(user));
        }
        builder.finish()
    }

    /// This roster with the entries of `listed` in place of the old ones.
    /// Users that `listed` does not name have gone one list more without news:
    /// after more than `retain` of them their attributes are unknown.
    pub(super) fn merged(&self, listed: &Self, retain: u8) -> Self {
        let mut builder = Builder::with_capacity(self.len().max(listed.len()));
        let (mut old, mut new) = (0, 0);
        loop {
            let order = match (self.names.get(old), listed.names.get(new)) {
                (None, None) => return builder.finish(),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(before), Some(now)) => before.cmp(now),
            };
            if order == Ordering::Less {
                builder.push_row(self, old, |row| row.aged(retain));
            } else {
                builder.push_row(listed, new, |row| row);
            }
            old += usize::from(order != Ordering::Greater);
            new += usize::from(order != Ordering::Less);
        }
    }

    /// This roster without the users in these rows, which are in ascending
    /// order.
    pub(super) fn without(&self, rows: &[usize]) -> Self {
        let mut builder = Builder::with_capacity(self.len());
        let mut gone = rows.iter().peekable();
        for row in 0..self.len() {
            if gone.next_if_eq(&&row).is_none() {
                builder.push_row(self, row, |row| row);
            }
        }
        builder.finish()
    }

    /// This roster, sharing the names of `other` if they are the same.
    pub(super) fn sharing_names_with(mut self, other: &Self) -> Self {
        if self.names == other.names {
            self.names = Arc::clone(&other.names);
        }
        self
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn names(&self) -> &Arc<Names> {
        &self.names
    }

    /// Whether a list named the user recently enough for it to be shown.
    #[inline]
    pub(super) fn is_shown(&self, row: usize) -> bool {
        self.flag(row) & SHOWN != 0
    }

    #[inline]
    pub(super) fn state(&self, row: usize) -> Option<UserState> {
        let flag = self.flag(row);
        let state = if flag & ENABLED == 0 {
            UserState::Disabled
        } else {
            UserState::Enabled
        };
        (flag & STATE_KNOWN != 0).then_some(state)
    }

    #[inline]
    pub(super) fn static_ip(&self, row: usize) -> Option<bool> {
        let flag = self.flag(row);
        (flag & STATIC_KNOWN != 0).then_some(flag & STATIC != 0)
    }

    #[inline]
    pub(super) fn bandwidth(&self, row: usize) -> Option<Kbps> {
        let kbps = self.bandwidth.get(row).copied().map(Kbps);
        kbps.filter(|_| self.flag(row) & BANDWIDTH_KNOWN != 0)
    }

    #[inline]
    pub(super) fn acceleration(&self, row: usize) -> Option<Kbps> {
        let kbps = self.acceleration.get(row).copied().map(Kbps);
        kbps.filter(|_| self.flag(row) & ACCELERATION_KNOWN != 0)
    }

    pub(super) fn address(&self, row: usize) -> Option<IpAddr> {
        self.addresses.get(row)
    }

    #[inline]
    fn flag(&self, row: usize) -> u8 {
        self.flags.get(row).copied().unwrap_or(0)
    }

    fn row(&self, row: usize) -> Row {
        Row {
            flags: self.flag(row),
            bandwidth: self.bandwidth.get(row).copied().unwrap_or(0),
            acceleration: self.acceleration.get(row).copied().unwrap_or(0),
            address: self.address(row),
            age: self.ages.get(row).copied().unwrap_or(u8::MAX),
        }
    }
}

/// The attributes of one user.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    flags: u8,
    bandwidth: u32,
    acceleration: u32,
    address: Option<IpAddr>,
    age: u8,
}

impl Row {
    fn listed(user: &ClientUser) -> Self {
        let flags = SHOWN
            | user.state.map_or(0, |state| {
                STATE_KNOWN | when(state == UserState::Enabled, ENABLED)
            })
            | user
                .static_ip
                .map_or(0, |fixed| STATIC_KNOWN | when(fixed, STATIC))
            | when(user.bandwidth.is_some(), BANDWIDTH_KNOWN)
            | when(user.acceleration_bandwidth.is_some(), ACCELERATION_KNOWN);
        Self {
            flags,
            bandwidth: user.bandwidth.map_or(0, |kbps| kbps.0),
            acceleration: user.acceleration_bandwidth.map_or(0, |kbps| kbps.0),
            address: user.client_ip,
            age: 0,
        }
    }

    /// One more list without news of the user.
    fn aged(self, retain: u8) -> Self {
        let age = self.age.saturating_add(1);
        if age > retain {
            return Self {
                age,
                ..Self::default()
            };
        }
        Self { age, ..self }
    }
}

#[derive(Debug, Default)]
struct Builder {
    names: NamesBuilder,
    flags: Vec<u8>,
    bandwidth: Vec<u32>,
    acceleration: Vec<u32>,
    addresses: AddressesBuilder,
    ages: Vec<u8>,
}

impl Builder {
    fn with_capacity(users: usize) -> Self {
        Self {
            flags: Vec::with_capacity(users),
            bandwidth: Vec::with_capacity(users),
            acceleration: Vec::with_capacity(users),
            ages: Vec::with_capacity(users),
            ..Self::default()
        }
    }

    fn push(&mut self, name: &str, row: Row) {
        if self.names.push(name) {
            self.flags.push(row.flags);
            self.bandwidth.push(row.bandwidth);
            self.acceleration.push(row.acceleration);
            self.addresses.push(row.address);
            self.ages.push(row.age);
        }
    }

    fn push_row(&mut self, from: &Roster, row: usize, change: impl Fn(Row) -> Row) {
        if let Some(name) = from.names.get(row) {
            self.push(name, change(from.row(row)));
        }
    }

    fn finish(self) -> Roster {
        Roster {
            names: Arc::new(self.names.finish()),
            flags: self.flags.into_boxed_slice(),
            bandwidth: self.bandwidth.into_boxed_slice(),
            acceleration: self.acceleration.into_boxed_slice(),
            addresses: self.addresses.finish(),
            ages: self.ages.into_boxed_slice(),
        }
    }
}

fn when(condition: bool, bit: u8) -> u8 {
    if condition { bit } else { 0 }
}

const SHOWN: u8 = 1;
const STATE_KNOWN: u8 = 1 << 1;
const ENABLED: u8 = 1 << 2;
const STATIC_KNOWN: u8 = 1 << 3;
const STATIC: u8 = 1 << 4;
const BANDWIDTH_KNOWN: u8 = 1 << 5;
const ACCELERATION_KNOWN: u8 = 1 << 6;
