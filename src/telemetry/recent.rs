//! What happened in the last minutes, for people who look now: a counter since
//! the start does not tell whether something still goes on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{AccountName, Action, FailureKind};

/// Calls to the cloud, by how they ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    /// Calls that went well.
    pub ok: u64,
    /// The others, by kind; none of them is 0.
    pub failed: BTreeMap<FailureKind, u64>,
}

/// The calls of the last minutes, and the credentials.
#[derive(Debug)]
pub(super) struct Recent {
    epoch: Instant,
    accounts: Mutex<BTreeMap<AccountName, Account>>,
}

#[derive(Debug, Default)]
struct Account {
    operations: BTreeMap<Action, Window>,
    credential_failures: u64,
}

/// The calls of one operation, by the slot of time in which they ended.
#[derive(Debug, Default)]
struct Window(VecDeque<(u64, Calls)>);

impl Calls {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.ok + self.failed.values().sum::<u64>()
    }

    /// Those that failed in this way.
    pub fn of_kind(&self, kind: FailureKind) -> u64 {
        self.failed.get(&kind).copied().unwrap_or(0)
    }

    /// Counts these, too.
    pub fn add(&mut self, others: &Self) {
        self.ok += others.ok;
        for (kind, calls) in &others.failed {
            *self.failed.entry(*kind).or_default() += calls;
        }
    }

    pub(super) fn count(&mut self, outcome: Result<(), FailureKind>, calls: u64) {
        match outcome {
            Ok(()) => self.ok += calls,
            Err(_) if calls == 0 => {}
            Err(kind) => *self.failed.entry(kind).or_default() += calls,
        }
    }
}

impl Recent {
    pub(super) fn new() -> Self {
        Self {
            epoch: Instant::now(),
            accounts: Mutex::default(),
        }
    }

    pub(super) fn call(
        &self,
        account: &AccountName,
        action: Action,
        outcome: Result<(), FailureKind>,
    ) {
        let slot = self.slot();
        let mut accounts = self.lock();
        let account = accounts.entry(account.clone()).or_default();
        let window = account.operations.entry(action).or_default();
        window.count(slot, outcome);
    }

    /// A credential was obtained, or could not be.
    pub(super) fn credential(&self, account: &AccountName, obtained: bool) {
        let mut accounts = self.lock();
        let account = accounts.entry(account.clone()).or_default();
        account.credential_failures = match obtained {
            true => 0,
            false => account.credential_failures.saturating_add(1),
        };
    }

    pub(super) fn forget(&self, account: &str) {
        self.lock().remove(account);
    }

    /// The calls of the last [`RECENT`], by operation, and how often in a row
    /// the credential could not be obtained.
    pub(super) fn of(&self, account: &str) -> (BTreeMap<Action, Calls>, u64) {
        let slot = self.slot();
        let accounts = self.lock();
        let Some(account) = accounts.get(account) else {
            return Default::default();
        };
        let windows = account.operations.iter();
        let sums = windows.map(|(action, window)| (*action, window.sum(slot)));
        (sums.collect(), account.credential_failures)
    }

    fn slot(&self) -> u64 {
        self.epoch.elapsed().as_secs() / SLOT.as_secs()
    }

    /// A map of numbers is whole after every step.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<AccountName, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn count(&mut self, slot: u64, outcome: Result<(), FailureKind>) {
        while self.0.front().is_some_and(|(old, _)| is_over(*old, slot)) {
            self.0.pop_front();
        }
        match self.0.back_mut() {
            Some((last, calls)) if *last == slot => calls.count(outcome, 1),
            _ => {
                let mut calls = Calls::default();
                calls.count(outcome, 1);
                self.0.push_back((slot, calls));
            }
        }
    }

    fn sum(&self, slot: u64) -> Calls {
        let mut sum = Calls::default();
        for (_, calls) in self.0.iter().filter(|(old, _)| !is_over(*old, slot)) {
            sum.add(calls);
        }
        sum
    }
}

fn is_over(old: u64, now: u64) -> bool {
    now.saturating_sub(old) >= RECENT.as_secs() / SLOT.as_secs()
}

/// What counts as recent: several sweeps at the usual intervals, and short
/// enough that what was mended is soon out of sight.
pub const RECENT: Duration = Duration::from_secs(5 * 60);

/// How exactly the end of that time is kept.
const SLOT: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_long_ago_is_forgotten() {
        let recent = Recent::new();
        let account = AccountName::parse("main").unwrap();
        let action = Action::DescribeRegions;
        let calls = |recent: &Recent| {
            let (calls, _) = recent.of("main");
            let calls = calls.get(&action).cloned().unwrap_or_default();
            (calls.ok, calls.of_kind(FailureKind::Throttled))
        };
        recent.call(&account, action, Err(FailureKind::Throttled));
        assert_eq!(calls(&recent), (0, 1));
        tokio::time::advance(RECENT / 2).await;
        recent.call(&account, action, Ok(()));
        recent.call(&account, action, Ok(()));
        assert_eq!(calls(&recent), (2, 1));
        tokio::time::advance(RECENT / 2).await;
        assert_eq!(calls(&recent), (2, 0));
        tokio::time::advance(RECENT).await;
        assert_eq!(calls(&recent), (0, 0));
        recent.call(&account, action, Ok(()));
        assert_eq!(calls(&recent), (1, 0));
        recent.forget("main");
        assert_eq!(calls(&recent), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_credential_that_is_obtained_ends_its_failures() {
        let recent = Recent::new();
        let account = AccountName::parse("main").unwrap();
        for (obtained, expected) in [(true, 0), (false, 1), (false, 2), (true, 0)] {
            recent.credential(&account, obtained);
            assert_eq!(recent.of("main").1, expected);
        }
    }
}
