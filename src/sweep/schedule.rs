//! When the sweeps after the first one start.

use std::time::Duration;

use jiff::Timestamp;

use crate::pacing::phase;

/// How long after the first sweep, which starts `now`, the second one starts:
/// at the phase of the identity in the interval by the wall clock, so that it is
/// the same after a restart, and between half an interval and one and a half
/// away, so that the two are not on each other's heels.
pub(super) fn first_tick(identity: &str, interval: Duration, now: Timestamp) -> Duration {
    let into = nanos_into(interval, now);
    let phase = phase(identity, interval);
    let wait = if phase >= into {
        phase - into
    } else {
        phase + interval - into
    };
    if wait < interval / 2 {
        wait + interval
    } else {
        wait
    }
}

fn nanos_into(interval: Duration, now: Timestamp) -> Duration {
    let whole = i128::try_from(interval.as_nanos())
        .unwrap_or(i128::MAX)
        .max(1);
    let into = now.as_nanosecond().rem_euclid(whole);
    u64::try_from(into).map_or(Duration::ZERO, Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_second_sweep_starts_at_the_phase(
            identity: String, seconds in 1_u64..100_000, now in 0_i64..4_000_000_000,
        ) {
            let interval = Duration::from_secs(seconds);
            let now = Timestamp::from_second(now).unwrap();
            let wait = first_tick(&identity, interval, now);
            prop_assert!(wait >= interval / 2 && wait < interval * 3 / 2, "{wait:?}");
            let start = now.checked_add(wait).unwrap();
            prop_assert_eq!(nanos_into(interval, start), phase(&identity, interval));
        }
    }
}
