//! What is known of the fleet: from observations to immutable snapshots.
//!
//! A [`Fleet`] folds one [`Observation`] after the other into what is known of
//! each instance; a [`Snapshot`] is all of it at one moment, free to share. The
//! fold is pure: no clock, no I/O, and the same observations give the same
//! snapshot. It does not know where observations come from, and not what the
//! snapshots are for.
//!
//! Users are held in columns in the order of their names, at a few dozen bytes
//! each, so that a million of them fit in a small process and a writer goes
//! through them at the speed of memory.
//!
//! The rules of truth, for every value here:
//!
//! * What is not known is `None`, never 0 and never "offline".
//! * A value that could not be read anew stays for `retain` sweeps, then it is
//!   unknown. For accounts and facts only the sweeps count in which they were
//!   due.
//! * A list that was not read to its end takes nobody away. A user that it does
//!   not name ages like any other value.
//! * A user disappears at once when a complete list lacks it or when the cloud
//!   denies that it exists. Its open sessions count as ended then, because the
//!   cloud ends them.
//! * Between two observations of a user the ledger counts what started and what
//!   ended, however long ago the first one was. The first observation of a user
//!   starts nothing.

mod column;
mod fold;
mod inherited;
mod instance;
mod keys;
mod ledger;
mod marks;
mod memory;
mod moments;
mod observation;
mod presence;
mod pseudonym;
mod roster;
mod snapshot;
mod totals;
mod traffic;
mod users;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

pub use self::column::Names;
use self::inherited::Inherited;
pub use self::instance::{CollectorStatus, InstanceSnapshot};
pub use self::keys::{AddressKey, Salt, UserKey, UserKeys};
pub use self::ledger::{Change, Durations, Ledger};
pub use self::marks::{Finding, Marks};
pub use self::memory::{Extent, KnownSession, LastSeen, Memory, Recalled, Remembered};
pub use self::observation::{
    Accounts, Collected, InstanceObservation, Observation, SessionState, Sessions, UserSessions,
    UserTraffic,
};
pub use self::pseudonym::Pseudonyms;
pub use self::snapshot::{AccountStatus, Snapshot};
pub use self::totals::Totals;
pub use self::users::{Online, User, Users};
use crate::model::{AccountName, Instance, SagId, SweepOutcome};

/// What an operator may choose about what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many sweeps a last good value outlives. More than 253 are taken for
    /// 253: ages are counted in one byte.
    pub retain: u32,
}

/// What is known of all instances. One task writes; everyone else reads
/// snapshots.
#[derive(Debug)]
pub struct Fleet {
    retain: u8,
    instances: BTreeMap<SagId, Arc<InstanceSnapshot>>,
    accounts: BTreeMap<AccountName, AccountStatus>,
    /// Instances that were not observed yet since the start.
    recalled: BTreeMap<SagId, Recalled>,
    inherited: Inherited,
    pseudonyms: Option<Pseudonyms>,
    is_ready: bool,
    at: Option<Timestamp>,
}

impl Fleet {
    /// A fleet of which nothing is known.
    pub fn new(options: Options) -> Self {
        Self {
            retain: retained(options),
            instances: BTreeMap::new(),
            accounts: BTreeMap::new(),
            recalled: BTreeMap::new(),
            inherited: Inherited::default(),
            pseudonyms: None,
            is_ready: false,
            at: None,
        }
    }

    /// Takes in what is remembered of an earlier run, before the first
    /// observation. Nothing of it is shown of an instance or a user until it is
    /// known to be there.
    pub fn recall(&mut self, recalled: BTreeMap<SagId, Recalled>) {
        self.recalled = recalled;
    }

    /// What is remembered of instances that were not observed yet.
    pub fn recalled(&self) -> &BTreeMap<SagId, Recalled> {
        &self.recalled
    }

    /// Puts other options into force, from the next observation on.
    pub fn change_options(&mut self, options: Options) {
        self.retain = retained(options);
    }

    /// Shows users under pseudonyms, or by their names, from now on.
    pub fn change_pseudonyms(&mut self, pseudonyms: Option<Pseudonyms>) {
        if self.pseudonyms == pseudonyms {
            return;
        }
        self.pseudonyms = pseudonyms;
        for snapshot in self.instances.values_mut() {
            let renamed = snapshot.renamed(self.pseudonyms.as_ref());
            *snapshot = Arc::new(renamed);
        }
    }

    /// Takes in a piece of news.
    pub fn apply(&mut self, observation: Observation) {
        match observation {
            Observation::Instance(observation) => self.apply_instance(*observation),
            Observation::InstanceGone(sag_id) => {
                self.recalled.remove(&sag_id);
                self.instances.remove(&sag_id);
            }
            Observation::AccountGone(account) => {
                self.accounts.remove(&account);
                self.forget_recalled(&account);
                self.keep_of(&account, |_| false);
            }
            Observation::AccountChanged {
                account,
                regions,
                instances,
            } => self.keep_of(&account, |instance| match &instances[..] {
                [] => regions.is_empty() || regions.contains(&instance.region),
                listed => listed.contains(&instance.sag_id),
            }),
            Observation::SweepEnded {
                account,
                outcome,
                at,
            } => self.end_sweep(account, outcome, at),
        }
    }

    /// All that is known now. Cheap: instances are shared, not copied.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::new(Snapshot {
            instances: self.instances.values().cloned().collect(),
            accounts: self.accounts.values().cloned().collect(),
            is_ready: self.is_ready,
            at: self.at,
        })
    }

    /// The instance with this id.
    pub fn instance(&self, sag_id: &str) -> Option<&Arc<InstanceSnapshot>> {
        self.instances.get(sag_id)
    }

    /// Adds to an instance what the rules found in it. It stands until the next
    /// observation of the instance.
    pub fn mark(&mut self, sag_id: &str, marks: Marks) {
        if let Some(instance) = self.instances.get_mut(sag_id) {
            *instance = Arc::new(instance.marked(marks));
        }
    }

    fn apply_instance(&mut self, observation: InstanceObservation) {
        self.see(observation.at);
        let sag_id = observation.instance.sag_id.clone();
        let previous = self.instances.get(&sag_id).map(Arc::as_ref);
        let recalled = self.recalled.remove(&sag_id);
        let mut next = InstanceSnapshot::after(previous, recalled, observation, self.retain);
        next.name_users(self.pseudonyms.as_ref());
        self.inherited.reported(&next.instance().account, &sag_id);
        self.instances.insert(sag_id, Arc::new(next));
    }

    fn end_sweep(&mut self, account: AccountName, outcome: SweepOutcome, at: Timestamp) {
        self.see(at);
        for sag_id in self.inherited.sweep_ended(&account, outcome, self.retain) {
            self.instances.remove(&sag_id);
        }
        if outcome == SweepOutcome::Complete {
            // Whatever it did not report is there no more.
            self.forget_recalled(&account);
        }
        self.is_ready |= outcome != SweepOutcome::Failed;
        let status = AccountStatus {
            account: account.clone(),
            outcome,
            at,
        };
        self.accounts.insert(account, status);
    }

    /// Keeps only these instances of a cloud account, as long as its sweeps
    /// report them again.
    fn keep_of(&mut self, account: &AccountName, keep: impl Fn(&Instance) -> bool) {
        self.instances.retain(|_, snapshot| {
            let instance = snapshot.instance();
            instance.account != *account || keep(instance)
        });
        let kept = self.instances.values().map(|snapshot| snapshot.instance());
        let kept = kept.filter(|instance| instance.account == *account);
        let ids = kept.map(|instance| instance.sag_id.clone()).collect();
        self.inherited.replace(account.clone(), ids);
    }

    fn forget_recalled(&mut self, account: &AccountName) {
        let is_of = |recalled: &Recalled| recalled.memory.account == *account;
        self.recalled.retain(|_, recalled| !is_of(recalled));
    }

    fn see(&mut self, at: Timestamp) {
        self.at = self.at.max(Some(at));
    }
}

/// How many sweeps a value outlives, as ages are counted.
fn retained(options: Options) -> u8 {
    let most = presence::OLDEST - 1;
    u8::try_from(options.retain).map_or(most, |retain| retain.min(most))
}
