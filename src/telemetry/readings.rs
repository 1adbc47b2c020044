//! The counters read back, for the status page.

use std::collections::BTreeMap;

use jiff::Timestamp;
use prometheus::core::Collector;
use prometheus::proto::Metric;

use super::{Calls, Metrics};
use crate::model::{Action, FailureKind};

/// What the counters say of the calls for one cloud account.
#[derive(Debug, Clone, Default)]
pub struct AccountReadings {
    /// Calls that sweeps need over calls that the rate allows.
    pub demand_ratio: Option<f64>,
    /// How long the last sweep took.
    pub sweep_seconds: Option<f64>,
    /// The end of the credential in use, if it has one.
    pub credential_expires: Option<Timestamp>,
    /// How often in a row the credential could not be obtained.
    pub credential_failures: u64,
    /// The operations that were called.
    pub operations: BTreeMap<Action, OperationReadings>,
}

/// What the counters say of one operation of a cloud account.
#[derive(Debug, Clone, Default)]
pub struct OperationReadings {
    /// Calls per second that pacing allows now.
    pub rate_limit: Option<f64>,
    /// Whether the operation answers, if one can do without it.
    pub available: Option<bool>,
    /// The calls since the start of the program or of the account.
    pub calls: Calls,
    /// The calls of the last [`RECENT`](super::RECENT).
    pub recent: Calls,
}

type Accounts = BTreeMap<String, AccountReadings>;

/// Everything that is counted by cloud account, in the order of their names.
pub(super) fn read(metrics: &Metrics) -> Accounts {
    let mut accounts = Accounts::new();
    each(&metrics.sweep_duration, |metric| {
        account(&mut accounts, metric).sweep_seconds = Some(gauge(metric));
    });
    each(&metrics.api_demand_ratio, |metric| {
        account(&mut accounts, metric).demand_ratio = Some(gauge(metric));
    });
    each(&metrics.credential_expiry, |metric| {
        account(&mut accounts, metric).credential_expires = moment(gauge(metric));
    });
    each(&metrics.api_rate_limit, |metric| {
        if let Some(operation) = operation(&mut accounts, metric) {
            operation.rate_limit = Some(gauge(metric));
        }
    });
    each(&metrics.bulk_available, |metric| {
        if let Some(operation) = operation(&mut accounts, metric) {
            operation.available = Some(gauge(metric) > 0.0);
        }
    });
    each(&metrics.api_requests, |metric| {
        let outcome = outcome(label(metric, "outcome"));
        if let (Some(operation), Some(outcome)) = (operation(&mut accounts, metric), outcome) {
            operation.calls.count(outcome, counter(metric));
        }
    });
    each(&metrics.credential_refreshes, |metric| {
        account(&mut accounts, metric);
    });
    for (name, account) in &mut accounts {
        let (recent, failures) = metrics.recent.of(name);
        account.credential_failures = failures;
        for (action, calls) in recent {
            account.operations.entry(action).or_default().recent = calls;
        }
    }
    accounts
}

fn each(family: &impl Collector, mut read: impl FnMut(&Metric)) {
    for family in family.collect() {
        family.get_metric().iter().for_each(&mut read);
    }
}

fn account<'a>(accounts: &'a mut Accounts, metric: &Metric) -> &'a mut AccountReadings {
    let name = label(metric, "account").to_owned();
    accounts.entry(name).or_default()
}

fn operation<'a>(accounts: &'a mut Accounts, metric: &Metric) -> Option<&'a mut OperationReadings> {
    let action = Action::parse(label(metric, "action"))?;
    let operations = &mut account(accounts, metric).operations;
    Some(operations.entry(action).or_default())
}

fn label<'a>(metric: &'a Metric, name: &str) -> &'a str {
    let mut labels = metric.get_label().iter();
    let label = labels.find(|label| label.name() == name);
    label.map_or("", |label| label.value())
}

fn outcome(text: &str) -> Option<Result<(), FailureKind>> {
    if text == "ok" {
        return Some(Ok(()));
    }
    let mut kinds = FailureKind::ALL.into_iter();
    kinds.find(|kind| kind.as_str() == text).map(Err)
}

fn gauge(metric: &Metric) -> f64 {
    metric.get_gauge().get_value()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a counter of whole numbers, which never goes below 0"
)]
fn counter(metric: &Metric) -> u64 {
    metric.get_counter().get_value() as u64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "it was made of whole seconds since 1970"
)]
fn moment(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_second(seconds as i64).ok()
}
