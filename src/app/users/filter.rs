//! Which users are shown, and in which order. Pure.

use std::cmp::Ordering;

use super::roll::Entry;
use crate::model::{SagId, UserName, UserState};
use crate::rules::Pattern;

/// What is asked of the users that are shown.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Their names.
    pub names: Option<Pattern>,
    /// They have a client online.
    pub online: bool,
    /// They may not log in.
    pub disabled: bool,
    /// Their address is fixed.
    pub static_ip: bool,
}

/// What users are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// The instance.
    SagId,
    /// The name.
    User,
    /// Whether they may log in: those who may not come first.
    Enabled,
    /// Whether the address is fixed.
    StaticIp,
    /// The address.
    ClientIp,
    /// The bandwidth.
    Bandwidth,
    /// The acceleration bandwidth.
    AccelerationBandwidth,
    /// The number of clients online.
    OnlineClients,
}

impl Filter {
    /// Whether the list alone lets the user be shown.
    pub(super) fn admits(&self, entry: &Entry) -> bool {
        let user = &entry.user;
        let names = self.names.as_ref();
        names.is_none_or(|names| names.matches(user.name.as_str()))
            && (!self.disabled || user.state == Some(UserState::Disabled))
            && (!self.static_ip || user.static_ip == Some(true))
    }

    /// Whether the number of clients lets the user be shown. Of whom it is not
    /// known is not shown as online.
    pub(super) fn admits_presence(&self, entry: &Entry) -> bool {
        !self.online || entry.online_clients.is_some_and(|clients| clients > 0)
    }
}

/// Sorts users. What is not known comes last in either direction, and equals
/// stand in the order of instance and name.
pub fn sort(entries: &mut [Entry], key: SortKey, descending: bool) {
    entries.sort_by(|a, b| {
        let order = match key {
            SortKey::SagId => directed(Some(&a.sag_id), Some(&b.sag_id), descending),
            SortKey::User => directed(Some(&a.user.name), Some(&b.user.name), descending),
            SortKey::Enabled => directed(enabled(a), enabled(b), descending),
            SortKey::StaticIp => directed(a.user.static_ip, b.user.static_ip, descending),
            SortKey::ClientIp => directed(a.user.client_ip, b.user.client_ip, descending),
            SortKey::Bandwidth => directed(a.user.bandwidth, b.user.bandwidth, descending),
            SortKey::AccelerationBandwidth => {
                let of = |entry: &Entry| entry.user.acceleration_bandwidth;
                directed(of(a), of(b), descending)
            }
            SortKey::OnlineClients => directed(a.online_clients, b.online_clients, descending),
        };
        order.then_with(|| identity(a).cmp(&identity(b)))
    });
}

fn enabled(entry: &Entry) -> Option<bool> {
    entry.user.state.map(|state| state == UserState::Enabled)
}

fn identity(entry: &Entry) -> (&SagId, &UserName) {
    (&entry.sag_id, &entry.user.name)
}

fn directed<T: Ord>(a: Option<T>, b: Option<T>, descending: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if descending => b.cmp(&a),
        (Some(a), Some(b)) => a.cmp(&b),
        (known, unknown) => known.is_none().cmp(&unknown.is_none()),
    }
}
