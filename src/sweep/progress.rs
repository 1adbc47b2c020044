//! Where a sweep tells how far it is.

use crate::model::{AccountName, SagId};

/// Listens to the progress of sweeps, for a bar at the terminal or a status
/// page. Calls come often and from within the sweep: return at once.
pub trait Progress: Send + Sync {
    /// A sweep of the cloud account starts.
    fn sweep_started(&self, _account: &AccountName) {}

    /// The sweep covers this many instances.
    fn instances_found(&self, _account: &AccountName, _instances: usize) {}

    /// This many users of the instance will be queried.
    fn users_found(&self, _account: &AccountName, _sag_id: &SagId, _users: usize) {}

    /// One more user of the instance was queried, with whatever result.
    fn user_done(&self, _account: &AccountName, _sag_id: &SagId) {}

    /// The instance is done and reported.
    fn instance_done(&self, _account: &AccountName, _sag_id: &SagId) {}

    /// The sweep of the cloud account ended.
    fn sweep_ended(&self, _account: &AccountName) {}
}

/// Nobody listens.
impl Progress for () {}
