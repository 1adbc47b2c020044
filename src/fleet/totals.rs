//! Sums and counts over the users of an instance.

use super::users::Users;
use crate::model::UserState;

/// What the users add up to, each figure over those of whom it is known.
///
/// A figure is `None` where there are users and it is known of none of them,
/// and where it is not known whether there are users. It is 0 where there are
/// certainly none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Users that may log in.
    pub enabled_users: Option<u64>,
    /// Users that may not log in.
    pub disabled_users: Option<u64>,
    /// Users with a fixed address.
    pub static_ip_users: Option<u64>,
    /// Users with at least one client online, as last observed.
    pub online_users: Option<u64>,
    /// Clients online, as last observed.
    pub online_clients: Option<u64>,
    /// Users whose sessions were not observed in the last sweep.
    pub stale_users: Option<u64>,
    /// When the user was observed whose sessions were not observed longest, in
    /// seconds since 1970, among those that ever were; `None` without users.
    pub oldest_observation_seconds: Option<u64>,
    /// Bandwidth allotted to the users, in bytes per second.
    pub bandwidth_bytes_per_second: Option<u64>,
    /// Acceleration bandwidth allotted to the users, in bytes per second.
    pub acceleration_bytes_per_second: Option<u64>,
}

impl Totals {
    /// The figures of users of whom some list may have named none.
    pub(super) fn of(users: Users<'_>, is_whole: bool) -> Self {
        if users.rows() == 0 {
            return if is_whole {
                Self::none_exist()
            } else {
                Self::default()
            };
        }
        let mut totals = Self::default();
        for row in (0..users.rows()).filter(|row| users.roster.is_shown(*row)) {
            totals.add(users, row);
        }
        for online in users.online(0..users.rows()) {
            add(&mut totals.online_users, 1);
            add(&mut totals.online_clients, u64::from(online.clients));
        }
        totals
    }

    fn none_exist() -> Self {
        Self {
            enabled_users: Some(0),
            disabled_users: Some(0),
            static_ip_users: Some(0),
            online_users: Some(0),
            online_clients: Some(0),
            stale_users: Some(0),
            oldest_observation_seconds: None,
            bandwidth_bytes_per_second: Some(0),
            acceleration_bytes_per_second: Some(0),
        }
    }

    fn add(&mut self, users: Users<'_>, row: usize) {
        if let Some(state) = users.state(row) {
            let enabled = state == UserState::Enabled;
            add(&mut self.enabled_users, u64::from(enabled));
            add(&mut self.disabled_users, u64::from(!enabled));
        }
        if let Some(is_static) = users.static_ip(row) {
            add(&mut self.static_ip_users, u64::from(is_static));
        }
        if let Some(bandwidth) = users.bandwidth(row) {
            let bytes = bandwidth.bytes_per_second();
            add(&mut self.bandwidth_bytes_per_second, bytes);
        }
        if let Some(bandwidth) = users.acceleration_bandwidth(row) {
            let bytes = bandwidth.bytes_per_second();
            add(&mut self.acceleration_bytes_per_second, bytes);
        }
        if users.is_observed(row) {
            add(&mut self.online_users, 0);
            add(&mut self.online_clients, 0);
        }
        let observed = users.observed_seconds(row).map(u64::from);
        let oldest = self.oldest_observation_seconds;
        self.oldest_observation_seconds = oldest.into_iter().chain(observed).min();
        let is_stale = users.presence.age(row) != 0;
        add(&mut self.stale_users, u64::from(is_stale));
    }
}

fn add(total: &mut Option<u64>, value: u64) {
    *total = Some(total.unwrap_or(0).saturating_add(value));
}
