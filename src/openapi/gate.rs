//! Where calls wait for their turn.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::ApiError;
use crate::model::{AccountName, Action, FailureKind};
use crate::pacing::{Bucket, Rate};
use crate::telemetry::Telemetry;

/// One lane for each operation of a cloud account, shared by all its regions
/// and instances, as the cloud's quotas are.
#[derive(Debug)]
pub(super) struct Gate {
    account: AccountName,
    telemetry: Telemetry,
    /// One for each operation, in the order of their indexes; none at all if
    /// calls are not paced.
    lanes: Vec<Lane>,
}

#[derive(Debug)]
struct Lane {
    /// Held by the one call that waits for the bucket. The others queue here,
    /// in order, so that a pause which begins meanwhile holds all of them.
    turn: tokio::sync::Mutex<()>,
    bucket: Mutex<Bucket>,
}

impl Gate {
    pub(super) fn new(account: AccountName, rate: Option<Rate>, telemetry: Telemetry) -> Self {
        let lane = |rate| Lane {
            turn: tokio::sync::Mutex::new(()),
            bucket: Mutex::new(Bucket::new(rate, burst(rate))),
        };
        let lanes = rate.map_or_else(Vec::new, |rate| Action::ALL.map(|_| lane(rate)).into());
        Self {
            account,
            telemetry,
            lanes,
        }
    }

    /// Waits until a call of this operation may be made.
    pub(super) async fn pass(&self, action: Action) {
        let Some(lane) = self.lanes.get(action.index()) else {
            return;
        };
        let _turn = lane.turn.lock().await;
        let (mut wait, rate) = {
            let mut bucket = lane.bucket();
            (bucket.reserve(Instant::now()), bucket.rate())
        };
        self.telemetry.api_rate_limit(&self.account, action, rate);
        while !wait.is_zero() {
            sleep(wait).await;
            // A call that was made before may have been refused meanwhile.
            wait = lane.bucket().pause(Instant::now());
        }
    }

    /// Learns from the outcome of a call; of one that succeeded, for how long
    /// the cloud says that it was the last one.
    pub(super) fn learn(&self, action: Action, outcome: Result<Option<Duration>, &ApiError>) {
        let Some(lane) = self.lanes.get(action.index()) else {
            return;
        };
        let now = Instant::now();
        match outcome {
            Ok(None) => lane.bucket().on_success(now),
            Ok(Some(left)) => lane.bucket().on_exhausted(now, left),
            Err(error) if error.kind() == FailureKind::Throttled => {
                let mut bucket = lane.bucket();
                bucket.on_throttled(now, error.hint());
                let rate = bucket.rate();
                self.telemetry.api_rate_limit(&self.account, action, rate);
            }
            // Says nothing about the rate.
            Err(_) => {}
        }
    }
}

impl Lane {
    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A tenth of a second's worth: little enough for a quota that is counted by
/// the second, and enough to reach a high rate with a timer of a millisecond.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is positive and at most Rate::MAX"
)]
fn burst(rate: Rate) -> NonZeroU32 {
    NonZeroU32::new((rate.per_second() / 10.0) as u32).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use futures_util::stream::{FuturesUnordered, StreamExt};

    use super::*;
    use crate::telemetry::BuildInfo;

    const ACTION: Action = Action::DescribeUserOnlineClients;

    fn gate(per_second: f64) -> Gate {
        let build = BuildInfo {
            version: "",
            revision: "",
            rustversion: "",
        };
        let account = AccountName::parse("main").unwrap();
        let rate = Rate::new(per_second).unwrap();
        Gate::new(account, Some(rate), Telemetry::new(build).unwrap())
    }

    fn throttled(hint_ms: u64) -> ApiError {
        let error = ApiError::new(ACTION, FailureKind::Throttled);
        error.with_hint(Some(Duration::from_millis(hint_ms)))
    }

    /// When each of several calls got through, in milliseconds.
    async fn passages(gate: &Gate, calls: usize) -> Vec<u128> {
        let start = Instant::now();
        let passing = (0..calls).map(|_| async {
            gate.pass(ACTION).await;
            start.elapsed().as_millis()
        });
        passing.collect::<FuturesUnordered<_>>().collect().await
    }

    #[tokio::test(start_paused = true)]
    async fn calls_pass_at_the_rate_and_lanes_are_apart() {
        let gate = gate(5.0);
        assert_eq!(passages(&gate, 4).await, [0, 200, 400, 600]);
        let start = Instant::now();
        gate.pass(Action::DescribeSmartAccessGateways).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_calls_that_wait_already() {
        let gate = gate(5.0);
        gate.pass(ACTION).await;
        let refuse = async {
            sleep(Duration::from_millis(100)).await;
            gate.learn(ACTION, Err(&throttled(1000)));
        };
        let (passed, ()) = tokio::join!(passages(&gate, 3), refuse);
        // The pause ends at 1100; from then on at half the rate.
        assert_eq!(passed, [1100, 1100, 1500]);
        let text = String::from_utf8(gate.telemetry.encode().unwrap()).unwrap();
        let series =
            r#"sag_exporter_api_rate_limit{account="main",action="DescribeUserOnlineClients"} 2.5"#;
        assert!(text.contains(series), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_quota_that_is_used_up_is_waited_for() {
        let gate = gate(5.0);
        gate.pass(ACTION).await;
        gate.learn(ACTION, Ok(Some(Duration::from_millis(1000))));
        assert_eq!(passages(&gate, 3).await, [1000, 1200, 1400]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_gives_up_lets_the_next_one_pass() {
        let gate = gate(1.0);
        gate.pass(ACTION).await;
        let impatient = tokio::time::timeout(Duration::from_millis(10), gate.pass(ACTION));
        assert!(impatient.await.is_err());
        assert_eq!(passages(&gate, 1).await.len(), 1);
    }
}
