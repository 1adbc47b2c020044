//! What one connection is doing, and since when.
//!
//! The transport and the handler report; a watch that sleeps beside them
//! decides when a client has used up its time; the accept loop reads who has
//! been silent the longest.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// What a connection is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// It was just opened, or a request is coming in.
    Head,
    /// The handler makes a response.
    Handling,
    /// The response goes out.
    Writing,
    /// A response went out whole; the next request has not begun.
    Idle,
}

/// A look at a connection; times since the epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) now: Duration,
    pub(super) phase: Phase,
    pub(super) since: Duration,
    pub(super) written: u64,
}

/// What one connection is doing. Times are kept in microseconds since the
/// server's epoch. One task writes; the accept loop reads now and then, and an
/// answer that is a moment old is good enough for it, hence relaxed ordering.
#[derive(Debug)]
pub(super) struct Activity {
    epoch: Instant,
    phase: AtomicU8,
    phase_since: AtomicU64,
    last_moved: AtomicU64,
    written: AtomicU64,
    body_ended: AtomicBool,
}

impl Activity {
    /// A connection that opens now. All connections of a server share an epoch.
    pub(super) fn new(epoch: Instant) -> Self {
        let activity = Self {
            epoch,
            phase: AtomicU8::new(Phase::Head as u8),
            phase_since: AtomicU64::new(0),
            last_moved: AtomicU64::new(0),
            written: AtomicU64::new(0),
            body_ended: AtomicBool::new(false),
        };
        activity.enter(Phase::Head);
        activity.touch();
        activity
    }

    /// Bytes came in.
    pub(super) fn bytes_read(&self) {
        self.touch();
        if self.phase() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// Bytes were taken by the kernel on their way out.
    pub(super) fn bytes_written(&self, bytes: usize) {
        self.touch();
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.written.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Everything buffered so far went out. After the end of a body, that ends
    /// the response.
    pub(super) fn flushed(&self) {
        if self.body_ended.swap(false, Ordering::Relaxed) {
            self.enter(Phase::Idle);
        }
    }

    /// The head of a request is there; the handler takes over.
    pub(super) fn request_received(&self) {
        self.body_ended.store(false, Ordering::Relaxed);
        self.enter(Phase::Handling);
    }

    /// The handler is done.
    pub(super) fn response_made(&self) {
        self.enter(Phase::Writing);
    }

    /// The whole body was handed to the transport, or given up.
    pub(super) fn body_ended(&self) {
        self.body_ended.store(true, Ordering::Relaxed);
    }

    /// What it is busy with.
    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            phase if phase == Phase::Head as u8 => Phase::Head,
            phase if phase == Phase::Handling as u8 => Phase::Handling,
            phase if phase == Phase::Writing as u8 => Phase::Writing,
            _ => Phase::Idle,
        }
    }

    /// When a byte last moved in either direction.
    pub(super) fn last_moved(&self) -> Duration {
        Duration::from_micros(self.last_moved.load(Ordering::Relaxed))
    }

    /// A look at it.
    pub(super) fn sample(&self) -> Sample {
        Sample {
            now: self.epoch.elapsed(),
            phase: self.phase(),
            since: Duration::from_micros(self.phase_since.load(Ordering::Relaxed)),
            written: self.written.load(Ordering::Relaxed),
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase_since.store(self.now(), Ordering::Relaxed);
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Something moved.
    pub(super) fn touch(&self) {
        self.last_moved.store(self.now(), Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_moves_through_its_phases() {
        let activity = Activity::new(Instant::now());
        assert_eq!(activity.phase(), Phase::Head);
        activity.bytes_read();
        activity.flushed();
        assert_eq!(activity.phase(), Phase::Head);
        activity.request_received();
        assert_eq!(activity.phase(), Phase::Handling);
        activity.response_made();
        activity.flushed();
        assert_eq!(activity.phase(), Phase::Writing, "the body has not ended");
        activity.body_ended();
        assert_eq!(
            activity.phase(),
            Phase::Writing,
            "the end is not yet flushed"
        );
        tokio::time::advance(Duration::from_secs(1)).await;
        activity.bytes_written(10);
        activity.flushed();
        assert_eq!(activity.phase(), Phase::Idle);
        assert_eq!(activity.last_moved(), Duration::from_secs(1));
        activity.bytes_read();
        assert_eq!(activity.phase(), Phase::Head);
    }
}
