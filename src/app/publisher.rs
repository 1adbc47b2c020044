//! The only writer of what scrapes read.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{Instant, timeout_at};

use crate::exposition::{self, Exposition};
use crate::fleet::{Fleet, Observation};
use crate::telemetry::Telemetry;
use crate::web::Published;

/// Folds observations into the fleet and publishes it.
#[derive(Debug)]
pub(super) struct Publisher {
    pub(super) observations: mpsc::Receiver<Observation>,
    pub(super) fleet: Fleet,
    pub(super) options: exposition::Options,
    pub(super) published: Arc<ArcSwap<Published>>,
    pub(super) telemetry: Telemetry,
}

impl Publisher {
    /// Publishes until nobody observes any more.
    ///
    /// A publication takes time in proportion to the fleet, while instances
    /// report one by one. So what follows a publication within [`PAUSE`] is
    /// published together, and a large fleet that takes long to publish rests
    /// [`REST`] times as long before it is published again.
    ///
    /// # Errors
    ///
    /// If compressing panics, which is a bug.
    pub(super) async fn run(mut self) -> Result<(), JoinError> {
        let mut next = Instant::now();
        while let Some(observation) = self.observations.recv().await {
            self.fleet.apply(observation);
            self.gather_until(next).await;
            let start = Instant::now();
            self.publish().await?;
            next = Instant::now() + PAUSE.max(start.elapsed() * REST);
        }
        Ok(())
    }

    /// Takes what is queued, and what comes until then.
    async fn gather_until(&mut self, then: Instant) {
        while let Ok(Some(observation)) = timeout_at(then, self.observations.recv()).await {
            self.fleet.apply(observation);
        }
    }

    /// Compresses away from the threads that serve, then swaps.
    async fn publish(&self) -> Result<(), JoinError> {
        let snapshot = self.fleet.snapshot();
        let options = self.options;
        let previous = self.published.load_full();
        let follow = move || previous.followed_by(Exposition::new(snapshot, options));
        let next = spawn_blocking(follow).await?;
        self.telemetry.series_limited(next.is_limited());
        self.published.store(Arc::new(next));
        Ok(())
    }
}

/// Short enough that a person does not notice it.
const PAUSE: Duration = Duration::from_millis(500);

/// At most a tenth of one processor goes into publishing.
const REST: u32 = 9;
