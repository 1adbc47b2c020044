//! How long to wait before a call is made again.

use std::time::Duration;

/// The limits of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait before the first repetition; it doubles with each.
    pub base: Duration,
    /// The longest wait without a hint.
    pub cap: Duration,
    /// The longest wait that a hint can ask for.
    pub hint_cap: Duration,
}

/// The wait before repetition `repetition`, counted from 0.
///
/// Full jitter: anything from nothing to the doubled base, by `random` in
/// `[0, 1)`, so that callers that failed together do not come back together. A
/// hint of the server is waited for in full, up to its cap, and the jitter of
/// the base comes on top of it.
pub fn backoff(limits: Backoff, repetition: u32, hint: Option<Duration>, random: f64) -> Duration {
    let random = if random.is_finite() {
        random.clamp(0.0, 1.0)
    } else {
        0.0
    };
    if let Some(hint) = hint {
        let jitter = limits.base.min(limits.cap).mul_f64(random);
        return hint.min(limits.hint_cap).saturating_add(jitter);
    }
    let doubled = 1_u32.checked_shl(repetition).unwrap_or(u32::MAX);
    let longest = limits.base.saturating_mul(doubled).min(limits.cap);
    longest.mul_f64(random)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Backoff = Backoff {
        base: Duration::from_millis(200),
        cap: Duration::from_secs(5),
        hint_cap: Duration::from_secs(60),
    };

    #[test]
    fn the_wait_doubles_up_to_the_cap_and_a_hint_up_to_its_own() {
        let hint = |ms| Some(Duration::from_millis(ms));
        for (repetition, given, random, expected_ms) in [
            (0, None, 0.0, 0),
            (0, None, 0.5, 100),
            (1, None, 0.5, 200),
            (4, None, 0.5, 1600),
            (5, None, 0.5, 2500),
            (31, None, 1.0, 5000),
            (u32::MAX, None, 1.0, 5000),
            (0, hint(2000), 0.0, 2000),
            (9, hint(2000), 0.5, 2100),
            (0, hint(3_600_000), 0.0, 60_000),
            (0, hint(0), 0.5, 100),
            (0, None, f64::NAN, 0),
            (0, None, 7.0, 200),
        ] {
            let wait = backoff(LIMITS, repetition, given, random);
            assert_eq!(
                wait.as_millis(),
                expected_ms,
                "{repetition} {given:?} {random}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_wait_exceeds_the_limits(
            repetition: u32, hint: Option<Duration>, random in 0.0..1.0_f64
        ) {
            let wait = backoff(LIMITS, repetition, hint, random);
            prop_assert!(wait <= LIMITS.cap || hint.is_some());
            prop_assert!(wait <= LIMITS.hint_cap + LIMITS.base);
        }
    }
}
