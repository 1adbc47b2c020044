//! What one connection is doing, and since when.
//!
//! The transport and the handler report; a watch that sleeps beside them
//! decides when a client has used up its time; the accept loop reads who has
//! been silent the longest.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::limits::Limits;

/// Why a connection was closed early; the label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its place was needed for a new connection.
    Limit,
    /// No request came for a long time. Not a fault: it is not counted.
    Idle,
    /// The header fields of a request took too long.
    SlowRequest,
    /// The reader took the response too slowly.
    SlowReader,
    /// The handler took too long.
    SlowHandler,
    /// What came was not HTTP, or too large a head.
    Malformed,
    /// There was no agreement on TLS, or the client's certificate was refused.
    Handshake,
    /// The drain's deadline passed.
    Drain,
}

impl Refusal {
    /// The value of the label `reason`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Idle => "idle",
            Self::SlowRequest => "slow_request",
            Self::SlowReader => "slow_reader",
            Self::SlowHandler => "slow_handler",
            Self::Malformed => "malformed",
            Self::Handshake => "handshake",
            Self::Drain => "drain",
        }
    }
}

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

    /// Waits until the client has used up its time.
    pub(super) async fn overdue(&self, limits: &Limits) -> Refusal {
        let mut watch = Watch::default();
        loop {
            match watch.judge(self.sample(), limits) {
                Ok(pause) => tokio::time::sleep(pause).await,
                Err(refusal) => return refusal,
            }
        }
    }

    fn sample(&self) -> Sample {
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

    fn touch(&self) {
        self.last_moved.store(self.now(), Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// A look at a connection; times since the epoch.
#[derive(Debug, Clone, Copy)]
struct Sample {
    now: Duration,
    phase: Phase,
    since: Duration,
    written: u64,
}

/// Judges a connection from one look to the next.
#[derive(Debug, Default)]
struct Watch {
    /// The response whose progress is watched, by its start.
    response: Option<Duration>,
    /// When the current period of progress began.
    period_since: Duration,
    /// What had been written by then.
    period_written: u64,
}

impl Watch {
    /// How long the connection may go on before the next look.
    ///
    /// A connection may change its phase while nobody looks. It is looked at
    /// again after the shortest of all limits at the latest, so that no phase
    /// can begin and outlast its limit unseen.
    fn judge(&mut self, sample: Sample, limits: &Limits) -> Result<Duration, Refusal> {
        let (deadline, refusal) = match sample.phase {
            Phase::Head => (
                sample.since.saturating_add(limits.head_time),
                Refusal::SlowRequest,
            ),
            Phase::Idle => (sample.since.saturating_add(limits.idle_time), Refusal::Idle),
            Phase::Handling => (
                sample.since.saturating_add(limits.response_time),
                Refusal::SlowHandler,
            ),
            Phase::Writing => (self.progress_due(sample, limits), Refusal::SlowReader),
        };
        if sample.now >= deadline {
            return Err(refusal);
        }
        Ok((deadline - sample.now).min(shortest(limits)))
    }

    /// When the reader must have taken enough. Opens the next period if it has
    /// done so in the last.
    fn progress_due(&mut self, sample: Sample, limits: &Limits) -> Duration {
        if self.response != Some(sample.since) {
            self.response = Some(sample.since);
            self.open_period(sample.since, sample.written);
        }
        let period_over = sample.now >= self.period_since.saturating_add(limits.stall_time);
        let taken = sample.written.saturating_sub(self.period_written);
        if period_over && taken >= limits.stall_bytes {
            self.open_period(sample.now, sample.written);
        }
        (self.period_since.saturating_add(limits.stall_time))
            .min(sample.since.saturating_add(limits.response_time))
    }

    fn open_period(&mut self, since: Duration, written: u64) {
        self.period_since = since;
        self.period_written = written;
    }
}

fn shortest(limits: &Limits) -> Duration {
    limits
        .head_time
        .min(limits.idle_time)
        .min(limits.stall_time)
        .min(limits.response_time)
        .max(SHORTEST_PAUSE)
}

/// A limit of zero must not make the watch spin.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        connections: 1,
        head_bytes: 8192,
        head_time: Duration::from_secs(10),
        idle_time: Duration::from_secs(300),
        stall_time: Duration::from_secs(5),
        stall_bytes: 100,
        response_time: Duration::from_secs(60),
        drain_time: Duration::from_secs(10),
    };

    fn judge(
        watch: &mut Watch,
        now: u64,
        phase: Phase,
        since: u64,
        written: u64,
    ) -> Result<u64, Refusal> {
        let sample = Sample {
            now: Duration::from_secs(now),
            phase,
            since: Duration::from_secs(since),
            written,
        };
        watch.judge(sample, &LIMITS).map(|pause| pause.as_secs())
    }

    #[test]
    fn each_phase_has_its_limit() {
        for (now, phase, expected) in [
            (100, Phase::Head, Ok(5)),
            (107, Phase::Head, Ok(3)),
            (110, Phase::Head, Err(Refusal::SlowRequest)),
            (399, Phase::Idle, Ok(1)),
            (400, Phase::Idle, Err(Refusal::Idle)),
            (159, Phase::Handling, Ok(1)),
            (160, Phase::Handling, Err(Refusal::SlowHandler)),
            (104, Phase::Writing, Ok(1)),
            (105, Phase::Writing, Err(Refusal::SlowReader)),
        ] {
            let mut watch = Watch::default();
            assert_eq!(
                judge(&mut watch, now, phase, 100, 0),
                expected,
                "{phase:?} at {now}"
            );
        }
    }

    #[test]
    fn a_reader_must_keep_taking_and_come_to_an_end() {
        let mut watch = Watch::default();
        for (now, written, expected) in [
            (100, 1000, Ok(5)),
            (103, 1099, Ok(2)),
            (105, 1100, Ok(5)),
            (110, 1200, Ok(5)),
            (115, 1299, Err(Refusal::SlowReader)),
        ] {
            assert_eq!(
                judge(&mut watch, now, Phase::Writing, 100, written),
                expected,
                "at {now}"
            );
        }
        let mut watch = Watch::default();
        for step in 0..12 {
            let verdict = judge(&mut watch, 100 + step * 5, Phase::Writing, 100, step * 1000);
            assert_eq!(verdict, Ok(5), "step {step}");
        }
        let verdict = judge(&mut watch, 160, Phase::Writing, 100, 12_000);
        assert_eq!(verdict, Err(Refusal::SlowReader));
    }

    #[test]
    fn the_next_response_starts_afresh() {
        let mut watch = Watch::default();
        assert_eq!(judge(&mut watch, 100, Phase::Writing, 100, 0), Ok(5));
        assert_eq!(judge(&mut watch, 104, Phase::Writing, 102, 50), Ok(3));
        assert_eq!(judge(&mut watch, 106, Phase::Writing, 102, 50), Ok(1));
    }

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

    #[tokio::test(start_paused = true)]
    async fn a_phase_that_begins_unseen_is_cut_in_time() {
        let start = Instant::now();
        let activity = Activity::new(start);
        activity.request_received();
        activity.response_made();
        activity.body_ended();
        activity.flushed();
        let head_comes_late = async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            activity.bytes_read();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            refusal = activity.overdue(&LIMITS) => assert_eq!(refusal, Refusal::SlowRequest),
            () = head_comes_late => {}
        }
        assert_eq!(start.elapsed(), Duration::from_secs(17));
    }
}
