//! How many requests are answered: a bucket of tokens.

use std::num::NonZeroU128;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// One request in each interval, and up to `burst` at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    interval_nanos: NonZeroU128,
    burst: u32,
}

impl RateLimit {
    /// One request in each `interval`; `None` if it is zero, which stands for
    /// no limit. Without a `burst` no request is answered at all, as in
    /// exporter-toolkit.
    pub fn new(interval: Duration, burst: u32) -> Option<Self> {
        let interval_nanos = NonZeroU128::new(interval.as_nanos())?;
        Some(Self {
            interval_nanos,
            burst,
        })
    }
}

/// Counts against a limit.
#[derive(Debug)]
pub(super) struct Limiter {
    limit: RateLimit,
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    tokens: u32,
    /// When the tokens were counted; `None` before the first request. What is
    /// left of an interval is not lost.
    counted: Option<Instant>,
}

impl Limiter {
    /// A full bucket.
    pub(super) fn new(limit: RateLimit) -> Self {
        let bucket = Bucket {
            tokens: limit.burst,
            counted: None,
        };
        Self {
            limit,
            bucket: Mutex::new(bucket),
        }
    }

    /// Whether one more request is answered now.
    pub(super) fn allow(&self, now: Instant) -> bool {
        // Nothing can panic while the lock is held.
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.refill(self.limit, now);
        match bucket.tokens.checked_sub(1) {
            Some(left) => {
                bucket.tokens = left;
                true
            }
            None => false,
        }
    }
}

impl Bucket {
    fn refill(&mut self, limit: RateLimit, now: Instant) {
        let Some(counted) = self.counted else {
            self.counted = Some(now);
            return;
        };
        let passed = now.saturating_duration_since(counted).as_nanos();
        let tokens = self
            .tokens
            .saturating_add(u32::try_from(passed / limit.interval_nanos).unwrap_or(u32::MAX));
        if tokens >= limit.burst {
            self.tokens = limit.burst;
            self.counted = Some(now.max(counted));
            return;
        }
        self.tokens = tokens;
        let left = u64::try_from(passed % limit.interval_nanos).unwrap_or(u64::MAX);
        let whole = passed.saturating_sub(u128::from(left));
        let whole = Duration::from_nanos(u64::try_from(whole).unwrap_or(u64::MAX));
        self.counted = Some(counted + whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(interval_millis: u64, burst: u32) -> Limiter {
        let interval = Duration::from_millis(interval_millis);
        Limiter::new(RateLimit::new(interval, burst).unwrap())
    }

    /// Asks at each of these milliseconds.
    fn check(limiter: &Limiter, asked: &[(u64, bool)]) {
        let start = Instant::now();
        for (millis, expected) in asked {
            let now = start + Duration::from_millis(*millis);
            assert_eq!(limiter.allow(now), *expected, "at {millis} ms");
        }
    }

    #[test]
    fn a_burst_is_allowed_and_comes_back_with_time() {
        check(
            &limiter(100, 2),
            &[
                (0, true),
                (0, true),
                (0, false),
                (99, false),
                (100, true),
                (199, false),
                (200, true),
                (1000, true),
                (1000, true),
                (1000, false),
            ],
        );
    }

    #[test]
    fn a_part_of_an_interval_is_kept() {
        check(
            &limiter(100, 1),
            &[
                (0, true),
                (60, false),
                (100, true),
                (160, false),
                (200, true),
            ],
        );
    }

    #[test]
    fn without_a_burst_nothing_is_allowed() {
        check(&limiter(1, 0), &[(0, false), (100_000, false)]);
        assert_eq!(RateLimit::new(Duration::ZERO, 5), None);
    }
}
