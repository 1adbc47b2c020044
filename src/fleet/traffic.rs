//! The traffic of the users of an instance, where it is read at all.

use std::sync::Arc;

use super::column::Names;
use super::observation::{Collected, UserTraffic};

/// A row for each user of a roster, in its order.
#[derive(Debug)]
pub(super) struct Traffic {
    names: Arc<Names>,
    bytes: Box<[u64]>,
    remaining_bytes: Box<[u64]>,
    /// Runs since the last one that was complete.
    age: u8,
}

impl Traffic {
    /// What is known after a run, from what was known before it. Values that
    /// were not read outlive `retain` runs.
    pub(super) fn after(
        before: Option<&Arc<Self>>,
        names: &Arc<Names>,
        run: Collected<Vec<UserTraffic>>,
        retain: u8,
    ) -> Option<Arc<Self>> {
        let kept = |age: u8| {
            let before = before.filter(|_| age <= retain)?;
            Some(before.aligned(names, age))
        };
        let older = before.map_or(0, |before| before.age.saturating_add(1));
        match run {
            Collected::Unavailable => None,
            Collected::NotDue if before.is_some_and(|b| Arc::ptr_eq(&b.names, names)) => {
                before.cloned()
            }
            Collected::NotDue => kept(before?.age).map(Arc::new),
            Collected::Failed(_) => kept(older).map(Arc::new),
            Collected::Partial(read, _) => {
                let base = kept(older).unwrap_or_else(|| Self::unknown(names));
                Some(Arc::new(base.with(&read)))
            }
            Collected::Complete(read) => Some(Arc::new(Self::unknown(names).with(&read))),
        }
    }

    /// Bytes of this month so far.
    #[inline]
    pub(super) fn bytes(&self, row: usize) -> Option<u64> {
        known(&self.bytes, row)
    }

    /// What is left of the free allowance, in bytes.
    #[inline]
    pub(super) fn remaining_bytes(&self, row: usize) -> Option<u64> {
        known(&self.remaining_bytes, row)
    }

    fn unknown(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            bytes: vec![UNKNOWN; names.len()].into_boxed_slice(),
            remaining_bytes: vec![UNKNOWN; names.len()].into_boxed_slice(),
            age: 0,
        }
    }

    fn with(mut self, read: &[UserTraffic]) -> Self {
        for one in read {
            if let Some(row) = self.names.find(one.user.as_str()) {
                set(&mut self.bytes, row, one.bytes);
                set(
                    &mut self.remaining_bytes,
                    row,
                    one.allowance_remaining_bytes,
                );
            }
        }
        self
    }

    /// The same values in the rows of another roster.
    fn aligned(&self, names: &Arc<Names>, age: u8) -> Self {
        let mut aligned = Self {
            age,
            ..Self::unknown(names)
        };
        for row in 0..names.len() {
            let old = names.get(row).and_then(|name| self.names.find(name));
            let Some(old) = old else { continue };
            set(&mut aligned.bytes, row, self.bytes(old));
            set(&mut aligned.remaining_bytes, row, self.remaining_bytes(old));
        }
        aligned
    }
}

fn known(column: &[u64], row: usize) -> Option<u64> {
    column.get(row).copied().filter(|value| *value != UNKNOWN)
}

fn set(column: &mut [u64], row: usize, value: Option<u64>) {
    if let Some(place) = column.get_mut(row) {
        *place = value.unwrap_or(UNKNOWN);
    }
}

/// More bytes than anybody moves in a month.
const UNKNOWN: u64 = u64::MAX;
