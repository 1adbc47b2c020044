//! Where the program stands in its life, for probes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crate::model::SweepOutcome;

/// Where the program stands in its life. Clones share it: the app tells, the
/// probes ask.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle(Arc<State>);

#[derive(Debug, Default)]
struct State {
    sweeps: AtomicU8,
    draining: AtomicBool,
    task_died: AtomicBool,
}

impl Lifecycle {
    /// A program that starts: healthy, not ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// A sweep ended. The first that was at least partly good makes the program
    /// ready for good.
    pub fn sweep_ended(&self, outcome: SweepOutcome) {
        let seen = match outcome {
            SweepOutcome::Complete | SweepOutcome::Partial => SOME_GOOD,
            SweepOutcome::Failed => ALL_FAILED,
        };
        self.0.sweeps.fetch_max(seen, Ordering::Relaxed);
    }

    /// The program stops: it is not ready from now on.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// A task died: the program is not healthy from now on.
    pub fn task_died(&self) {
        self.0.task_died.store(true, Ordering::Relaxed);
    }

    /// Whether the program has something to show.
    ///
    /// # Errors
    ///
    /// The reason why not, for a person.
    pub fn ready(&self) -> Result<(), &'static str> {
        if self.0.draining.load(Ordering::Relaxed) {
            return Err("shutting down");
        }
        match self.0.sweeps.load(Ordering::Relaxed) {
            SOME_GOOD => Ok(()),
            ALL_FAILED => Err(
                "no sweep has read anything so far: see the log and sag_exporter_api_requests_total",
            ),
            _ => Err("the first sweep has not ended yet"),
        }
    }

    /// Whether the program works.
    ///
    /// # Errors
    ///
    /// The reason why not, for a person.
    pub fn healthy(&self) -> Result<(), &'static str> {
        if self.0.task_died.load(Ordering::Relaxed) {
            return Err("a task has died: see the log");
        }
        Ok(())
    }
}

/// Sweeps have ended, and none has read anything.
const ALL_FAILED: u8 = 1;

/// A sweep has read something.
const SOME_GOOD: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_partly_good_sweep_makes_it_ready() {
        let lifecycle = Lifecycle::new();
        assert_eq!(lifecycle.ready(), Err("the first sweep has not ended yet"));
        lifecycle.sweep_ended(SweepOutcome::Failed);
        assert!(
            lifecycle
                .ready()
                .unwrap_err()
                .starts_with("no sweep has read")
        );
        lifecycle.clone().sweep_ended(SweepOutcome::Partial);
        assert_eq!(lifecycle.ready(), Ok(()));
        lifecycle.sweep_ended(SweepOutcome::Failed);
        assert_eq!(
            lifecycle.ready(),
            Ok(()),
            "last good values are still served"
        );
        lifecycle.drain();
        assert_eq!(lifecycle.ready(), Err("shutting down"));
        assert_eq!(lifecycle.healthy(), Ok(()));
        lifecycle.task_died();
        assert!(lifecycle.healthy().is_err());
    }
}
