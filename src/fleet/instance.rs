//! One instance: what is known of it after a sweep, from what was known before
//! it and what it observed.

use std::sync::Arc;

use jiff::Timestamp;

use super::column::Names;
use super::fold::{self, Step};
use super::ledger::Ledger;
use super::marks::Marks;
use super::memory::{Observed, Recalled};
use super::observation::{Collected, InstanceObservation, Sessions};
use super::presence::Presence;
use super::pseudonym::Pseudonyms;
use super::roster::Roster;
use super::totals::Totals;
use super::traffic::Traffic;
use super::users::Users;
use crate::model::{Collector, FailureKind, Instance, Rule, SagId};

/// What is known of one instance. It never changes; the next sweep makes
/// another one, which shares with it what stayed the same.
#[derive(Debug, Clone)]
pub struct InstanceSnapshot {
    instance: Instance,
    at: Timestamp,
    collectors: [CollectorStatus; Collector::ALL.len()],
    retain: u8,
    facts_age: u8,
    list: Option<List>,
    roster: Arc<Roster>,
    labels: Option<Labels>,
    presence: Arc<Presence>,
    recalled: Option<Recalled>,
    traffic: Option<Arc<Traffic>>,
    reported_clients: Option<u64>,
    ledger: Ledger,
    totals: Totals,
    marks: Option<Arc<Marks>>,
}

/// The runs of one collector on one instance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CollectorStatus {
    /// Whether the last run was complete; `None` before the first.
    pub success: Option<bool>,
    /// Why the last run was not complete, if it was not.
    pub failure: Option<FailureKind>,
    /// The end of the sweep in which the collector last ran completely.
    pub last_success: Option<Timestamp>,
    /// The end of the sweep in which it last ran, whatever came of it.
    pub last_run: Option<Timestamp>,
}

/// The last account list of which at least a part was read.
#[derive(Debug, Clone, Copy)]
struct List {
    expected: u64,
    collected: u64,
    /// Runs that failed since.
    age: u8,
    /// Whether some list so far was whole, so that no user is missing.
    is_whole: bool,
}

/// What the users are called where they are shown, if not by their names.
#[derive(Debug, Clone)]
struct Labels {
    of: Arc<Names>,
    shown: Arc<Names>,
}

impl InstanceSnapshot {
    /// What is known after an observation. Values that were not observed
    /// outlive `retain` sweeps. At the first one there may be a memory of an
    /// earlier run.
    pub(super) fn after(
        previous: Option<&Self>,
        recalled: Option<Recalled>,
        observation: InstanceObservation,
        retain: u8,
    ) -> Self {
        let mut next = previous.map_or_else(
            || Self {
                recalled,
                ..Self::unknown(&observation, retain)
            },
            |previous| Self {
                retain,
                at: observation.at,
                ..previous.clone()
            },
        );
        next.ledger.begin();
        next.marks = None;
        let InstanceObservation {
            instance,
            at,
            accounts,
            sessions,
            facts,
            traffic,
            reported_clients,
        } = observation;
        next.take_facts(instance, &facts);
        let (accounts, accounts_verdict) = fold::judge_accounts(accounts);
        let (sessions, sessions_verdict) = fold::judge_sessions(sessions);
        next.record(Collector::Instance, fold::judge(&facts));
        next.record(Collector::Accounts, accounts_verdict);
        next.record(Collector::Sessions, sessions_verdict);
        next.record(Collector::Traffic, fold::judge(&traffic));
        next.forget_unavailable(Collector::Instance, &facts);
        next.forget_unavailable(Collector::Traffic, &traffic);
        next.reported_clients = reported_clients;
        next.take_list(&accounts);
        next.take_users(accounts, sessions, at);
        next.traffic = Traffic::after(
            next.traffic.as_ref(),
            next.roster.names(),
            traffic,
            next.retain,
        );
        next
    }

    /// Gives the users their pseudonyms, if there are any. Those of the last
    /// sweep stand as long as the names are the same.
    pub(super) fn name_users(&mut self, pseudonyms: Option<&Pseudonyms>) {
        let names = self.roster.names();
        let stands = |labels: &Labels| Arc::ptr_eq(&labels.of, names);
        match pseudonyms {
            None => self.labels = None,
            Some(_) if self.labels.as_ref().is_some_and(stands) => {}
            Some(pseudonyms) => {
                self.labels = Some(Labels {
                    of: Arc::clone(names),
                    shown: Arc::new(pseudonyms.of_all(names)),
                });
            }
        }
    }

    /// The same with other pseudonyms, or with none.
    pub(super) fn renamed(&self, pseudonyms: Option<&Pseudonyms>) -> Self {
        let mut renamed = Self {
            labels: None,
            ..self.clone()
        };
        renamed.name_users(pseudonyms);
        renamed
    }

    /// The instance and the facts of it that are known.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Its id.
    pub fn sag_id(&self) -> &SagId {
        &self.instance.sag_id
    }

    /// When the last sweep of the instance ended.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether the last run of every collector was complete.
    pub fn is_up(&self) -> bool {
        self.collector(Collector::Accounts).success == Some(true)
            && self.collectors.iter().all(|c| c.success != Some(false))
    }

    /// The runs of one collector.
    pub fn collector(&self, collector: Collector) -> CollectorStatus {
        let status = self.collectors.get(collector.index());
        status.copied().unwrap_or_default()
    }

    /// How many users the cloud said there are (TotalCount of the last list).
    pub fn expected_users(&self) -> Option<u64> {
        self.list().map(|list| list.expected)
    }

    /// How many distinct users the last list held.
    pub fn collected_users(&self) -> Option<u64> {
        self.list().map(|list| list.collected)
    }

    /// Whether some list so far was whole, so that who is not among the names did
    /// not exist then.
    pub fn knows_everybody(&self) -> bool {
        self.list.is_some_and(|list| list.is_whole)
    }

    /// The users; `None` before the first list, and after the lists failed for
    /// longer than values are retained.
    pub fn users(&self) -> Option<Users<'_>> {
        self.list().map(|_| self.all_users())
    }

    /// How many sessions the cloud itself counts, where that can be had.
    pub fn reported_clients(&self) -> Option<u64> {
        self.reported_clients
    }

    /// What the users add up to.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The sessions that were seen to start and to end.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What the rules found here; `None` until they looked.
    pub fn marks(&self) -> Option<&Marks> {
        self.marks.as_deref()
    }

    /// How many anomalies a rule found; `None` where it had nothing to judge by:
    /// before the rules looked, while nobody knows who the users are, and for
    /// rules about sessions until those of a user were observed.
    pub fn anomalies(&self, rule: Rule) -> Option<u64> {
        let (marks, users) = self.marks().zip(self.users())?;
        let count = u64::try_from(marks.of_rule(rule).len()).ok()?;
        let rows = 0..self.names().len();
        let mut shown = rows.filter(|row| users.user(*row).is_some()).peekable();
        let is_judged = count > 0
            || !rule.is_about_sessions()
            || shown.peek().is_none()
            || shown.any(|row| users.is_observed(row));
        is_judged.then_some(count)
    }

    /// The names of all rows, those that are not shown too.
    pub fn names(&self) -> &Arc<Names> {
        self.roster.names()
    }

    /// What is remembered of users who were not observed yet since the start.
    pub fn recalled(&self) -> Option<&Recalled> {
        self.recalled.as_ref()
    }

    pub(super) fn presence(&self) -> &Presence {
        &self.presence
    }

    /// The same, with what the rules found in it.
    pub(super) fn marked(&self, marks: Marks) -> Self {
        Self {
            marks: Some(Arc::new(marks)),
            ..self.clone()
        }
    }

    fn unknown(observation: &InstanceObservation, retain: u8) -> Self {
        Self {
            instance: observation.instance.clone(),
            at: observation.at,
            collectors: Default::default(),
            retain,
            facts_age: 0,
            list: None,
            roster: Arc::default(),
            labels: None,
            presence: Arc::default(),
            recalled: None,
            traffic: None,
            reported_clients: None,
            ledger: Ledger::default(),
            totals: Totals::default(),
            marks: None,
        }
    }

    fn list(&self) -> Option<List> {
        self.list.filter(|list| list.age <= self.retain)
    }

    fn all_users(&self) -> Users<'_> {
        Users {
            roster: &self.roster,
            labels: self.labels.as_ref().map(|labels| &*labels.shown),
            presence: &self.presence,
            traffic: self.traffic.as_deref(),
            retain: self.retain,
            marks: self.marks.as_deref(),
        }
    }

    /// A collector that cannot run has neither failed nor succeeded.
    fn forget_unavailable<T>(&mut self, collector: Collector, collected: &Collected<T>) {
        let status = self.collectors.get_mut(collector.index());
        if let (Collected::Unavailable, Some(status)) = (collected, status) {
            *status = CollectorStatus::default();
        }
    }

    fn record(&mut self, collector: Collector, verdict: fold::Verdict) {
        if let (Some(verdict), Some(status)) = (verdict, self.collectors.get_mut(collector.index()))
        {
            status.success = Some(verdict.is_ok());
            status.failure = verdict.err();
            status.last_run = Some(self.at);
            if verdict.is_ok() {
                status.last_success = Some(self.at);
            }
        }
    }

    fn take_facts(&mut self, instance: Instance, facts: &Collected<()>) {
        let failed = matches!(facts, Collected::Failed(_));
        self.facts_age = match facts {
            Collected::Complete(()) | Collected::Partial(..) => 0,
            Collected::NotDue | Collected::Unavailable => self.facts_age,
            Collected::Failed(_) => self.facts_age.saturating_add(1),
        };
        self.instance = match facts {
            Collected::Complete(()) => instance,
            _ => fold::merge_facts(&self.instance, instance),
        };
        let is_unavailable = matches!(facts, Collected::Unavailable);
        if is_unavailable || (failed && self.facts_age > self.retain) {
            fold::forget_facts(&mut self.instance);
        }
    }

    fn take_list(&mut self, accounts: &Collected<fold::Listed>) {
        let was_whole = self.list.is_some_and(|list| list.is_whole);
        let (listed, is_whole) = match accounts {
            Collected::NotDue | Collected::Unavailable => return,
            Collected::Failed(_) => {
                if let Some(list) = &mut self.list {
                    list.age = list.age.saturating_add(1);
                }
                return;
            }
            Collected::Complete(listed) => (listed, true),
            Collected::Partial(listed, _) => (listed, was_whole),
        };
        self.list = Some(List {
            expected: listed.expected,
            collected: u64::try_from(listed.roster.len()).unwrap_or(u64::MAX),
            age: 0,
            is_whole,
        });
    }

    fn take_users(
        &mut self,
        accounts: Collected<fold::Listed>,
        sessions: Collected<Sessions>,
        at: Timestamp,
    ) {
        let step = Step {
            roster: &self.roster,
            presence: &self.presence,
            recalled: self.recalled.as_ref(),
            retain: self.retain,
            at,
        };
        let (roster, presence, deleted) = step.take(accounts, sessions, &mut self.ledger);
        self.roster = roster;
        self.presence = presence;
        let observed = Observed {
            names: self.roster.names(),
            presence: &self.presence,
            deleted: &deleted,
            is_whole: self.list.is_some_and(|list| list.is_whole),
        };
        let recalled = self.recalled.take();
        self.recalled = recalled.and_then(|recalled| recalled.after(&observed));
        self.totals = self.list().map_or_else(Totals::default, |list| {
            Totals::of(self.all_users(), list.is_whole)
        });
    }
}
