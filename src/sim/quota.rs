//! Quotas: calls per second for each cloud account and operation.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::Action;
use crate::sim::refusal::Refusal;

/// How the cloud says that a quota is used up. It says it in several ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throttling {
    /// `Throttling`, `Throttling.User`, `Throttling.Api`, `Rejected.Throttling`
    /// or `FlowControlError`; `ServiceUnavailable` comes with status 503.
    pub code: String,
    /// 400 or 429.
    pub status: u16,
    /// The headers that tell how long to wait.
    pub hints: Vec<Hint>,
}

/// A header that tells how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// `x-acs-retry-after`, in milliseconds.
    AcsRetryAfter,
    /// `x-ratelimit-user-api`, with `TimeLeft` in milliseconds.
    RateLimitUserApi,
    /// `x-ratelimit-user`, with `TimeLeft` in milliseconds.
    RateLimitUser,
    /// `Retry-After`, in seconds.
    RetryAfter,
}

impl Default for Throttling {
    fn default() -> Self {
        Self {
            code: "Throttling.User".to_owned(),
            status: 400,
            hints: vec![Hint::AcsRetryAfter, Hint::RateLimitUserApi],
        }
    }
}

impl Throttling {
    /// The answer to a call for which `wait` is left to wait.
    pub(crate) fn refusal(&self, wait: Duration) -> Refusal {
        let message = "Request was denied due to user flow control.";
        let mut refusal = Refusal::new(self.status, self.code.clone(), message);
        refusal.headers = self.hints.iter().map(|hint| hint.header(wait)).collect();
        refusal
    }
}

impl Hint {
    fn header(self, wait: Duration) -> (&'static str, String) {
        let millis = wait.as_micros().div_ceil(1_000);
        let limit = format!("Limit:1,Remain:0,TimeLeft:{millis}");
        match self {
            Self::AcsRetryAfter => ("x-acs-retry-after", millis.to_string()),
            Self::RateLimitUserApi => ("x-ratelimit-user-api", limit),
            Self::RateLimitUser => ("x-ratelimit-user", limit),
            Self::RetryAfter => ("retry-after", millis.div_ceil(1_000).to_string()),
        }
    }
}

/// The quotas and how much of them is used.
#[derive(Debug)]
pub(crate) struct Quotas {
    per_second: f64,
    special: HashMap<Action, f64>,
    buckets: HashMap<(String, Action), Bucket>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Quotas {
    /// The same quota for every operation; 0 means none.
    pub(crate) fn new(per_second: f64) -> Self {
        Self {
            per_second,
            special: HashMap::new(),
            buckets: HashMap::new(),
        }
    }

    /// Changes the quota of one operation, or of all.
    pub(crate) fn set(&mut self, action: Option<Action>, per_second: f64) {
        match action {
            Some(action) => {
                self.special.insert(action, per_second);
            }
            None => {
                self.special.clear();
                self.per_second = per_second;
            }
        }
    }

    /// Takes a call from the quota, or says how long it takes until there is
    /// one. A refused call costs nothing.
    pub(crate) fn take(
        &mut self,
        account: &str,
        action: Action,
        now: Instant,
    ) -> Result<(), Duration> {
        let rate = self
            .special
            .get(&action)
            .copied()
            .unwrap_or(self.per_second);
        if rate <= 0.0 {
            return Ok(());
        }
        let capacity = rate.max(1.0) * BURST_SECONDS;
        let bucket = self.buckets.entry((account.to_owned(), action));
        let bucket = bucket.or_insert(Bucket {
            tokens: capacity,
            filled: now,
        });
        let gained = now.duration_since(bucket.filled).as_secs_f64() * rate;
        bucket.tokens = (bucket.tokens + gained).min(capacity);
        bucket.filled = now;
        if bucket.tokens < 1.0 - ROUNDING {
            let wait = (1.0 - bucket.tokens) / rate;
            return Err(Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

/// The quota of one second may be used at once.
const BURST_SECONDS: f64 = 1.0;

/// A caller that comes exactly when it was told to is not turned away.
const ROUNDING: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Action = Action::DescribeSmartAccessGatewayClientUsers;

    #[test]
    fn a_second_of_quota_may_be_used_at_once_and_comes_back_evenly() {
        let start = Instant::now();
        let mut quotas = Quotas::new(4.0);
        for _ in 0..4 {
            assert_eq!(quotas.take("a", LIST, start), Ok(()));
        }
        let wait = quotas.take("a", LIST, start).unwrap_err();
        assert_eq!(wait, Duration::from_millis(250));
        assert_eq!(quotas.take("b", LIST, start), Ok(()), "another account");
        assert_eq!(quotas.take("a", Action::KickOutClients, start), Ok(()));
        assert_eq!(quotas.take("a", LIST, start + wait), Ok(()));
        assert!(quotas.take("a", LIST, start + wait).is_err());
    }

    #[test]
    fn quotas_change_while_they_are_used() {
        let start = Instant::now();
        let mut quotas = Quotas::new(0.5);
        assert_eq!(quotas.take("a", LIST, start), Ok(()));
        assert_eq!(quotas.take("a", LIST, start), Err(Duration::from_secs(2)));
        quotas.set(Some(LIST), 0.0);
        assert_eq!(quotas.take("a", LIST, start), Ok(()));
        quotas.set(None, 0.25);
        assert_eq!(quotas.take("a", LIST, start), Err(Duration::from_secs(4)));
    }

    #[test]
    fn hints_are_rounded_up_in_their_units() {
        let throttling = Throttling {
            hints: vec![
                Hint::AcsRetryAfter,
                Hint::RateLimitUserApi,
                Hint::RateLimitUser,
                Hint::RetryAfter,
            ],
            ..Throttling::default()
        };
        let refusal = throttling.refusal(Duration::from_micros(1_500_100));
        let values: Vec<_> = refusal
            .headers
            .iter()
            .map(|(_, value)| value.as_str())
            .collect();
        let limit = "Limit:1,Remain:0,TimeLeft:1501";
        assert_eq!(values, ["1501", limit, limit, "2"]);
    }
}
