//! Which formats scrapes ask for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::catalog::Format;

/// Which formats compressed scrapes asked for of late, so that the next
/// publication has them ready.
#[derive(Debug)]
pub(super) struct Demand {
    epoch: Instant,
    text: AtomicU64,
    openmetrics: AtomicU64,
}

impl Default for Demand {
    fn default() -> Self {
        Self {
            epoch: Instant::now(),
            text: AtomicU64::new(NEVER),
            openmetrics: AtomicU64::new(NEVER),
        }
    }
}

impl Demand {
    /// A scrape asked for this format.
    pub(super) fn note(&self, format: Format) {
        let now = self.epoch.elapsed().as_secs();
        self.last(format).store(now, Ordering::Relaxed);
    }

    /// Whether another scrape is to be expected.
    pub(super) fn lasts(&self, format: Format) -> bool {
        let last = self.last(format).load(Ordering::Relaxed);
        let age = self.epoch.elapsed().as_secs().saturating_sub(last);
        last != NEVER && age <= PATIENCE.as_secs()
    }

    fn last(&self, format: Format) -> &AtomicU64 {
        match format {
            Format::Text => &self.text,
            Format::OpenMetrics => &self.openmetrics,
        }
    }
}

const NEVER: u64 = u64::MAX;

/// Longer than any scrape interval in use: Prometheus calls a series stale that
/// was not scraped for five minutes.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn demand_lasts_for_a_while() {
        let demand = Demand::default();
        assert!(!demand.lasts(Format::Text));
        demand.note(Format::Text);
        tokio::time::advance(PATIENCE).await;
        assert!(demand.lasts(Format::Text));
        assert!(!demand.lasts(Format::OpenMetrics));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!demand.lasts(Format::Text));
        demand.note(Format::OpenMetrics);
        assert!(demand.lasts(Format::OpenMetrics));
    }
}
