//! Where the current time comes from.
//!
//! Rooms that compute (`fleet`, `rules`, `signature`, `pacing`, `exposition`)
//! take time as an argument. Rooms that act hold a [`Clock`]. This is the only
//! module that may read the system's wall clock.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// A source of wall-clock time, cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Source);

#[derive(Debug, Clone, Copy)]
enum Source {
    System,
    /// Wall-clock time tied to the runtime's timer, so that a test which pauses
    /// and advances the timer moves the wall clock by the same amount.
    Anchored {
        start: Timestamp,
        since: Instant,
    },
}

impl Clock {
    /// The system's wall clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that reads `start` now and runs with the runtime's timer.
    ///
    /// Call it inside a runtime. Under `tokio::time::pause` it is a virtual
    /// clock; otherwise it is a clock with an offset, such as the simulator's.
    pub fn anchored(start: Timestamp) -> Self {
        Self(Source::Anchored {
            start,
            since: Instant::now(),
        })
    }

    /// The wall-clock time.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everyone else asks"
    )]
    pub fn now(&self) -> Timestamp {
        match self.0 {
            Source::System => Timestamp::now(),
            Source::Anchored { start, since } => after(start, since.elapsed()),
        }
    }
}

/// `start` plus `elapsed`, stopping at the last representable moment.
pub fn after(start: Timestamp, elapsed: Duration) -> Timestamp {
    start.checked_add(elapsed).unwrap_or(Timestamp::MAX)
}

/// The time from `earlier` to `later`; zero if the clock went backwards.
pub fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_anchored_clock_runs_with_the_paused_timer() {
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        let clock = Clock::anchored(start);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(between(start, clock.now()), Duration::from_secs(3600));
    }

    #[test]
    fn a_clock_that_went_backwards_yields_zero() {
        let late = Timestamp::from_second(10).unwrap();
        let early = Timestamp::from_second(5).unwrap();
        assert_eq!(between(late, early), Duration::ZERO);
    }
}
