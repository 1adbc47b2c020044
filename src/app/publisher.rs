//! The only writer of what scrapes read.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{Instant, timeout_at};

use crate::exposition::{self, Exposition};
use crate::fleet::{self, Fleet, Observation};
use crate::web::Published;

/// Folds observations into the fleet and publishes it.
#[derive(Debug)]
pub(super) struct Publisher {
    pub(super) observations: mpsc::Receiver<Observation>,
    pub(super) changes: mpsc::Receiver<Change>,
    pub(super) fleet: Fleet,
    pub(super) options: exposition::Options,
    pub(super) published: Arc<ArcSwap<Published>>,
}

/// Another configuration came into force.
#[derive(Debug)]
pub(super) struct Change {
    /// What becomes of the cloud accounts that are swept in another way now,
    /// or not at all.
    pub(super) observations: Vec<Observation>,
    pub(super) fleet: fleet::Options,
    pub(super) exposition: exposition::Options,
    /// Hears when all of it is published.
    pub(super) done: oneshot::Sender<()>,
}

impl Publisher {
    /// Publishes until nobody observes any more.
    ///
    /// A publication takes time in proportion to the fleet, while instances
    /// report one by one. So what follows a publication within [`PAUSE`] is
    /// published together; nothing waits longer than that.
    ///
    /// # Errors
    ///
    /// If rendering panics, which is a bug.
    pub(super) async fn run(mut self) -> Result<(), JoinError> {
        let mut next = Instant::now();
        loop {
            tokio::select! {
                observation = self.observations.recv() => {
                    let Some(observation) = observation else {
                        return Ok(());
                    };
                    self.fleet.apply(observation);
                    self.gather_until(next).await;
                    self.publish().await?;
                }
                Some(change) = self.changes.recv() => self.change(change).await?,
            }
            next = Instant::now() + PAUSE;
        }
    }

    /// Carries a change out and publishes it at once. Whoever is swept no
    /// longer has been stopped before, so that what is queued is the last word.
    async fn change(&mut self, change: Change) -> Result<(), JoinError> {
        while let Ok(observation) = self.observations.try_recv() {
            self.fleet.apply(observation);
        }
        self.fleet.change_options(change.fleet);
        for observation in change.observations {
            self.fleet.apply(observation);
        }
        self.options = change.exposition;
        self.publish().await?;
        // Nobody may be waiting for it any more.
        let _ = change.done.send(());
        Ok(())
    }

    /// Takes what is queued, and what comes until then.
    async fn gather_until(&mut self, then: Instant) {
        while let Ok(Some(observation)) = timeout_at(then, self.observations.recv()).await {
            self.fleet.apply(observation);
        }
    }

    /// Renders and compresses away from the threads that serve, then swaps.
    async fn publish(&self) -> Result<(), JoinError> {
        let snapshot = self.fleet.snapshot();
        let options = self.options;
        let render = move || Published::new(Exposition::new(snapshot, options));
        self.published
            .store(Arc::new(spawn_blocking(render).await?));
        Ok(())
    }
}

/// Short enough that a person does not notice it.
const PAUSE: Duration = Duration::from_millis(500);
