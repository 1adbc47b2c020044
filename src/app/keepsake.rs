//! What is to survive a restart: taken from what is known in a moment, written
//! at leisure.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use crate::fleet::{Extent, Pseudonyms, Recalled, Salt, Snapshot, UserKeys};
use crate::model::SagId;
use crate::rules::{self, Notes, Recollection};
use crate::state::{State, Writer};

/// Everything that is known at one moment, shared with what is published. It is
/// quick to take: digests are made when it is written.
#[derive(Debug, Clone)]
pub(super) struct Keepsake {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) notes: Arc<BTreeMap<SagId, Notes>>,
    /// Instances that were not observed yet since the start.
    pub(super) waiting: Arc<BTreeMap<SagId, Recollection>>,
    pub(super) pseudonyms: Option<Pseudonyms>,
    pub(super) extent: Extent,
    /// How often one is written.
    pub(super) interval: Duration,
}

impl Keepsake {
    /// The keys that stand for its users.
    pub(super) fn keys(&self, salt: Salt) -> UserKeys {
        UserKeys::new(salt, self.pseudonyms.clone())
    }

    /// Writes it, instance by instance.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub(super) fn write<W: Write>(
        &self,
        writer: &mut Writer<W>,
        keys: &UserKeys,
    ) -> io::Result<()> {
        let nothing = rules::Memory::default();
        for instance in self.snapshot.instances() {
            let memory = instance.remember(keys, self.extent);
            let notes = self.notes.get(instance.sag_id());
            let rules = notes.map(|notes| notes.sealed(keys));
            let rules = rules.as_ref().unwrap_or(&nothing);
            writer.instance(instance.sag_id(), &memory, rules)?;
        }
        // Keys of another make cannot be compared any more.
        let waiting = self.waiting.iter();
        let waiting = waiting.filter(|(_, waiting)| *waiting.fleet.keys == *keys);
        for (sag_id, Recollection { fleet, rules }) in waiting {
            match self.extent {
                Extent::Everything => writer.instance(sag_id, &fleet.memory, rules)?,
                Extent::Lasting => {
                    let mut memory = fleet.memory.as_ref().clone();
                    memory.forget_sessions();
                    writer.instance(sag_id, &memory, rules)?;
                }
            }
        }
        Ok(())
    }
}

/// What was read, for the fleet and for the rules.
pub(super) fn recollections(state: State, keys: UserKeys) -> BTreeMap<SagId, Recollection> {
    let keys = Arc::new(keys);
    let instances = state.instances.into_iter();
    let recollected = instances.map(|kept| {
        let fleet = Recalled {
            keys: Arc::clone(&keys),
            memory: Arc::new(kept.fleet),
        };
        let rules = Arc::new(kept.rules);
        (kept.sag_id, Recollection { fleet, rules })
    });
    recollected.collect()
}

/// Writes what was read again, without what holds only once.
///
/// # Errors
///
/// Those of the writer.
pub(super) fn write_again<W: Write>(state: &State, writer: &mut Writer<W>) -> io::Result<()> {
    for kept in &state.instances {
        let mut memory = kept.fleet.clone();
        memory.forget_sessions();
        writer.instance(&kept.sag_id, &memory, &kept.rules)?;
    }
    Ok(())
}
