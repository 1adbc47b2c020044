//! What may be chosen about the rules.

use std::time::Duration;

use super::policy::Policy;

/// The policy, and the thresholds that depend on no user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What is expected of which user.
    pub policy: Policy,
    /// `flapping`: so many starts of sessions of one user...
    pub flapping_starts: usize,
    /// ... within so long a time. It ends when there are fewer than half.
    pub flapping_window: Duration,
    /// `mass_disconnect`: how long it is shown, since it is over as soon as it
    /// is seen. Longer than a few scrapes.
    pub disconnect_hold: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            flapping_starts: 5,
            flapping_window: Duration::from_secs(30 * 60),
            disconnect_hold: Duration::from_secs(10 * 60),
        }
    }
}
