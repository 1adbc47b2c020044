//! Where the values of each family come from.

use jiff::Timestamp;

use super::page::Page;
use super::text;
use crate::catalog::{self, Family, Format};
use crate::fleet::InstanceSnapshot;
use crate::model::{Collector, Rule};

/// Where the samples of a family come from.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// A few samples of each instance.
    Instance(fn(&InstanceSnapshot, &mut Samples<'_, '_>)),
    /// At most one sample of each user.
    User(UserColumn),
    /// One sample of each user and address from which it is online.
    Addresses,
}

/// A column of the users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UserColumn {
    Enabled,
    StaticIp,
    OnlineClients,
    Bandwidth,
    AccelerationBandwidth,
    OldestSessionStart,
    NewestSessionStart,
    LastOnline,
    MonthTraffic,
    TrafficAllowance,
    SessionLimit,
    Anomaly(Rule),
}

impl UserColumn {
    /// The rule of the label `rule`, where the family has one.
    pub(super) fn rule(self) -> Option<Rule> {
        match self {
            Self::Anomaly(rule) => Some(rule),
            _ => None,
        }
    }
}

/// The samples of one family and one instance in the making.
pub(super) struct Samples<'a, 'v> {
    pub(super) page: &'a mut Page<'v>,
    pub(super) family: &'a Family,
    pub(super) format: Format,
    pub(super) sag_id: &'a str,
}

impl Samples<'_, '_> {
    /// Appends a sample with these values of the labels after `sag_id`, unless
    /// the value is not known.
    fn add(&mut self, labels: &[&str], value: impl Into<Option<u64>>) {
        if let Some(value) = value.into() {
            self.add_line("", self.family.labels, labels, value);
        }
    }

    fn add_line(&mut self, suffix: &str, names: &[&str], labels: &[&str], value: u64) {
        let values = std::iter::once(self.sag_id).chain(labels.iter().copied());
        let pairs = names.iter().copied().zip(values);
        text::sample(self.page, self.family, suffix, pairs, value);
    }
}

/// Every family of the fleet with its source, in the order of the catalogue.
pub(super) static FAMILIES: &[(&Family, Source)] = &[
    (
        &catalog::UP,
        Source::Instance(|i, samples| samples.add(&[], u64::from(i.is_up()))),
    ),
    (&catalog::INSTANCE_INFO, Source::Instance(info)),
    (
        &catalog::INSTANCE_EXPIRY,
        Source::Instance(|i, samples| {
            samples.add(&[], i.instance().expires.and_then(seconds));
        }),
    ),
    (
        &catalog::INSTANCE_ACCOUNT_QUOTA,
        Source::Instance(|i, samples| {
            samples.add(&[], i.instance().account_quota.map(u64::from));
        }),
    ),
    (
        &catalog::INSTANCE_BANDWIDTH_LIMIT,
        Source::Instance(|i, samples| {
            samples.add(&[], i.instance().bandwidth_limit_bytes_per_second);
        }),
    ),
    (
        &catalog::COLLECTION_SUCCESS,
        Source::Instance(collection_success),
    ),
    (
        &catalog::COLLECTION_LAST_SUCCESS,
        Source::Instance(collection_last_success),
    ),
    (
        &catalog::COLLECTION_EXPECTED_USERS,
        Source::Instance(|i, samples| {
            samples.add(&[], i.expected_users());
        }),
    ),
    (
        &catalog::COLLECTION_COLLECTED_USERS,
        Source::Instance(|i, samples| {
            samples.add(&[], i.collected_users());
        }),
    ),
    (
        &catalog::CLIENT_USERS,
        Source::Instance(|i, samples| {
            samples.add(&["enabled"], i.totals().enabled_users);
            samples.add(&["disabled"], i.totals().disabled_users);
        }),
    ),
    (
        &catalog::STATIC_IP_USERS,
        Source::Instance(|i, samples| {
            samples.add(&[], i.totals().static_ip_users);
        }),
    ),
    (
        &catalog::ONLINE_USERS,
        Source::Instance(|i, samples| {
            samples.add(&[], i.totals().online_users);
        }),
    ),
    (
        &catalog::ONLINE_CLIENTS,
        Source::Instance(|i, samples| {
            samples.add(&[], i.totals().online_clients);
        }),
    ),
    (
        &catalog::REPORTED_ONLINE_CLIENTS,
        Source::Instance(|i, samples| {
            samples.add(&[], i.reported_clients());
        }),
    ),
    (
        &catalog::STALE_USERS,
        Source::Instance(|i, samples| {
            samples.add(&[], i.totals().stale_users);
        }),
    ),
    (
        &catalog::OLDEST_OBSERVATION,
        Source::Instance(|i, samples| {
            samples.add(&[], i.totals().oldest_observation_seconds);
        }),
    ),
    (
        &catalog::ALLOCATED_BANDWIDTH,
        Source::Instance(|i, samples| {
            samples.add(&[], i.totals().bandwidth_bytes_per_second);
        }),
    ),
    (
        &catalog::ALLOCATED_ACCELERATION_BANDWIDTH,
        Source::Instance(|i, samples| {
            samples.add(&[], i.totals().acceleration_bytes_per_second);
        }),
    ),
    (
        &catalog::SESSIONS_STARTED,
        Source::Instance(|i, samples| {
            samples.add(&[], i.ledger().started());
        }),
    ),
    (
        &catalog::SESSIONS_ENDED,
        Source::Instance(|i, samples| {
            samples.add(&[], i.ledger().ended());
        }),
    ),
    (
        &catalog::SESSION_DURATION,
        Source::Instance(session_duration),
    ),
    (&catalog::ANOMALIES, Source::Instance(anomalies)),
    (&catalog::USER_ENABLED, Source::User(UserColumn::Enabled)),
    (&catalog::USER_STATIC_IP, Source::User(UserColumn::StaticIp)),
    (
        &catalog::USER_ONLINE_CLIENTS,
        Source::User(UserColumn::OnlineClients),
    ),
    (
        &catalog::USER_BANDWIDTH_LIMIT,
        Source::User(UserColumn::Bandwidth),
    ),
    (
        &catalog::USER_ACCELERATION_BANDWIDTH_LIMIT,
        Source::User(UserColumn::AccelerationBandwidth),
    ),
    (
        &catalog::USER_OLDEST_SESSION_START,
        Source::User(UserColumn::OldestSessionStart),
    ),
    (
        &catalog::USER_NEWEST_SESSION_START,
        Source::User(UserColumn::NewestSessionStart),
    ),
    (
        &catalog::USER_LAST_ONLINE,
        Source::User(UserColumn::LastOnline),
    ),
    (
        &catalog::USER_MONTH_TRAFFIC,
        Source::User(UserColumn::MonthTraffic),
    ),
    (
        &catalog::USER_TRAFFIC_ALLOWANCE_REMAINING,
        Source::User(UserColumn::TrafficAllowance),
    ),
    (
        &catalog::USER_SESSION_LIMIT,
        Source::User(UserColumn::SessionLimit),
    ),
    anomaly(Rule::DisabledOnline),
    anomaly(Rule::ConcurrentSessions),
    anomaly(Rule::LongSession),
    anomaly(Rule::Flapping),
    anomaly(Rule::MassDisconnect),
    anomaly(Rule::DuplicateIp),
    anomaly(Rule::StaticIpMismatch),
    anomaly(Rule::BandwidthDrift),
    anomaly(Rule::Dormant),
    anomaly(Rule::ClockSkew),
    (&catalog::USER_INFO, Source::Addresses),
];

/// A column for each rule, so that users are written in their order.
const fn anomaly(rule: Rule) -> (&'static Family, Source) {
    let column = UserColumn::Anomaly(rule);
    (&catalog::USER_ANOMALY, Source::User(column))
}

fn info(instance: &InstanceSnapshot, samples: &mut Samples<'_, '_>) {
    let facts = instance.instance();
    let name = facts.name.as_deref().unwrap_or_default();
    samples.add(&[facts.account.as_str(), facts.region.as_str(), name], 1);
}

fn collection_success(instance: &InstanceSnapshot, samples: &mut Samples<'_, '_>) {
    for collector in Collector::ALL {
        let success = instance.collector(collector).success.map(u64::from);
        samples.add(&[collector.as_str()], success);
    }
}

fn collection_last_success(instance: &InstanceSnapshot, samples: &mut Samples<'_, '_>) {
    for collector in Collector::ALL {
        let at = instance.collector(collector).last_success;
        samples.add(&[collector.as_str()], at.and_then(seconds));
    }
}

fn session_duration(instance: &InstanceSnapshot, samples: &mut Samples<'_, '_>) {
    let durations = instance.ledger().durations();
    // OpenMetrics wants the bounds as floating-point numbers.
    let fraction = match samples.format {
        Format::Text => "",
        Format::OpenMetrics => ".0",
    };
    for (bound, count) in durations.cumulative() {
        let bound = format!("{bound}{fraction}");
        samples.add_line("_bucket", BUCKET_LABELS, &[&bound], count);
    }
    samples.add_line("_bucket", BUCKET_LABELS, &["+Inf"], durations.count());
    samples.add_line("_sum", samples.family.labels, &[], durations.sum_seconds());
    samples.add_line("_count", samples.family.labels, &[], durations.count());
}

/// A rule that judged and found nothing found 0 anomalies.
fn anomalies(instance: &InstanceSnapshot, samples: &mut Samples<'_, '_>) {
    for rule in Rule::ALL {
        samples.add(&[rule.as_str()], instance.anomalies(rule));
    }
}

/// Whole seconds since 1970. A moment before that is not one that the cloud or
/// a sweep can mean.
fn seconds(moment: Timestamp) -> Option<u64> {
    u64::try_from(moment.as_second()).ok()
}

const BUCKET_LABELS: &[&str] = &["sag_id", "le"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_follows_the_catalogue() {
        let names = |families: Vec<&Family>| families.iter().map(|f| f.name).collect::<Vec<_>>();
        let mut table: Vec<&Family> = FAMILIES.iter().map(|(family, _)| *family).collect();
        table.dedup();
        assert_eq!(names(table), names(catalog::FLEET.to_vec()));
        let rules = FAMILIES.iter().filter_map(|(_, source)| match source {
            Source::User(UserColumn::Anomaly(rule)) => Some(*rule),
            _ => None,
        });
        assert_eq!(rules.collect::<Vec<_>>(), Rule::ALL);
    }
}
