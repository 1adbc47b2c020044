//! What the rules found, as people see it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::exposition::{Exposition, UserLabels};
use crate::fleet::{Finding, InstanceSnapshot, Users};
use crate::model::{Rule, SagId};

/// The findings of one rule over all instances.
#[derive(Debug)]
pub(super) struct Anomalies {
    pub(super) rule: Rule,
    /// How many there are.
    pub(super) count: u64,
    /// The newest of them, newest first; at most [`LIMIT_ENTRIES`].
    pub(super) newest: Vec<Entry>,
}

/// A finding, or those of one instance where users are not shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) sag_id: SagId,
    /// The user as `labels.user` says; `None` if it concerns the instance as a
    /// whole, or if users are not shown.
    pub(super) user: Option<Box<str>>,
    /// How many users it concerns; `None` if it is the instance as a whole.
    pub(super) users: Option<u64>,
    pub(super) since: Timestamp,
    /// Why; `None` where that would tell more of users than may be shown.
    pub(super) reason: Option<Arc<str>>,
}

/// A finding in its instance.
#[derive(Clone, Copy)]
struct Found<'a> {
    instance: &'a InstanceSnapshot,
    users: Users<'a>,
    finding: &'a Finding,
}

/// The findings by rule, without the rules that could judge no instance. It
/// takes time in proportion to the findings, and is bounded in what it keeps.
pub(super) fn digest(exposition: &Exposition) -> Vec<Anomalies> {
    let instances = exposition.snapshot().instances();
    let judged = |rule: &Rule| instances.iter().any(|i| i.anomalies(*rule).is_some());
    let rules = Rule::ALL.into_iter().filter(judged);
    rules
        .map(|rule| match exposition.user_labels() {
            UserLabels::Plain => of_users(rule, instances),
            UserLabels::None => of_instances(rule, instances),
        })
        .collect()
}

fn of_users(rule: Rule, instances: &[Arc<InstanceSnapshot>]) -> Anomalies {
    let (mut count, mut newest) = (0, Vec::new());
    for found in instances.iter().flat_map(|instance| all(rule, instance)) {
        count += 1;
        newest.push(found);
        if newest.len() >= 2 * LIMIT_ENTRIES {
            keep_newest(&mut newest);
        }
    }
    keep_newest(&mut newest);
    Anomalies {
        rule,
        count,
        newest: newest.into_iter().map(Found::entry).collect(),
    }
}

/// Where users are not shown, only how many there are in which instance.
fn of_instances(rule: Rule, instances: &[Arc<InstanceSnapshot>]) -> Anomalies {
    let mut newest: Vec<Entry> = instances
        .iter()
        .filter_map(|instance| summary(rule, instance))
        .collect();
    let count = newest.iter().map(|entry| entry.users.unwrap_or(1)).sum();
    newest.sort_by(|a, b| b.since.cmp(&a.since).then_with(|| a.sag_id.cmp(&b.sag_id)));
    newest.truncate(LIMIT_ENTRIES);
    Anomalies {
        rule,
        count,
        newest,
    }
}

fn summary(rule: Rule, instance: &InstanceSnapshot) -> Option<Entry> {
    let oldest = all(rule, instance).min_by_key(|found| found.finding.since)?;
    let is_whole = oldest.finding.row.is_none();
    let users = u64::try_from(all(rule, instance).count()).unwrap_or(u64::MAX);
    Some(Entry {
        sag_id: instance.sag_id().clone(),
        user: None,
        users: (!is_whole).then_some(users),
        since: oldest.finding.since,
        reason: is_whole.then(|| Arc::clone(&oldest.finding.reason)),
    })
}

/// What a rule found in an instance, as far as its users are known still.
fn all(rule: Rule, instance: &InstanceSnapshot) -> impl Iterator<Item = Found<'_>> {
    let known = instance.marks().zip(instance.users());
    known.into_iter().flat_map(move |(marks, users)| {
        let findings = marks.of_rule(rule).iter();
        let found = findings.map(move |finding| Found {
            instance,
            users,
            finding,
        });
        found.filter(Found::is_shown)
    })
}

fn keep_newest(found: &mut Vec<Found<'_>>) {
    // Instances and rows are in order already, and this sort is stable.
    found.sort_by_key(|found| std::cmp::Reverse(found.finding.since));
    found.truncate(LIMIT_ENTRIES);
}

impl Found<'_> {
    fn is_shown(&self) -> bool {
        let row = self.finding.row;
        row.is_none_or(|row| self.users.user(row).is_some())
    }

    fn entry(self) -> Entry {
        let (row, rule) = (self.finding.row, self.finding.rule);
        let name = row.and_then(|row| self.users.labels().get(row));
        // A tunnel address would tell who hides behind a pseudonym.
        let tells_address = matches!(rule, Rule::DuplicateIp | Rule::StaticIpMismatch);
        let is_hidden = tells_address && self.users.are_pseudonymous();
        Entry {
            sag_id: self.instance.sag_id().clone(),
            user: name.map(Box::from),
            users: row.map(|_| 1),
            since: self.finding.since,
            reason: (!is_hidden).then(|| Arc::clone(&self.finding.reason)),
        }
    }
}

/// Enough to see what is going on; the metrics have all of them.
pub(super) const LIMIT_ENTRIES: usize = 100;
