//! What is known of the fleet: from observations to immutable snapshots.

mod observation;

pub use self::observation::{
    Accounts, Collected, InstanceObservation, Observation, SessionState, Sessions, UserSessions,
};
