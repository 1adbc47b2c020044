//! The parts of the state that come from sweeps.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::fleet::{AccountStatus, InstanceSnapshot};
use crate::model::{AccountName, Collector, FailureKind};
use crate::web::anomalies;
use crate::web::under_way::Sweep;

/// A moment as text.
#[derive(Debug)]
pub(super) struct Time(pub(super) Timestamp);

/// A sweep that is under way.
#[derive(Debug, Serialize)]
pub(super) struct SweepState<'a> {
    account: &'a str,
    instances: usize,
    instances_done: usize,
    users: usize,
    users_done: usize,
}

/// The last sweep of a cloud account.
#[derive(Debug, Serialize)]
pub(super) struct Account<'a> {
    account: &'a str,
    outcome: &'static str,
    swept_at: Time,
}

#[derive(Debug, Serialize)]
pub(super) struct Instance<'a> {
    sag_id: &'a str,
    name: Option<&'a str>,
    account: &'a str,
    region: &'a str,
    /// Whether the last sweep was complete.
    up: bool,
    swept_at: Time,
    collectors: Vec<CollectorState>,
    expected_users: Option<u64>,
    collected_users: Option<u64>,
    enabled_users: Option<u64>,
    disabled_users: Option<u64>,
    online_users: Option<u64>,
    online_clients: Option<u64>,
    stale_users: Option<u64>,
}

#[derive(Debug, Serialize)]
struct CollectorState {
    collector: &'static str,
    success: Option<bool>,
    failure: Option<&'static str>,
    last_success: Option<Time>,
}

/// The findings of a rule.
#[derive(Debug, Serialize)]
pub(super) struct Anomalies<'a> {
    rule: &'static str,
    count: u64,
    newest: Vec<Finding<'a>>,
}

#[derive(Debug, Serialize)]
struct Finding<'a> {
    sag_id: &'a str,
    user: Option<&'a str>,
    users: Option<u64>,
    since: Time,
    reason: Option<&'a str>,
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'a> SweepState<'a> {
    pub(super) fn of((account, sweep): &'a (AccountName, Sweep)) -> Self {
        Self {
            account: account.as_str(),
            instances: sweep.instances,
            instances_done: sweep.instances_done,
            users: sweep.users,
            users_done: sweep.users_done,
        }
    }
}

impl<'a> Account<'a> {
    pub(super) fn of(status: &'a AccountStatus) -> Self {
        Self {
            account: status.account.as_str(),
            outcome: status.outcome.as_str(),
            swept_at: Time(status.at),
        }
    }
}

impl<'a> Instance<'a> {
    pub(super) fn of(instance: &'a InstanceSnapshot) -> Self {
        let facts = instance.instance();
        let totals = instance.totals();
        let collectors = Collector::ALL.into_iter().map(|collector| {
            let state = instance.collector(collector);
            CollectorState {
                collector: collector.as_str(),
                success: state.success,
                failure: state.failure.map(FailureKind::as_str),
                last_success: state.last_success.map(Time),
            }
        });
        Self {
            sag_id: facts.sag_id.as_str(),
            name: facts.name.as_deref(),
            account: facts.account.as_str(),
            region: facts.region.as_str(),
            up: instance.is_up(),
            swept_at: Time(instance.at()),
            collectors: collectors.collect(),
            expected_users: instance.expected_users(),
            collected_users: instance.collected_users(),
            enabled_users: totals.enabled_users,
            disabled_users: totals.disabled_users,
            online_users: totals.online_users,
            online_clients: totals.online_clients,
            stale_users: totals.stale_users,
        }
    }
}

impl<'a> Anomalies<'a> {
    pub(super) fn of(found: &'a anomalies::Anomalies) -> Self {
        Self {
            rule: found.rule.as_str(),
            count: found.count,
            newest: found.newest.iter().map(finding).collect(),
        }
    }
}

fn finding(entry: &anomalies::Entry) -> Finding<'_> {
    Finding {
        sag_id: entry.sag_id.as_str(),
        user: entry.user.as_deref(),
        users: entry.users,
        since: Time(entry.since),
        reason: entry.reason.as_deref(),
    }
}
