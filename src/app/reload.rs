//! Putting another configuration into force while the program runs.
//!
//! Requests come by SIGHUP and by HTTP, wait in one queue and are carried out
//! one after the other by the task that owns the cloud accounts.

use std::error::Error;
use std::io;

use futures_util::future::BoxFuture;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::accounts::Accounts;
use super::standing;
use super::tasks::{TaskError, TaskResult};
use crate::clock::Clock;
use crate::config::Loaded;
use crate::telemetry::Telemetry;
use crate::web::{Refusal, Reload, Standing};

/// Asks for reloads. Clones share the queue.
#[derive(Debug, Clone)]
pub(super) struct Reloader {
    queue: mpsc::Sender<Request>,
    clock: Clock,
    telemetry: Telemetry,
    standing: Standing,
}

/// Somebody waits for a reload.
#[derive(Debug)]
pub(super) struct Request {
    answer: oneshot::Sender<Result<(), Refusal>>,
    clock: Clock,
    telemetry: Telemetry,
    standing: Standing,
}

impl Reloader {
    /// The two ends of the queue.
    pub(super) fn new(
        clock: Clock,
        telemetry: Telemetry,
        standing: Standing,
    ) -> (Self, mpsc::Receiver<Request>) {
        let (queue, requests) = mpsc::channel(QUEUED_RELOADS);
        let reloader = Self {
            queue,
            clock,
            telemetry,
            standing,
        };
        (reloader, requests)
    }

    async fn request(&self) -> Result<(), Refusal> {
        let (answer, answered) = oneshot::channel();
        let request = Request {
            answer,
            clock: self.clock,
            telemetry: self.telemetry.clone(),
            standing: self.standing.clone(),
        };
        self.queue.try_send(request).map_err(|_| Refusal::Busy)?;
        answered.await.unwrap_or(Err(Refusal::Busy))
    }
}

impl Reload for Reloader {
    fn reload(&self) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(self.request())
    }
}

impl Request {
    /// Reloads, and says how it went: in the answer, the log and the metrics.
    ///
    /// # Errors
    ///
    /// If the program cannot go on.
    pub(super) async fn carry_out(self, accounts: &mut Accounts) -> Result<(), TaskError> {
        let result = match load(accounts).await {
            Ok(loaded) => {
                warn_of(&loaded);
                let shown = standing::shown(&loaded.config);
                let replaced = accounts.replace(loaded).await?;
                replaced
                    .map(|changes| (changes, shown))
                    .map_err(|error| whole(&error))
            }
            Err(text) => Err(text),
        };
        let answer = match result {
            Ok((changes, shown)) => {
                let now = self.clock.now();
                self.telemetry.config_loaded(now);
                self.standing.loaded(shown, now);
                tracing::info!(accounts = %changes, "configuration reloaded");
                Ok(())
            }
            Err(text) => {
                self.telemetry.config_refused();
                self.standing.refused(&text, self.clock.now());
                tracing::error!(
                    error = text,
                    "configuration refused: the old one stays in force"
                );
                Err(Refusal::Configuration(text))
            }
        };
        // Whoever asked may have gone.
        let _ = self.answer.send(answer);
        Ok(())
    }
}

/// From now on SIGHUP does not end the program.
///
/// # Errors
///
/// If the system does not let the signal be handled.
pub(super) fn hangups() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// Asks for a reload at every SIGHUP until `shutdown`.
pub(super) async fn at_hangup(
    mut hangups: Signal,
    reloader: Reloader,
    shutdown: CancellationToken,
) -> TaskResult {
    while let Some(Some(())) = shutdown.run_until_cancelled(hangups.recv()).await {
        // The outcome is logged where it is known; while the queue is full,
        // a reload to come reads what this one would have read.
        let _ = shutdown.run_until_cancelled(reloader.request()).await;
    }
    shutdown.cancelled().await;
    Ok(())
}

/// Logs what an operator should hear of a configuration that is good.
pub fn warn_of(loaded: &Loaded) {
    for warning in &loaded.warnings {
        tracing::warn!(line = warning.line, "{warning}");
    }
}

/// Reads the configuration anew, away from the threads that serve.
async fn load(accounts: &Accounts) -> Result<Loaded, String> {
    let Some(source) = accounts.source().cloned() else {
        return Err("there is no configuration to read anew".to_owned());
    };
    match spawn_blocking(move || source.load()).await {
        Ok(loaded) => loaded.map_err(|errors| errors.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// An error with everything that caused it.
pub(super) fn whole(error: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    let texts: Vec<String> = chain.map(ToString::to_string).collect();
    texts.join(": ")
}

/// More requests than this are refused: each of those that wait reads the
/// newest configuration anyway.
const QUEUED_RELOADS: usize = 4;
