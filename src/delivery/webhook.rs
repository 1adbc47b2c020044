//! The sink that tells somebody over HTTP.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::RETRY_AFTER;
use hyper::{HeaderMap, StatusCode, http};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::file::too_late;
use super::message::{Message, SigningKey, SigningKeyError};
use super::options::Webhook;
use super::outlet::{Loss, Outlet};
use crate::clock::Clock;
use crate::model::FailureKind;
use crate::openapi::transport::{Transport, TransportError};
use crate::pacing::{Backoff, backoff};
use crate::telemetry::Telemetry;

/// Posts events, some at a time and one request after the other, so that they
/// arrive in order.
#[derive(Debug)]
pub struct WebhookSink {
    hook: Webhook,
    outlet: Arc<Outlet>,
    transport: Arc<dyn Transport>,
    clock: Clock,
    telemetry: Telemetry,
    /// The last good key: a file that is being replaced stops nothing.
    key: Option<SigningKey>,
    /// How the last attempt failed.
    fails: Option<FailureKind>,
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the key cannot be read")]
    Key(#[source] io::Error),
    #[error(transparent)]
    BadKey(#[from] SigningKeyError),
    #[error("the request cannot be made")]
    Request(#[from] http::Error),
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("no complete answer within {}", humantime::format_duration(*.0))]
    Timeout(Duration),
    #[error("the receiver answered {status}")]
    Status {
        status: StatusCode,
        hint: Option<Duration>,
    },
}

impl WebhookSink {
    /// Connects nowhere and reads nothing yet.
    pub fn new(
        hook: Webhook,
        outlet: Arc<Outlet>,
        transport: Arc<dyn Transport>,
        clock: Clock,
        telemetry: Telemetry,
    ) -> Self {
        let kinds = FailureKind::ALL.into_iter().map(FailureKind::as_str);
        for outcome in kinds.chain([OK]) {
            telemetry.event_deliveries(outlet.name().as_str(), outcome, 0);
        }
        Self {
            hook,
            outlet,
            transport,
            clock,
            telemetry,
            key: None,
            fails: None,
        }
    }

    /// Posts until `stop`, which leaves the queue to a successor, or until the
    /// queue is closed and empty, at the latest [`super::FLUSH`] after
    /// `shutdown`.
    pub async fn run(mut self, stop: CancellationToken, shutdown: CancellationToken) {
        let outlet = Arc::clone(&self.outlet);
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.empty(&shutdown) => {}
            () = too_late(&shutdown) => outlet.abandon(),
        }
    }

    async fn empty(&mut self, shutdown: &CancellationToken) {
        while let Some(events) = self.outlet.take(BATCH_EVENTS).await {
            let message = Message::of(&events);
            // The youngest decides: nothing is given up before its time.
            let youngest = events.last().map_or_else(Instant::now, |event| event.since);
            match self.deliver(&message, youngest, shutdown).await {
                Ok(()) => self.outlet.done(),
                Err(loss) => self.give_up(loss, events.len()),
            }
        }
    }

    fn give_up(&self, loss: Loss, events: usize) {
        let (sink, reason) = (self.outlet.name(), loss.as_str());
        tracing::warn!(%sink, reason, events, "events are lost: they could not be delivered");
        self.outlet.give_up(loss, events);
    }

    /// Tries until the receiver has the message or there is no more sense in it.
    async fn deliver(
        &mut self,
        message: &Message,
        youngest: Instant,
        shutdown: &CancellationToken,
    ) -> Result<(), Loss> {
        let mut repetition = 0;
        for _ in 0..MAX_ATTEMPTS {
            let Err(failure) = self.attempt(message).await else {
                self.worked();
                return Ok(());
            };
            self.failed(&failure);
            if !failure.kind().is_transient() {
                return Err(Loss::Rejected);
            }
            if youngest.elapsed() >= MAX_AGE {
                return Err(Loss::Expired);
            }
            let wait = backoff(BACKOFF, repetition, failure.hint(), rand::random());
            repetition += 1;
            let is_ending = shutdown.is_cancelled();
            tokio::select! {
                () = sleep(wait) => {}
                // There is little time left: no long wait any more.
                () = shutdown.cancelled(), if !is_ending => repetition = 0,
            }
        }
        Err(Loss::Expired)
    }

    async fn attempt(&mut self, message: &Message) -> Result<(), Failure> {
        let key = self.key().await?;
        let request = message.request(&self.hook.url, &key, self.clock.now())?;
        let limit = self.hook.timeout;
        let sent = timeout(limit, self.transport.send(request)).await;
        let answer = sent.map_err(|_| Failure::Timeout(limit))??;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(Failure::Status {
            status: answer.status(),
            hint: hint(answer.headers()),
        })
    }

    /// The key as it stands in its file now, so that it can be replaced.
    async fn key(&mut self) -> Result<SigningKey, Failure> {
        match (read(&self.hook.secret_file).await, &self.key) {
            (Ok(key), _) => {
                self.key = Some(key.clone());
                Ok(key)
            }
            (Err(_), Some(last)) => Ok(last.clone()),
            (Err(failure), None) => Err(failure),
        }
    }

    fn worked(&mut self) {
        self.count(OK);
        if self.fails.take().is_some() {
            tracing::info!(sink = %self.outlet.name(), "events are delivered again");
        }
    }

    fn failed(&mut self, failure: &Failure) {
        let kind = failure.kind();
        self.count(kind.as_str());
        if self.fails.replace(kind) != Some(kind) {
            let host = self.hook.url.host();
            let error = whole(failure);
            tracing::warn!(sink = %self.outlet.name(), host, error, %kind, "events cannot be delivered");
        }
    }

    fn count(&self, outcome: &str) {
        let sink = self.outlet.name().as_str();
        self.telemetry.event_deliveries(sink, outcome, 1);
    }
}

impl Failure {
    /// Decides whether it is tried again, and how it is counted.
    fn kind(&self) -> FailureKind {
        match self {
            // The file may be in the middle of being replaced.
            Self::Key(_) | Self::BadKey(_) => FailureKind::Transport,
            Self::Request(_) => FailureKind::Denied,
            Self::Transport(error) => error.kind(),
            Self::Timeout(_) => FailureKind::Timeout,
            Self::Status { status, .. } => match status.as_u16() {
                401 => FailureKind::Auth,
                404 | 410 => FailureKind::NotFound,
                408 | 425 => FailureKind::Timeout,
                429 => FailureKind::Throttled,
                500.. => FailureKind::Remote,
                // A redirect is not followed: whoever moved must say so in the
                // configuration.
                _ => FailureKind::Denied,
            },
        }
    }

    fn hint(&self) -> Option<Duration> {
        match self {
            Self::Status { hint, .. } => *hint,
            _ => None,
        }
    }
}

/// `Retry-After` in seconds; a date is taken for no hint.
fn hint(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

async fn read(path: &Path) -> Result<SigningKey, Failure> {
    let bytes = limited(path).await.map_err(Failure::Key)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| SigningKeyError)?;
    Ok(SigningKey::parse(text)?)
}

async fn limited(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    // Opening a pipe would wait for its writer.
    if !tokio::fs::metadata(path).await?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    let file = File::open(path).await?;
    file.take(MAX_KEY_BYTES).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// An error with everything that caused it.
fn whole(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    let texts: Vec<String> = chain.map(ToString::to_string).collect();
    texts.join(": ")
}

/// At most about 100 kB, which every receiver takes.
const BATCH_EVENTS: usize = 100;

/// An outage of a receiver that takes longer is a matter for people, and what
/// happened before it is history.
const MAX_AGE: Duration = Duration::from_secs(60 * 60);

/// With the waits below an hour has about thirty.
const MAX_ATTEMPTS: u32 = 40;

const BACKOFF: Backoff = Backoff {
    base: Duration::from_secs(1),
    cap: Duration::from_secs(5 * 60),
    hint_cap: Duration::from_secs(10 * 60),
};

/// A key has a hundred characters.
const MAX_KEY_BYTES: u64 = 4096;

const OK: &str = "ok";
