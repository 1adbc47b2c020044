//! Instances that were known before their cloud account changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AccountName, SagId, SweepOutcome};

/// Instances of which the new sweeps of their cloud account have not said yet
/// whether they are still there. An instance that is gone is not reported as
/// gone by someone who never saw it.
#[derive(Debug, Default)]
pub(super) struct Inherited(BTreeMap<AccountName, Heirloom>);

#[derive(Debug)]
struct Heirloom {
    instances: BTreeSet<SagId>,
    /// How many sweeps have ended since the change.
    sweeps: u8,
}

impl Inherited {
    /// Begins anew with the instances that outlive a change of their account.
    pub(super) fn replace(&mut self, account: AccountName, instances: BTreeSet<SagId>) {
        if instances.is_empty() {
            self.0.remove(&account);
            return;
        }
        let heirloom = Heirloom {
            instances,
            sweeps: 0,
        };
        self.0.insert(account, heirloom);
    }

    /// The instance is still there.
    pub(super) fn reported(&mut self, account: &AccountName, sag_id: &SagId) {
        if let Some(heirloom) = self.0.get_mut(account) {
            heirloom.instances.remove(sag_id);
        }
    }

    /// The instances that are known to be gone: a complete sweep did not report
    /// them, or more sweeps did not than a value outlives.
    pub(super) fn sweep_ended(
        &mut self,
        account: &AccountName,
        outcome: SweepOutcome,
        retain: u8,
    ) -> BTreeSet<SagId> {
        let Some(heirloom) = self.0.get_mut(account) else {
            return BTreeSet::new();
        };
        heirloom.sweeps = heirloom.sweeps.saturating_add(1);
        if outcome != SweepOutcome::Complete && heirloom.sweeps <= retain {
            return BTreeSet::new();
        }
        let heirloom = self.0.remove(account);
        heirloom.map_or_else(BTreeSet::new, |heirloom| heirloom.instances)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> AccountName {
        AccountName::parse(text).unwrap()
    }

    fn ids(text: &str) -> BTreeSet<SagId> {
        let words = text.split_whitespace();
        words.map(|word| SagId::parse(word).unwrap()).collect()
    }

    #[test]
    fn what_is_not_reported_again_goes() {
        use SweepOutcome::{Complete, Failed, Partial};
        let check = |reported: &str, outcomes: &[SweepOutcome], expected: &[&str]| {
            let mut inherited = Inherited::default();
            inherited.replace(name("a"), ids("s1 s2"));
            for sag_id in ids(reported) {
                inherited.reported(&name("a"), &sag_id);
            }
            let gone = outcomes
                .iter()
                .map(|outcome| inherited.sweep_ended(&name("a"), *outcome, 2));
            let expected: Vec<_> = expected.iter().map(|text| ids(text)).collect();
            assert_eq!(gone.collect::<Vec<_>>(), expected, "{reported}");
        };
        check("s1", &[Complete, Complete], &["s2", ""]);
        check("s1 s2", &[Complete], &[""]);
        check("", &[Failed, Partial, Failed], &["", "", "s1 s2"]);
        check("s2", &[Partial, Complete], &["", "s1"]);
    }

    #[test]
    fn accounts_are_apart() {
        let mut inherited = Inherited::default();
        inherited.replace(name("a"), ids("s1"));
        let gone = inherited.sweep_ended(&name("b"), SweepOutcome::Complete, 0);
        assert!(gone.is_empty());
    }
}
