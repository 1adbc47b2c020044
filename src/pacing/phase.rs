//! Where in its interval a periodic job starts.

use std::time::Duration;

use sha2::{Digest, Sha256};

/// A point in `[0, interval)` that depends on the identity alone: the same
/// after every restart and on every machine, and spread evenly over many
/// identities, so that they do not all call at once.
pub fn phase(identity: &str, interval: Duration) -> Duration {
    let fraction = u128::from(leading_bits(identity));
    let nanos = (interval.as_nanos() * fraction) >> u32::BITS;
    let (seconds, nanos) = (nanos / NANOS_PER_SECOND, nanos % NANOS_PER_SECOND);
    match (u64::try_from(seconds), u32::try_from(nanos)) {
        (Ok(seconds), Ok(nanos)) => Duration::new(seconds, nanos),
        // Not reached: the phase is less than the interval, which did fit.
        _ => Duration::ZERO,
    }
}

/// The first 32 bits of a digest that does not change between releases of the
/// standard library.
fn leading_bits(identity: &str) -> u32 {
    let digest = Sha256::digest(identity.as_bytes());
    digest
        .iter()
        .take(4)
        .fold(0, |bits, byte| (bits << 8) | u32::from(*byte))
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_phase_of_an_identity_never_changes() {
        // The digest of "main" starts with 0d6e4079, which is 0.052 of the whole.
        let expected = Duration::from_nanos(3_147_813_579);
        assert_eq!(phase("main", Duration::from_secs(60)), expected);
        assert_eq!(leading_bits(""), 0xe3b0_c442);
    }

    #[test]
    fn phases_spread_evenly() {
        let mut quarters = [0_u32; 4];
        for index in 0..1000 {
            let phase = phase(&format!("account-{index}"), Duration::from_secs(4));
            quarters[usize::try_from(phase.as_secs()).unwrap()] += 1;
        }
        let even = 200..300;
        assert!(
            quarters.iter().all(|count| even.contains(count)),
            "{quarters:?}"
        );
    }

    proptest! {
        #[test]
        fn the_phase_lies_in_the_interval(identity: String, interval: Duration) {
            let phase = phase(&identity, interval);
            prop_assert!(phase < interval || interval.is_zero());
        }
    }
}
