//! The whole fleet at one moment.

use std::sync::Arc;

use jiff::Timestamp;

use super::instance::InstanceSnapshot;
use crate::model::{AccountName, SweepOutcome};

/// What is known of the whole fleet. It never changes.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub(super) instances: Vec<Arc<InstanceSnapshot>>,
    pub(super) accounts: Vec<AccountStatus>,
    pub(super) is_ready: bool,
    pub(super) at: Option<Timestamp>,
}

/// The last sweep of a cloud account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStatus {
    /// The cloud account.
    pub account: AccountName,
    /// How the sweep ended.
    pub outcome: SweepOutcome,
    /// When it ended.
    pub at: Timestamp,
}

impl Snapshot {
    /// The instances in the order of their ids.
    pub fn instances(&self) -> &[Arc<InstanceSnapshot>] {
        &self.instances
    }

    /// The instance with this id.
    pub fn instance(&self, sag_id: &str) -> Option<&Arc<InstanceSnapshot>> {
        let place = self
            .instances
            .binary_search_by(|instance| instance.sag_id().as_str().cmp(sag_id));
        self.instances.get(place.ok()?)
    }

    /// The last sweep of each cloud account, in the order of their names.
    pub fn accounts(&self) -> &[AccountStatus] {
        &self.accounts
    }

    /// Whether any sweep so far was at least partly good.
    pub fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// The time of the latest observation; `None` before the first.
    pub fn at(&self) -> Option<Timestamp> {
        self.at
    }
}
