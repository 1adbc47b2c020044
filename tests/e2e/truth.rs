//! The exposition that a world deserves, series by series, when all went well.

use sag_exporter::sim::{InstanceTruth, Truth, UserTruth};

use crate::exposition::{Page, Series, SeriesMap};

/// All series of the families that depend on the world alone.
pub(crate) fn expected(truth: &Truth, account: &str) -> SeriesMap {
    let mut map = SeriesMap::new();
    for instance in &truth.instances {
        map.extend(of_instance(instance, account));
    }
    map
}

/// What is found of the families that depend on the world alone.
pub(crate) fn timeless(found: &SeriesMap) -> SeriesMap {
    let of_the_world = |series: &Series| {
        let collector = series.label("collector");
        FAMILIES.contains(&series.name.as_str())
            && (collector.is_empty() || COLLECTORS.contains(&collector))
    };
    let series = found.iter().filter(|(series, _)| of_the_world(series));
    series
        .map(|(series, value)| (series.clone(), *value))
        .collect()
}

impl Page {
    /// What of it is not as the world is.
    pub(crate) fn differs_from(&self, truth: &Truth) -> Result<(), Vec<String>> {
        let differences =
            crate::exposition::difference(&timeless(&self.series), &expected(truth, "main"));
        if differences.is_empty() {
            Ok(())
        } else {
            Err(differences)
        }
    }
}

pub(crate) fn of_instance(instance: &InstanceTruth, account: &str) -> SeriesMap {
    let mut map = SeriesMap::new();
    let id = instance.sag_id.as_str();
    let mut add = |name: &str, labels: &[(&str, &str)], value: f64| {
        let labels = [&[("sag_id", id)], labels].concat();
        map.insert(Series::new(name, &labels), value);
    };
    let facts = [
        ("account", account),
        ("region", &instance.region),
        ("name", &instance.name),
    ];
    add("sag_up", &[], 1.0);
    add("sag_instance_info", &facts, 1.0);
    add(
        "sag_instance_expiry_timestamp_seconds",
        &[],
        number(instance.end.as_second()),
    );
    add(
        "sag_instance_account_quota",
        &[],
        number(instance.account_quota),
    );
    let limit = f64::from(instance.max_bandwidth_mbps) * 125_000.0;
    add("sag_instance_bandwidth_limit_bytes_per_second", &[], limit);
    for collector in COLLECTORS {
        add("sag_collection_success", &[("collector", collector)], 1.0);
    }
    for (name, value) in totals(instance) {
        add(name, &[], value);
    }
    let enabled = instance.users.iter().filter(|user| user.enabled).count();
    add("sag_client_users", &[("state", "enabled")], number(enabled));
    add(
        "sag_client_users",
        &[("state", "disabled")],
        number(instance.users.len() - enabled),
    );
    for user in &instance.users {
        for (name, value) in of_user(user) {
            add(name, &[("user", &user.name)], value);
        }
    }
    map
}

fn totals(instance: &InstanceTruth) -> [(&'static str, f64); 8] {
    let users = || instance.users.iter();
    let sum = |of: fn(&UserTruth) -> u32| users().map(|user| f64::from(of(user)) * 125.0).sum();
    [
        (
            "sag_collection_expected_users",
            number(instance.users.len()),
        ),
        (
            "sag_collection_collected_users",
            number(instance.users.len()),
        ),
        (
            "sag_static_ip_users",
            number(users().filter(|user| user.static_ip).count()),
        ),
        ("sag_online_users", number(instance.online_users())),
        ("sag_online_clients", number(instance.online_clients())),
        ("sag_stale_users", 0.0),
        (
            "sag_allocated_bandwidth_bytes_per_second",
            sum(|user| user.bandwidth_kbps),
        ),
        (
            "sag_allocated_acceleration_bandwidth_bytes_per_second",
            sum(|user| user.acceleration_kbps),
        ),
    ]
}

fn of_user(user: &UserTruth) -> Vec<(&'static str, f64)> {
    let mut values = vec![
        ("sag_user_enabled", f64::from(u8::from(user.enabled))),
        ("sag_user_static_ip", f64::from(u8::from(user.static_ip))),
        ("sag_user_online_clients", number(user.sessions.len())),
        (
            "sag_user_bandwidth_limit_bytes_per_second",
            f64::from(user.bandwidth_kbps) * 125.0,
        ),
        (
            "sag_user_acceleration_bandwidth_limit_bytes_per_second",
            f64::from(user.acceleration_kbps) * 125.0,
        ),
    ];
    let starts = || {
        user.sessions
            .iter()
            .map(|session| session.started.as_second())
    };
    let ends = [
        (
            "sag_user_oldest_session_start_timestamp_seconds",
            starts().min(),
        ),
        (
            "sag_user_newest_session_start_timestamp_seconds",
            starts().max(),
        ),
    ];
    values.extend(
        ends.into_iter()
            .filter_map(|(name, at)| Some((name, number(at?)))),
    );
    values
}

/// Counts and seconds are far below the limit of what is exact.
fn number(value: impl TryInto<i32>) -> f64 {
    f64::from(value.try_into().ok().expect("a small number"))
}

/// The families whose values follow from the world alone.
const FAMILIES: [&str; 22] = [
    "sag_up",
    "sag_instance_info",
    "sag_instance_expiry_timestamp_seconds",
    "sag_instance_account_quota",
    "sag_instance_bandwidth_limit_bytes_per_second",
    "sag_collection_success",
    "sag_collection_expected_users",
    "sag_collection_collected_users",
    "sag_client_users",
    "sag_static_ip_users",
    "sag_online_users",
    "sag_online_clients",
    "sag_stale_users",
    "sag_allocated_bandwidth_bytes_per_second",
    "sag_allocated_acceleration_bandwidth_bytes_per_second",
    "sag_user_enabled",
    "sag_user_static_ip",
    "sag_user_online_clients",
    "sag_user_bandwidth_limit_bytes_per_second",
    "sag_user_acceleration_bandwidth_limit_bytes_per_second",
    "sag_user_oldest_session_start_timestamp_seconds",
    "sag_user_newest_session_start_timestamp_seconds",
];

const COLLECTORS: [&str; 3] = ["accounts", "sessions", "instance"];
