//! One sink's end of what is told.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::options::SinkName;
use super::queue::{Queue, Waiting};
use crate::events::Record;
use crate::telemetry::Telemetry;

/// The queue of one sink, shared by those who fill it and the one who empties
/// it.
#[derive(Debug)]
pub struct Outlet {
    name: SinkName,
    state: Mutex<State>,
    arrived: Notify,
    telemetry: Telemetry,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    end: End,
    /// Whether events gave way since the queue was last empty.
    overflows: bool,
}

/// Whether more comes, and whether somebody takes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum End {
    #[default]
    Open,
    /// Nothing more comes.
    Closed,
    /// Nobody takes anything any more; what comes is lost.
    Abandoned,
    /// The operator wants the sink no longer; what comes is of no interest.
    Removed,
}

/// Why an event does not arrive; the label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The queue was full, and the event the oldest.
    QueueFull,
    /// It was tried too often, or for too long.
    Expired,
    /// The receiver does not want it.
    Rejected,
    /// The file could not be written.
    Unwritable,
    /// The program ended first.
    Shutdown,
}

impl Loss {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::QueueFull,
        Self::Expired,
        Self::Rejected,
        Self::Unwritable,
        Self::Shutdown,
    ];

    /// The value of the label `reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Unwritable => "unwritable",
            Self::Shutdown => "shutdown",
        }
    }
}

impl Outlet {
    /// An empty queue. The counters of the sink exist from now on.
    pub fn new(name: SinkName, telemetry: Telemetry) -> Self {
        for loss in Loss::ALL {
            telemetry.events_dropped(name.as_str(), loss.as_str(), 0);
        }
        telemetry.events_queued(name.as_str(), 0);
        Self {
            name,
            state: Mutex::default(),
            arrived: Notify::new(),
            telemetry,
        }
    }

    /// The name of the sink.
    pub fn name(&self) -> &SinkName {
        &self.name
    }

    /// Appends an event and returns at once.
    pub fn push(&self, record: &Record) {
        let mut state = self.state();
        match state.end {
            End::Open => {}
            End::Closed | End::Removed => return,
            End::Abandoned => {
                self.lost(Loss::Shutdown, 1);
                return;
            }
        }
        let event = Waiting {
            json: record.json.clone(),
            since: Instant::now(),
        };
        if state.queue.push(event, LIMIT_EVENTS) {
            self.lost(Loss::QueueFull, 1);
            if !state.overflows {
                state.overflows = true;
                tracing::warn!(sink = %self.name, limit = LIMIT_EVENTS, "events are lost: the queue is full");
            }
        }
        self.show(&state);
        drop(state);
        self.arrived.notify_one();
    }

    /// Nothing more comes: the sink ends when the queue is empty.
    pub fn close(&self) {
        let mut state = self.state();
        if state.end == End::Open {
            state.end = End::Closed;
        }
        drop(state);
        self.arrived.notify_one();
    }

    /// The operator wants the sink no longer: what is queued is dropped, and its
    /// series go.
    pub fn remove(&self) {
        let mut state = self.state();
        state.end = End::Removed;
        let dropped = state.queue.clear();
        self.telemetry
            .event_sink_removed(self.name.as_str(), &Loss::ALL.map(Loss::as_str));
        if dropped > 0 {
            tracing::warn!(sink = %self.name, events = dropped, "the sink is gone, and with it what it had queued");
        }
    }

    /// The oldest events, at least one, as soon as there are some. `None` once
    /// nothing more comes. They stay queued until [`Outlet::done`].
    pub(super) async fn take(&self, most: usize) -> Option<Vec<Waiting>> {
        loop {
            let arrived = self.arrived.notified();
            {
                let mut state = self.state();
                let events = state.queue.take(most);
                if !events.is_empty() {
                    return Some(events);
                }
                if state.end != End::Open {
                    return None;
                }
            }
            arrived.await;
        }
    }

    /// What was taken has arrived.
    pub(super) fn done(&self) {
        let mut state = self.state();
        state.queue.done();
        if state.queue.len() == 0 {
            state.overflows = false;
        }
        self.show(&state);
    }

    /// What was taken will never arrive.
    pub(super) fn give_up(&self, loss: Loss, events: usize) {
        self.lost(loss, events);
        self.done();
    }

    /// Nobody takes anything any more.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        if matches!(state.end, End::Open | End::Closed) {
            state.end = End::Abandoned;
            let events = state.queue.clear();
            self.lost(Loss::Shutdown, events);
            self.show(&state);
            if events > 0 {
                tracing::warn!(sink = %self.name, events, "events are lost: they could not be delivered before the end");
            }
        }
    }

    fn lost(&self, loss: Loss, events: usize) {
        self.telemetry
            .events_dropped(self.name.as_str(), loss.as_str(), events);
    }

    fn show(&self, state: &State) {
        let queued = state.queue.len();
        self.telemetry.events_queued(self.name.as_str(), queued);
    }

    /// What the lock guards is whole after every statement, so a panic elsewhere
    /// does not matter.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An hour of a busy fleet. At a few hundred bytes each this takes a few
/// megabytes for each sink that is out of reach.
const LIMIT_EVENTS: usize = 10_000;
