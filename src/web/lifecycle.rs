//! Where the program stands in its life, for probes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::fleet::Snapshot;
use crate::model::SweepOutcome;

/// Where the program stands in its life. Clones share it: the app tells, the
/// probes ask.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle(Arc<State>);

#[derive(Debug, Default)]
struct State {
    draining: AtomicBool,
    task_died: AtomicBool,
}

impl Lifecycle {
    /// A program that works.
    pub fn new() -> Self {
        Self::default()
    }

    /// The program stops: it is not ready from now on.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// A task died: the program is not healthy from now on.
    pub fn task_died(&self) {
        self.0.task_died.store(true, Ordering::Relaxed);
    }

    /// Whether the program has something to show, which is so from the first
    /// sweep that was at least partly good. The error is the reason why not,
    /// for a person.
    pub(super) fn ready(&self, snapshot: &Snapshot) -> Result<(), &'static str> {
        if self.0.draining.load(Ordering::Relaxed) {
            return Err("shutting down");
        }
        if snapshot.is_ready() {
            return Ok(());
        }
        let mut sweeps = snapshot.accounts().iter();
        if sweeps.any(|sweep| sweep.outcome == SweepOutcome::Failed) {
            return Err(NOTHING_READ);
        }
        Err("the first sweep has not ended yet")
    }

    /// Whether the program works.
    pub fn is_healthy(&self) -> bool {
        self.healthy().is_ok()
    }

    /// Whether the program works. The error is the reason why not, for a
    /// person.
    pub(super) fn healthy(&self) -> Result<(), &'static str> {
        if self.0.task_died.load(Ordering::Relaxed) {
            return Err("a task has died: see the log");
        }
        Ok(())
    }
}

const NOTHING_READ: &str =
    "no sweep has read anything so far: see the log and sag_exporter_api_requests_total";
