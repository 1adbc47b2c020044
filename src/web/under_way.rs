//! The sweeps that are under way, and how far they are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{AccountName, SagId};
use crate::sweep::Progress;

/// The sweeps that are under way. Clones share it: sweeps tell, pages ask.
#[derive(Debug, Clone, Default)]
pub struct UnderWay(Arc<Mutex<BTreeMap<AccountName, Sweep>>>);

/// How far one sweep is. The totals grow while instances are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sweep {
    pub(super) instances: usize,
    pub(super) instances_done: usize,
    pub(super) users: usize,
    pub(super) users_done: usize,
}

impl UnderWay {
    /// No sweep is under way.
    pub fn new() -> Self {
        Self::default()
    }

    /// The sweeps of this moment, in the order of the cloud accounts.
    pub(super) fn sweeps(&self) -> Vec<(AccountName, Sweep)> {
        let sweeps = self.lock();
        let sweeps = sweeps.iter();
        sweeps.map(|(name, sweep)| (name.clone(), *sweep)).collect()
    }

    fn change(&self, account: &AccountName, change: impl FnOnce(&mut Sweep)) {
        if let Some(sweep) = self.lock().get_mut(account) {
            change(sweep);
        }
    }

    /// Counters are whole after every step, so that a panic elsewhere does not
    /// spoil them.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<AccountName, Sweep>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for UnderWay {
    fn sweep_started(&self, account: &AccountName) {
        self.lock().insert(account.clone(), Sweep::default());
    }

    fn instances_found(&self, account: &AccountName, instances: usize) {
        self.change(account, |sweep| sweep.instances = instances);
    }

    fn users_found(&self, account: &AccountName, _: &SagId, users: usize) {
        self.change(account, |sweep| sweep.users += users);
    }

    fn user_done(&self, account: &AccountName, _: &SagId) {
        self.change(account, |sweep| sweep.users_done += 1);
    }

    fn instance_done(&self, account: &AccountName, _: &SagId) {
        self.change(account, |sweep| sweep.instances_done += 1);
    }

    fn sweep_ended(&self, account: &AccountName) {
        self.lock().remove(account);
    }
}
