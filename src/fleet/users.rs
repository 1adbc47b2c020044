//! Reading the users of an instance: one by one, or by columns.

use std::net::IpAddr;
use std::ops::Range;

use jiff::Timestamp;

use super::column::{Names, moment_seconds, unpack_moment};
use super::marks::{Finding, Marks};
use super::presence::{NEVER, Presence};
use super::roster::Roster;
use super::traffic::Traffic;
use crate::model::{Kbps, Rule, Session, UserState};

/// The users of an instance, in the order of their names.
///
/// Each has a row. A user that no account list named for longer than values are
/// retained still has its row, but nothing of it is known.
#[derive(Debug, Clone, Copy)]
pub struct Users<'a> {
    pub(super) roster: &'a Roster,
    pub(super) labels: Option<&'a Names>,
    pub(super) presence: &'a Presence,
    pub(super) traffic: Option<&'a Traffic>,
    pub(super) retain: u8,
    pub(super) marks: Option<&'a Marks>,
}

/// One user.
#[derive(Debug, Clone, Copy)]
pub struct User<'a> {
    users: Users<'a>,
    row: usize,
}

impl<'a> Users<'a> {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.roster.len()
    }

    /// The names of all rows.
    pub fn names(&self) -> &'a Names {
        self.roster.names()
    }

    /// What the users of all rows are called where they are shown: pseudonyms,
    /// in no order, or their names.
    pub fn labels(&self) -> &'a Names {
        self.labels.unwrap_or_else(|| self.roster.names())
    }

    /// Whether the labels are pseudonyms.
    pub fn are_pseudonymous(&self) -> bool {
        self.labels.is_some()
    }

    /// The user with this name, if it is shown.
    pub fn find(&self, name: &str) -> Option<User<'a>> {
        self.user(self.names().find(name)?)
    }

    /// Every user that is shown.
    pub fn iter(&self) -> impl Iterator<Item = User<'a>> + use<'a> {
        let users = *self;
        (0..users.rows()).filter_map(move |row| users.user(row))
    }

    /// The user in this row, if it is shown.
    pub fn user(&self, row: usize) -> Option<User<'a>> {
        self.roster
            .is_shown(row)
            .then_some(User { users: *self, row })
    }

    /// Whether the user may log in.
    #[inline]
    pub fn state(&self, row: usize) -> Option<UserState> {
        self.roster.state(row)
    }

    /// Whether the user has a fixed address.
    #[inline]
    pub fn static_ip(&self, row: usize) -> Option<bool> {
        self.roster.static_ip(row)
    }

    /// The bandwidth allotted to the user.
    #[inline]
    pub fn bandwidth(&self, row: usize) -> Option<Kbps> {
        self.roster.bandwidth(row)
    }

    /// The application acceleration bandwidth allotted to the user.
    #[inline]
    pub fn acceleration_bandwidth(&self, row: usize) -> Option<Kbps> {
        self.roster.acceleration(row)
    }

    /// The tunnel address of the account list, which may be stale for a user
    /// with a dynamic address.
    #[inline]
    pub fn client_ip(&self, row: usize) -> Option<IpAddr> {
        self.roster.address(row)
    }

    /// When the user was last seen online, in seconds since 1970.
    #[inline]
    pub fn last_online_seconds(&self, row: usize) -> Option<u32> {
        moment_seconds(self.presence.last_online(row)).filter(|_| self.roster.is_shown(row))
    }

    /// When the sessions of the user were last observed, in seconds since 1970.
    #[inline]
    pub fn observed_seconds(&self, row: usize) -> Option<u32> {
        moment_seconds(self.presence.observed(row)).filter(|_| self.roster.is_shown(row))
    }

    /// Bytes that the user moved in this month so far.
    #[inline]
    pub fn month_traffic_bytes(&self, row: usize) -> Option<u64> {
        self.traffic?
            .bytes(row)
            .filter(|_| self.roster.is_shown(row))
    }

    /// What is left of the free traffic of the user in this month, in bytes.
    #[inline]
    pub fn allowance_remaining_bytes(&self, row: usize) -> Option<u64> {
        let bytes = self.traffic?.remaining_bytes(row);
        bytes.filter(|_| self.roster.is_shown(row))
    }

    /// Whether the sessions of the user were observed recently enough to be
    /// shown.
    #[inline]
    pub fn is_observed(&self, row: usize) -> bool {
        self.presence.age(row) <= self.retain && self.roster.is_shown(row)
    }

    /// Whether the sessions of the user were observed in the last sweep in
    /// which sessions were due.
    #[inline]
    pub fn is_fresh(&self, row: usize) -> bool {
        self.presence.age(row) == 0 && self.roster.is_shown(row)
    }

    /// How many sessions the policy allows the user.
    #[inline]
    pub fn session_limit(&self, row: usize) -> Option<u32> {
        let limit = self.marks?.session_limit(row)?;
        self.roster.is_shown(row).then_some(limit)
    }

    /// What a rule found at the users in these rows, in their order.
    pub fn found(&self, rule: Rule, rows: &Range<usize>) -> &'a [Finding] {
        let findings = self.marks.map_or(&[][..], |marks| marks.of_rule(rule));
        let start = findings.partition_point(|finding| finding.row < Some(rows.start));
        let end = findings.partition_point(|finding| finding.row < Some(rows.end));
        findings.get(start..end).unwrap_or_default()
    }

    /// The users in these rows that are online, as last observed.
    pub fn online(&self, rows: Range<usize>) -> impl Iterator<Item = Online<'a>> + use<'a> {
        let users = *self;
        (users.presence.entry_from(rows.start)..)
            .map_while(move |entry| {
                let (row, clients) = users.presence.online(entry)?;
                let starts = users.presence.starts(entry);
                Some(Online {
                    row,
                    clients,
                    starts,
                    presence: users.presence,
                    entry,
                })
            })
            .take_while(move |online| online.row < rows.end)
            .filter(move |online| users.is_observed(online.row))
    }
}

/// A user that is online.
#[derive(Debug, Clone, Copy)]
pub struct Online<'a> {
    /// Its row.
    pub row: usize,
    /// How many clients are online; at least one.
    pub clients: u32,
    starts: &'a [u32],
    presence: &'a Presence,
    entry: usize,
}

impl<'a> Online<'a> {
    /// The sessions that are known one by one, in order.
    pub fn sessions(&self) -> impl Iterator<Item = Session> + use<'a> {
        self.presence.sessions(self.entry)
    }

    /// When the oldest session started, in seconds since 1970, among those
    /// whose start is known.
    #[inline]
    pub fn oldest_start_seconds(&self) -> Option<u32> {
        // The mark of an unknown moment is greater than any moment.
        self.starts.iter().copied().min().and_then(moment_seconds)
    }

    /// When the newest session started, in seconds since 1970, among those
    /// whose start is known.
    #[inline]
    pub fn newest_start_seconds(&self) -> Option<u32> {
        self.starts.iter().copied().filter_map(moment_seconds).max()
    }
}

impl<'a> User<'a> {
    /// The name.
    pub fn name(&self) -> &'a str {
        self.users.names().get(self.row).unwrap_or_default()
    }

    /// The row among the users of the instance.
    pub fn row(&self) -> usize {
        self.row
    }

    /// Whether the user may log in.
    pub fn state(&self) -> Option<UserState> {
        self.users.state(self.row)
    }

    /// Whether the user has a fixed address.
    pub fn static_ip(&self) -> Option<bool> {
        self.users.static_ip(self.row)
    }

    /// The bandwidth allotted to the user.
    pub fn bandwidth(&self) -> Option<Kbps> {
        self.users.bandwidth(self.row)
    }

    /// The application acceleration bandwidth allotted to the user.
    pub fn acceleration_bandwidth(&self) -> Option<Kbps> {
        self.users.acceleration_bandwidth(self.row)
    }

    /// The tunnel address of the account list, which may be stale for a user
    /// with a dynamic address.
    pub fn client_ip(&self) -> Option<IpAddr> {
        self.users.roster.address(self.row)
    }

    /// How many clients are online, as last observed.
    pub fn online_clients(&self) -> Option<u32> {
        if !self.users.is_observed(self.row) {
            return None;
        }
        Some(self.online().map_or(0, |online| online.clients))
    }

    /// The sessions that are known one by one, in order; fewer than
    /// [`User::online_clients`] if some were only counted.
    pub fn sessions(&self) -> impl Iterator<Item = Session> + use<'a> {
        let presence = self.users.presence;
        let entry = presence
            .entry(self.row)
            .filter(|_| self.users.is_observed(self.row));
        entry
            .into_iter()
            .flat_map(move |entry| presence.sessions(entry))
    }

    /// When the oldest session started, among those whose start is known.
    pub fn oldest_session_start(&self) -> Option<Timestamp> {
        unpack_moment(self.online()?.oldest_start_seconds()?)
    }

    /// When the newest session started, among those whose start is known.
    pub fn newest_session_start(&self) -> Option<Timestamp> {
        unpack_moment(self.online()?.newest_start_seconds()?)
    }

    /// When the user was last seen online.
    pub fn last_online(&self) -> Option<Timestamp> {
        unpack_moment(self.users.last_online_seconds(self.row)?)
    }

    /// How many sweeps ago the sessions were observed, 0 being the last sweep,
    /// as far as this is counted; `None` if they never were.
    pub fn sweeps_since_observed(&self) -> Option<u8> {
        let age = self.users.presence.age(self.row);
        (age != NEVER).then_some(age)
    }

    fn online(&self) -> Option<Online<'a>> {
        self.users.online(self.row..self.row + 1).next()
    }
}
