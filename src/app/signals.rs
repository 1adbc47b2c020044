//! SIGTERM and SIGINT.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// The work did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum Interrupted {
    /// The system does not let signals be handled.
    #[error("signals cannot be handled")]
    Signals(#[source] io::Error),
    /// A second signal came while the work was ending.
    #[error("a second {0} came before the end")]
    Twice(&'static str),
}

/// Does the work and cancels its token at the first SIGTERM or SIGINT. A second
/// one ends it at once.
///
/// # Errors
///
/// If a second signal comes, or the system does not let signals be handled.
pub async fn until_signal<F: Future>(
    work: impl FnOnce(CancellationToken) -> F,
) -> Result<F::Output, Interrupted> {
    let mut signals = Signals::new().map_err(Interrupted::Signals)?;
    let shutdown = CancellationToken::new();
    let mut work = pin!(work(shutdown.clone()));
    tokio::select! {
        output = &mut work => return Ok(output),
        name = signals.next() => {
            tracing::info!(signal = name, "shutting down");
            shutdown.cancel();
        }
    }
    tokio::select! {
        output = &mut work => Ok(output),
        name = signals.next_after(ECHO) => Err(Interrupted::Twice(name)),
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The next signal that does not come within `quiet` from now.
    async fn next_after(&mut self, quiet: Duration) -> &'static str {
        let deadline = Instant::now() + quiet;
        while timeout_at(deadline, self.next()).await.is_ok() {}
        self.next().await
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Programs such as `timeout` signal a process and then its whole group, so
/// that one wish comes as two signals. A person takes longer.
const ECHO: Duration = Duration::from_millis(200);
