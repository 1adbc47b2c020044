//! One look at an instance, with what is expected of its users.

use std::sync::Arc;

use jiff::Timestamp;

use super::policy::{Limits, Policy};
use crate::fleet::{InstanceSnapshot, Names, Online, Users};
use crate::model::{Collector, SagId};

/// The policy, spelled out for the rows of an instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Assigned {
    /// The place of the entry of each row, one more than counted; 0 for none.
    entries: Box<[u16]>,
    limits: Box<[Limits]>,
    pub(super) session_limits: Arc<[u32]>,
}

impl Assigned {
    pub(super) fn of(policy: &Policy, sag_id: &SagId, names: &Names) -> Self {
        let limits: Box<[Limits]> = policy.entries().iter().map(|entry| entry.limits).collect();
        let entries: Box<[u16]> = (0..names.len())
            .map(|row| {
                let name = names.get(row).unwrap_or_default();
                let place = policy.place(sag_id, name);
                place.map_or(0, |place| u16::try_from(place + 1).unwrap_or(0))
            })
            .collect();
        let mut assigned = Self {
            entries,
            limits,
            session_limits: Arc::default(),
        };
        if assigned
            .limits
            .iter()
            .any(|limits| limits.sessions.is_some())
        {
            let limit = |row| {
                assigned
                    .limits(row)
                    .sessions
                    .map_or(0, std::num::NonZero::get)
            };
            assigned.session_limits = (0..names.len()).map(limit).collect();
        }
        assigned
    }

    /// What is expected of the user in this row.
    #[inline]
    pub(super) fn limits(&self, row: usize) -> Limits {
        let entry = self.entries.get(row).copied().unwrap_or(0);
        let place = usize::from(entry).checked_sub(1);
        let limits = place.and_then(|place| self.limits.get(place));
        limits.copied().unwrap_or_default()
    }

    /// Whether anything of this kind is expected of anybody.
    pub(super) fn any<T>(&self, kind: impl Fn(&Limits) -> Option<T>) -> bool {
        self.limits.iter().any(|limits| kind(limits).is_some())
    }
}

/// An instance after an observation, and before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) snapshot: &'a InstanceSnapshot,
    pub(super) previous: Option<&'a InstanceSnapshot>,
    pub(super) users: Users<'a>,
    pub(super) assigned: &'a Assigned,
}

impl<'a> View<'a> {
    pub(super) fn at(&self) -> Timestamp {
        self.snapshot.at()
    }

    /// Whether the collector ran in this sweep, at least in part.
    pub(super) fn ran(&self, collector: Collector) -> bool {
        self.snapshot.collector(collector).last_run == Some(self.at())
    }

    /// Whether the collector ran completely in this sweep.
    pub(super) fn completed(&self, collector: Collector) -> bool {
        self.snapshot.collector(collector).last_success == Some(self.at())
    }

    /// The users that this sweep saw online.
    pub(super) fn online(&self) -> impl Iterator<Item = Online<'a>> + use<'a> {
        let users = self.users;
        let online = users.online(0..users.rows());
        online.filter(move |online| users.is_fresh(online.row))
    }

    /// The user in this row, if it is online.
    pub(super) fn online_at(&self, row: usize) -> Option<Online<'a>> {
        self.users.online(row..row + 1).next()
    }

    /// Whether every session of the user in this row is known one by one. True
    /// of a user that is offline.
    pub(super) fn knows_sessions(&self, row: usize) -> bool {
        self.online_at(row).is_none_or(|online| {
            let clients = usize::try_from(online.clients).unwrap_or(usize::MAX);
            online.sessions().count() >= clients
        })
    }
}
