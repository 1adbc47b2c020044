//! Whether and when a failed call is made again.

use std::time::Duration;

use super::error::ApiError;
use super::options::Retry;
use crate::model::{Action, FailureKind};
use crate::pacing::backoff;

/// How far a call has got.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    /// How many attempts were made.
    pub(super) attempts: u32,
    /// The time since the first of them began.
    pub(super) elapsed: Duration,
}

/// How long to wait before the next attempt; nothing if this error is final.
///
/// `random` is in `[0, 1)`.
pub(super) fn pause(
    options: &Retry,
    action: Action,
    error: &ApiError,
    progress: Progress,
    random: f64,
) -> Option<Duration> {
    if !may_repeat(action, error.kind()) || progress.attempts >= most(options, error.kind()) {
        return None;
    }
    let repetition = progress.attempts.saturating_sub(1);
    let pause = backoff(options.backoff, repetition, error.hint(), random);
    (progress.elapsed.saturating_add(pause) <= options.total).then_some(pause)
}

/// How often a call is made at most. One that came too early loses nothing by
/// coming again, for it waits its turn at a rate that was lowered; where others
/// use up the same quota, that can happen to it several times.
fn most(options: &Retry, kind: FailureKind) -> u32 {
    match (options.attempts.get(), kind) {
        (1, _) => 1,
        (attempts, FailureKind::Throttled) => attempts.saturating_mul(PATIENCE),
        (attempts, _) => attempts,
    }
}

/// A write is repeated only if the cloud certainly did not carry it out.
fn may_repeat(action: Action, kind: FailureKind) -> bool {
    kind.is_transient() && (!action.is_write() || kind.is_certainly_undone())
}

/// A call that is throttled is made so many times more often than one that
/// fails.
const PATIENCE: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(action: Action, kind: FailureKind, attempts: u32, elapsed_ms: u64) -> bool {
        let progress = Progress {
            attempts,
            elapsed: Duration::from_millis(elapsed_ms),
        };
        pause(
            &Retry::default(),
            action,
            &ApiError::new(action, kind),
            progress,
            0.5,
        )
        .is_some()
    }

    #[test]
    fn a_read_is_repeated_if_the_failure_passes_and_a_write_if_it_was_refused() {
        use FailureKind::{Auth, Decode, Denied, NotFound, Remote, Throttled, Timeout, Transport};
        for (kind, read, write) in [
            (Throttled, true, true),
            (Denied, false, false),
            (NotFound, false, false),
            (Timeout, true, false),
            (Transport, true, false),
            (Decode, true, false),
            (Remote, true, false),
            (Auth, false, false),
        ] {
            for action in Action::ALL {
                let expected = if action.is_write() { write } else { read };
                assert_eq!(verdict(action, kind, 1, 0), expected, "{action:?} {kind}");
            }
        }
    }

    #[test]
    fn attempts_and_time_are_bounded() {
        let action = Action::DescribeRegions;
        for (attempts, elapsed_ms, expected) in [
            (1, 0, true),
            (2, 0, true),
            (3, 0, false),
            (1, 89_800, true),
            (1, 89_900, false),
            (1, u64::MAX, false),
        ] {
            let verdict = verdict(action, FailureKind::Remote, attempts, elapsed_ms);
            assert_eq!(verdict, expected, "{attempts} {elapsed_ms}");
        }
        for (attempts, expected) in [(3, true), (11, true), (12, false)] {
            let verdict = verdict(action, FailureKind::Throttled, attempts, 0);
            assert_eq!(verdict, expected, "{attempts}");
        }
    }
}
