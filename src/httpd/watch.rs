//! Whether a client has used up its time.

use std::time::Duration;

use super::activity::{Activity, Phase, Sample};
use super::limits::Limits;
use super::refusal::Refusal;

/// Waits until the client has used up its time.
pub(super) async fn overdue(activity: &Activity, limits: &Limits) -> Refusal {
    let mut watch = Watch::default();
    loop {
        match watch.judge(activity.sample(), limits) {
            Ok(pause) => tokio::time::sleep(pause).await,
            Err(refusal) => return refusal,
        }
    }
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
    use tokio::time::Instant;

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
    async fn a_phase_that_begins_unseen_is_cut_in_time() {
        let limits = Limits::default();
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
            refusal = overdue(&activity, &limits) => assert_eq!(refusal, Refusal::SlowRequest),
            () = head_comes_late => {}
        }
        assert_eq!(start.elapsed(), Duration::from_secs(17));
    }
}
