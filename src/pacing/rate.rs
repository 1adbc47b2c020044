//! A number of calls per second.

use std::num::NonZeroU32;

/// Calls per second: finite, above zero, at most [`Rate::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(f64);

/// The number is no rate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{found} is not a rate: expected calls per second above 0 and at most 10000")]
pub struct RateError {
    found: f64,
}

impl Rate {
    /// Far above any quota of the cloud.
    pub const MAX: f64 = 10_000.0;

    /// Checks the range.
    ///
    /// # Errors
    ///
    /// Names the number and the range.
    pub fn new(per_second: f64) -> Result<Self, RateError> {
        if per_second.is_finite() && per_second > 0.0 && per_second <= Self::MAX {
            return Ok(Self(per_second));
        }
        Err(RateError { found: per_second })
    }

    /// An equal part of the rate, for one of several processes that share it.
    #[must_use]
    pub fn share(self, parts: NonZeroU32) -> Self {
        Self((self.0 / f64::from(parts.get())).max(f64::MIN_POSITIVE))
    }

    /// The number itself.
    pub fn per_second(self) -> f64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_positive_finite_number_is_a_rate() {
        for (number, valid) in [
            (0.0, false),
            (-1.0, false),
            (0.2, true),
            (10_000.0, true),
            (10_000.1, false),
        ] {
            assert_eq!(Rate::new(number).is_ok(), valid, "{number}");
        }
        let tiny = Rate::new(f64::MIN_POSITIVE).unwrap();
        let part = tiny.share(NonZeroU32::MAX).per_second();
        assert!(Rate::new(part).is_ok(), "{part}");
        assert!(Rate::new(f64::NAN).is_err());
        assert!(Rate::new(f64::INFINITY).is_err());
    }
}
