//! The only writer of what scrapes read.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use super::keepsake::Keepsake;
use super::watch::Watch;
use crate::delivery::Outlets;
use crate::exposition::{self, Exposition};
use crate::fleet::{self, Extent, Observation, Pseudonyms};
use crate::rules;
use crate::telemetry::Telemetry;
use crate::web::Published;

/// Folds observations into the fleet, judges it and publishes it.
#[derive(Debug)]
pub(super) struct Publisher {
    pub(super) observations: mpsc::Receiver<Observation>,
    pub(super) changes: mpsc::Receiver<Change>,
    pub(super) watch: Watch,
    /// Who is told what happens.
    pub(super) outlets: Outlets,
    pub(super) options: exposition::Options,
    pub(super) published: Arc<ArcSwap<Published>>,
    pub(super) telemetry: Telemetry,
    /// Hands over what is to outlive the process; `None` if nothing is.
    pub(super) keepsakes: Option<Keepsakes>,
}

/// Where what is to outlive the process is handed over, and how often it is
/// written.
#[derive(Debug)]
pub(super) struct Keepsakes {
    pub(super) sender: watch::Sender<Option<Keepsake>>,
    pub(super) interval: Duration,
}

/// Another configuration came into force.
#[derive(Debug)]
pub(super) struct Change {
    /// What becomes of the cloud accounts that are swept in another way now,
    /// or not at all.
    pub(super) observations: Vec<Observation>,
    pub(super) fleet: fleet::Options,
    pub(super) rules: rules::Options,
    pub(super) exposition: exposition::Options,
    pub(super) pseudonyms: Option<Pseudonyms>,
    pub(super) outlets: Outlets,
    /// How often the state is written, if it is.
    pub(super) state_interval: Option<Duration>,
    /// Hears when all of it is published.
    pub(super) done: oneshot::Sender<()>,
}

impl Publisher {
    /// Publishes until nobody observes any more.
    ///
    /// A publication takes time in proportion to the fleet, while instances
    /// report one by one. So what follows a publication within [`PAUSE`] is
    /// published together, and a large fleet that takes long to publish rests
    /// [`REST`] times as long, but no longer than [`LONGEST_PAUSE`].
    ///
    /// # Errors
    ///
    /// If compressing panics, which is a bug.
    pub(super) async fn run(mut self) -> Result<(), JoinError> {
        self.watch.chronicle(!self.outlets.is_empty());
        let result = self.publish_all().await;
        self.outlets.close();
        result
    }

    async fn publish_all(&mut self) -> Result<(), JoinError> {
        let mut next = Instant::now();
        loop {
            let change = tokio::select! {
                observation = self.observations.recv() => {
                    let Some(observation) = observation else {
                        self.hand_over(Extent::Everything);
                        return Ok(());
                    };
                    self.take(observation);
                    self.gather_until(next).await
                }
                Some(change) = self.changes.recv() => Some(change),
            };
            let took = match change {
                Some(change) => self.change(change).await?,
                None => self.publish().await?,
            };
            next = Instant::now() + (took * REST).clamp(PAUSE, LONGEST_PAUSE);
        }
    }

    /// Carries a change out and publishes it at once. Whoever is swept no
    /// longer has been stopped before, so that what is queued is the last word.
    async fn change(&mut self, change: Change) -> Result<Duration, JoinError> {
        while let Ok(observation) = self.observations.try_recv() {
            self.take(observation);
        }
        self.watch.change_options(change.fleet, change.rules);
        self.watch.change_pseudonyms(change.pseudonyms);
        for observation in change.observations {
            self.take(observation);
        }
        // What became of the old accounts was for those who watched them.
        self.watch.chronicle(!change.outlets.is_empty());
        self.outlets = change.outlets;
        self.options = change.exposition;
        if let (Some(keepsakes), Some(interval)) = (&mut self.keepsakes, change.state_interval) {
            keepsakes.interval = interval;
        }
        let took = self.publish().await?;
        // Nobody may be waiting for it any more.
        let _ = change.done.send(());
        Ok(took)
    }

    /// Takes what is queued, and what comes until then or until a change, whose
    /// author waits.
    async fn gather_until(&mut self, then: Instant) -> Option<Change> {
        loop {
            tokio::select! {
                biased;
                Some(change) = self.changes.recv() => return Some(change),
                observation = self.observations.recv() => self.take(observation?),
                () = sleep_until(then) => return None,
            }
        }
    }

    /// Takes in a piece of news, and tells what happened without waiting for
    /// anybody.
    fn take(&mut self, observation: Observation) {
        let events = self.watch.apply(observation);
        self.outlets.tell(&events);
    }

    /// Compresses away from the threads that serve, then swaps. Gives how long
    /// that took.
    async fn publish(&self) -> Result<Duration, JoinError> {
        let start = Instant::now();
        let snapshot = self.watch.snapshot();
        let options = self.options;
        let previous = self.published.load_full();
        let follow = move || previous.followed_by(Exposition::new(snapshot, options));
        let next = spawn_blocking(follow).await?;
        self.telemetry.series_limited(next.is_limited());
        self.published.store(Arc::new(next));
        self.hand_over(Extent::Lasting);
        Ok(start.elapsed())
    }

    /// Gives what is known to whoever keeps it.
    fn hand_over(&self, extent: Extent) {
        if let Some(Keepsakes { sender, interval }) = &self.keepsakes {
            sender.send_replace(Some(self.watch.keepsake(extent, *interval)));
        }
    }
}

/// Short enough that a person does not notice it.
const PAUSE: Duration = Duration::from_millis(500);

/// At most a tenth of one processor goes into publishing,
const REST: u32 = 9;

/// unless news would be shown late.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
