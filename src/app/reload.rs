//! Putting another configuration into force while the program runs.
//!
//! Requests come by SIGHUP and by HTTP, wait in one queue and are carried out
//! one after the other by one task, which owns the cloud accounts.

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::accounts::Accounts;
use super::causes::whole;
use super::standing;
use super::tasks::{TaskError, TaskResult};
use crate::clock::Clock;
use crate::config::{Loaded, Source};
use crate::httpd::systemd::Manager;
use crate::telemetry::Telemetry;
use crate::web::{Refusal, Reload, Standing};

/// Asks for reloads. Clones share the queue.
#[derive(Debug, Clone)]
pub(super) struct Reloader {
    queue: mpsc::Sender<Request>,
}

/// Carries out the reloads that are asked for.
#[derive(Debug)]
pub(super) struct Reloads {
    requests: mpsc::Receiver<Request>,
    /// Where the configuration comes from, if it can come anew.
    source: Option<Source>,
    clock: Clock,
    telemetry: Telemetry,
    standing: Standing,
}

/// Somebody waits for a reload.
#[derive(Debug)]
struct Request {
    answer: oneshot::Sender<Result<(), Refusal>>,
}

impl Reloader {
    async fn request(&self) -> Result<(), Refusal> {
        let (answer, answered) = oneshot::channel();
        let request = Request { answer };
        self.queue.try_send(request).map_err(|_| Refusal::Busy)?;
        answered.await.unwrap_or(Err(Refusal::Busy))
    }
}

impl Reload for Reloader {
    fn reload(&self) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(self.request())
    }
}

impl Reloads {
    /// The two ends of the queue.
    pub(super) fn new(
        source: Option<Source>,
        clock: Clock,
        telemetry: Telemetry,
        standing: Standing,
    ) -> (Reloader, Self) {
        let (queue, requests) = mpsc::channel(QUEUED_RELOADS);
        let reloads = Self {
            requests,
            source,
            clock,
            telemetry,
            standing,
        };
        (Reloader { queue }, reloads)
    }

    /// Changes the accounts at every request until `shutdown`, then ends them.
    /// The service manager hears when a reload begins and when it is over.
    ///
    /// # Errors
    ///
    /// If a task of an account fails, panics, ends by itself or does not end
    /// in time.
    pub(super) async fn run(
        mut self,
        mut accounts: Accounts,
        manager: Arc<Manager>,
        shutdown: CancellationToken,
    ) -> TaskResult {
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                error = accounts.first_end() => return Err(error.into()),
                Some(request) = self.requests.recv() => {
                    manager.reloading();
                    let answer = self.carry_out(&mut accounts).await?;
                    // Whoever asked may have gone.
                    let _ = request.answer.send(answer);
                    // Also after a refusal: the program works as it did before.
                    manager.ready();
                }
            }
        }
        // Nobody waits for a reload that does not come.
        drop(self.requests);
        accounts.end().await?;
        Ok(())
    }

    /// Reloads, and says how it went: in the answer, the log and the metrics.
    ///
    /// # Errors
    ///
    /// If the program cannot go on.
    async fn carry_out(&self, accounts: &mut Accounts) -> Result<Result<(), Refusal>, TaskError> {
        let result = match load(self.source.clone()).await {
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
        Ok(match result {
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
        })
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
async fn load(source: Option<Source>) -> Result<Loaded, String> {
    let Some(source) = source else {
        return Err("there is no configuration to read anew".to_owned());
    };
    match spawn_blocking(move || source.load()).await {
        Ok(loaded) => loaded.map_err(|errors| errors.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// More requests than this are refused: each of those that wait reads the
/// newest configuration anyway.
const QUEUED_RELOADS: usize = 4;
