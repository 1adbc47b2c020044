//! The judge of the whole fleet.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::memory::{Notes, Recollection};
use super::options::Options;
use super::state::State;
use crate::fleet::{InstanceSnapshot, Marks};
use crate::model::{Rule, SagId};

/// Looks at instances and remembers what it has to.
#[derive(Debug)]
pub struct Judge {
    options: Options,
    /// Counts the options, so that each instance follows them at its next look.
    edition: u64,
    instances: BTreeMap<SagId, Judged>,
    /// What is remembered of instances that were not looked at yet.
    recalled: BTreeMap<SagId, Recollection>,
}

#[derive(Debug)]
struct Judged {
    state: State,
    edition: u64,
}

/// What a look at an instance yields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is there now, for the snapshot.
    pub marks: Marks,
    /// What came since the look before.
    pub raised: Vec<Turn>,
    /// What went since then.
    pub cleared: Vec<Turn>,
}

/// An anomaly that came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The rule that found it.
    pub rule: Rule,
    /// The user; `None` if it concerns the instance as a whole.
    pub user: Option<Box<str>>,
    /// When it was first seen.
    pub since: Timestamp,
    /// What was seen then, for people. It names no user.
    pub reason: Arc<str>,
}

impl Judge {
    /// A judge who has seen nothing.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            edition: 0,
            instances: BTreeMap::new(),
            recalled: BTreeMap::new(),
        }
    }

    /// Takes in what is remembered of an earlier run, before the first look.
    /// What was found then is not found anew.
    pub fn recall(&mut self, recalled: BTreeMap<SagId, Recollection>) {
        self.recalled = recalled;
    }

    /// What is remembered of instances that were not looked at yet.
    pub fn recalled(&self) -> &BTreeMap<SagId, Recollection> {
        &self.recalled
    }

    /// Forgets what is remembered of other instances than these.
    pub fn retain_recalled(&mut self, keep: impl Fn(&SagId) -> bool) {
        self.recalled.retain(|sag_id, _| keep(sag_id));
    }

    /// What is known of the instances that were looked at, to be kept.
    pub fn notes(&self) -> impl Iterator<Item = (&SagId, Notes)> {
        let judged = self.instances.iter();
        judged.map(|(sag_id, judged)| (sag_id, judged.state.notes()))
    }

    /// From now on other options are in force. What was found stays until it is
    /// seen not to hold under them.
    pub fn set_options(&mut self, options: Options) {
        if self.options != options {
            self.options = options;
            self.edition += 1;
        }
    }

    /// Looks at an instance after an observation. `previous` is what was known
    /// before it; `None` at the first observation.
    pub fn look(
        &mut self,
        previous: Option<&InstanceSnapshot>,
        snapshot: &InstanceSnapshot,
    ) -> Verdict {
        let options = &self.options;
        let recalled = &mut self.recalled;
        let judged = self
            .instances
            .entry(snapshot.sag_id().clone())
            .or_insert_with(|| {
                let mut state = State::new(snapshot, options);
                if let Some(recollection) = recalled.remove(snapshot.sag_id()) {
                    state.recall(recollection, snapshot);
                }
                Judged {
                    state,
                    edition: self.edition,
                }
            });
        let state = &mut judged.state;
        let mut cleared = state.follow(snapshot, options);
        if judged.edition != self.edition {
            state.reassign(snapshot, options);
            judged.edition = self.edition;
        }
        let (raised, over) = state.look(previous, snapshot, options);
        cleared.extend(over);
        Verdict {
            marks: state.marks(snapshot),
            raised,
            cleared,
        }
    }

    /// The instances that were looked at.
    pub fn instances(&self) -> impl Iterator<Item = &SagId> {
        self.instances.keys()
    }

    /// The instance is no longer there. Gives what was found in it.
    pub fn forget(&mut self, sag_id: &str) -> Vec<Turn> {
        let judged = self.instances.remove(sag_id);
        judged.map_or_else(Vec::new, |judged| judged.state.all())
    }
}
