//! When to stop calling for the rest of a sweep, since every call fails alike.

use super::CallError;
use crate::model::FailureKind;

/// Counts failures in a row and opens when there are too many. It lives for one
/// sweep, so that the next one tries anew.
#[derive(Debug)]
pub(super) struct Breaker {
    weigh: fn(FailureKind) -> u32,
    weight: u32,
    open: Option<CallError>,
}

impl Breaker {
    /// For the calls of one collector to one instance: at once when every call
    /// must fail alike, after 5 in a row that a healthy instance would not show
    /// (one thing not found may be an oddity of one user), after 20 that were
    /// throttled in spite of pacing.
    pub(super) fn of_instance() -> Self {
        Self::new(|kind| match kind {
            FailureKind::Denied | FailureKind::Auth => LIMIT,
            FailureKind::NotFound
            | FailureKind::Timeout
            | FailureKind::Transport
            | FailureKind::Decode
            | FailureKind::Remote => LIMIT / 5,
            FailureKind::Throttled => LIMIT / 20,
        })
    }

    /// For all calls to one region: after 20 in a row without any answer.
    pub(super) fn of_region() -> Self {
        Self::new(|kind| match kind {
            FailureKind::Timeout | FailureKind::Transport => LIMIT / 20,
            FailureKind::Throttled
            | FailureKind::Denied
            | FailureKind::NotFound
            | FailureKind::Decode
            | FailureKind::Remote
            | FailureKind::Auth => 0,
        })
    }

    /// For all calls of a cloud account: at once when its credential is refused.
    pub(super) fn of_account() -> Self {
        Self::new(|kind| match kind {
            FailureKind::Auth => LIMIT,
            FailureKind::Throttled
            | FailureKind::Denied
            | FailureKind::NotFound
            | FailureKind::Timeout
            | FailureKind::Transport
            | FailureKind::Decode
            | FailureKind::Remote => 0,
        })
    }

    /// Takes note of how a call ended.
    pub(super) fn record<T>(&mut self, result: &Result<T, CallError>) {
        let Err(error) = result else {
            self.weight = 0;
            return;
        };
        match (self.weigh)(error.kind) {
            // Whatever it is, it is not what this breaker looks for.
            0 => self.weight = 0,
            weight => self.weight = self.weight.saturating_add(weight),
        }
        if self.weight >= LIMIT && self.open.is_none() {
            self.open = Some(error.refusal());
        }
    }

    /// The failure with which to refuse further calls, if there is one.
    pub(super) fn open(&self) -> Option<&CallError> {
        self.open.as_ref()
    }

    fn new(weigh: fn(FailureKind) -> u32) -> Self {
        Self {
            weigh,
            weight: 0,
            open: None,
        }
    }
}

/// The weight at which a breaker opens; divisible by the limits above.
const LIMIT: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn opens_after(mut breaker: Breaker, kind: FailureKind) -> Option<usize> {
        (1..=100).find(|_| {
            breaker.record::<()>(&Err(CallError::new(kind, "no")));
            breaker.open().is_some()
        })
    }

    #[test]
    fn each_breaker_opens_after_its_number_of_failures() {
        use FailureKind as Kind;
        for (kind, instance, region, account) in [
            (Kind::Throttled, Some(20), None, None),
            (Kind::Denied, Some(1), None, None),
            (Kind::NotFound, Some(5), None, None),
            (Kind::Timeout, Some(5), Some(20), None),
            (Kind::Transport, Some(5), Some(20), None),
            (Kind::Decode, Some(5), None, None),
            (Kind::Remote, Some(5), None, None),
            (Kind::Auth, Some(1), None, Some(1)),
        ] {
            assert_eq!(opens_after(Breaker::of_instance(), kind), instance);
            assert_eq!(opens_after(Breaker::of_region(), kind), region);
            assert_eq!(opens_after(Breaker::of_account(), kind), account);
        }
    }

    #[test]
    fn a_success_in_between_starts_the_count_anew() {
        let mut breaker = Breaker::of_instance();
        for _ in 0..10 {
            for _ in 0..4 {
                breaker.record::<()>(&Err(CallError::new(FailureKind::Timeout, "slow")));
            }
            breaker.record(&Ok(()));
        }
        assert_eq!(breaker.open(), None);
    }
}
