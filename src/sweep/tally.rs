//! How a sweep ended, summed up over its instances.

use super::AccountOptions;
use crate::fleet::{Collected, InstanceObservation};
use crate::model::SweepOutcome;

/// Counts while a sweep goes on.
#[derive(Debug, Default)]
pub(super) struct Tally {
    something_learned: bool,
    something_missing: bool,
}

impl Tally {
    /// Discovery ran.
    pub(super) fn discovered(&mut self, account: &AccountOptions, complete: bool) {
        self.something_learned |= complete;
        self.something_missing |= !complete && needs_discovery(account);
    }

    /// An instance was swept.
    pub(super) fn swept(&mut self, account: &AccountOptions, seen: &InstanceObservation) {
        self.add(&seen.accounts);
        self.add(&seen.sessions);
        if needs_discovery(account) {
            self.something_missing |= !is_good(&seen.facts);
        }
    }

    /// An account without a single instance is complete if that is known.
    pub(super) fn outcome(&self) -> SweepOutcome {
        match (self.something_learned, self.something_missing) {
            (_, false) => SweepOutcome::Complete,
            (true, true) => SweepOutcome::Partial,
            (false, true) => SweepOutcome::Failed,
        }
    }

    fn add<T>(&mut self, collected: &Collected<T>) {
        self.something_learned |=
            matches!(collected, Collected::Complete(_) | Collected::Partial(..));
        self.something_missing |= !is_good(collected);
    }
}

fn is_good<T>(collected: &Collected<T>) -> bool {
    matches!(collected, Collected::Complete(_) | Collected::NotDue)
}

/// With one region and a list of instances the facts of instances are a bonus,
/// for which not everybody grants the permission.
fn needs_discovery(account: &AccountOptions) -> bool {
    account.instances.is_empty() || account.regions.len() > 1
}
