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
        self.something_missing |= !complete && account.needs_discovery();
    }

    /// An instance was swept.
    pub(super) fn swept(&mut self, account: &AccountOptions, seen: &InstanceObservation) {
        self.add(&seen.accounts);
        self.add(&seen.sessions);
        self.something_missing |= !is_good(&seen.traffic);
        if account.needs_discovery() {
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
    matches!(
        collected,
        Collected::Complete(_) | Collected::NotDue | Collected::Unavailable
    )
}
