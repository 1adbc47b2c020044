//! The accept loop and the set of connections.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Handler;
use super::activity::{Activity, Phase};
use super::connection;
use super::limits::Limits;
use super::listeners::Listeners;
use super::origin::Origin;
use super::refusal::Refusal;
use super::shared::Shared;
use super::tls::Acceptor;
use crate::telemetry::Telemetry;

/// How a server came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still open at the drain's deadline and were cut.
    pub cut: usize,
}

/// Why a server stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A handler panicked: a bug that must be seen, so the server drains and
    /// ends.
    #[error("the handler of a connection panicked")]
    Panicked(#[source] JoinError),
}

/// Where connections come in, and whether they speak TLS.
#[derive(Debug)]
pub struct Entrance {
    /// All with equal rights; the caller binds them.
    pub listeners: Vec<TcpListener>,
    /// Makes the handshakes; `None` for plain HTTP.
    pub tls: Option<Acceptor>,
}

/// Plain HTTP.
impl From<Vec<TcpListener>> for Entrance {
    fn from(listeners: Vec<TcpListener>) -> Self {
        Self {
            listeners,
            tls: None,
        }
    }
}

/// Serves until `shutdown` is cancelled, then drains: the listeners are closed,
/// idle connections too, responses in flight go out until
/// [`Limits::drain_time`] is over, the rest is cut.
///
/// The caller binds the listeners. Connections that are closed early are
/// counted in `telemetry` with a reason: `limit`, `slow_request`,
/// `slow_reader`, `slow_handler`, `malformed`, `handshake`, `drain`.
///
/// # Errors
///
/// If a handler panics. The responses in flight still go out first.
pub async fn serve<H: Handler>(
    entrance: impl Into<Entrance>,
    handler: H,
    limits: Limits,
    telemetry: Telemetry,
    shutdown: CancellationToken,
) -> Result<Drained, ServeError> {
    let Entrance { listeners, tls } = entrance.into();
    let shared = Arc::new(Shared {
        handler,
        tls,
        limits,
        telemetry,
        // A child: a panic stops the connections, not the caller's other work.
        shutdown: shutdown.child_token(),
    });
    let mut connections = Connections::new(shared);
    let stopped = accept_until_stopped(Listeners::new(listeners), &mut connections).await;
    connections.shared.shutdown.cancel();
    let drained = connections.drain().await;
    stopped.and(drained)
}

async fn accept_until_stopped<H: Handler>(
    mut listeners: Listeners<TcpListener>,
    connections: &mut Connections<H>,
) -> Result<(), ServeError> {
    let shutdown = connections.shared.shutdown.clone();
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return Ok(()),
            Some(ended) = connections.next_ended() => ended?,
            accepted = listeners.accept() => match accepted {
                Some(stream) => connections.admit(stream),
                None => connections.give_back(),
            },
        }
    }
}

/// The connections that are open, each a task.
struct Connections<H> {
    shared: Arc<Shared<H>>,
    epoch: Instant,
    tasks: JoinSet<()>,
    open: HashMap<Id, Open>,
}

struct Open {
    origin: Origin,
    activity: Arc<Activity>,
    abort: AbortHandle,
}

impl<H: Handler> Connections<H> {
    fn new(shared: Arc<Shared<H>>) -> Self {
        Self {
            shared,
            epoch: Instant::now(),
            tasks: JoinSet::new(),
            open: HashMap::new(),
        }
    }

    fn admit(&mut self, stream: TcpStream) {
        if self.open.len() >= self.shared.limits.connections {
            // Either way there is one connection less than there might be.
            Refusal::Limit.count(&self.shared.telemetry);
            if !self.make_room() {
                return;
            }
        }
        // Heads and bodies are written together, so there is nothing to gather.
        // If it fails, the connection is gone and its task will see that.
        drop(stream.set_nodelay(true));
        let origin = Origin::of(stream.peer_addr().ok());
        let activity = Arc::new(Activity::new(self.epoch));
        let task = connection::open(stream, Arc::clone(&activity), Arc::clone(&self.shared));
        let abort = self.tasks.spawn(task);
        let id = abort.id();
        let open = Open {
            origin,
            activity,
            abort,
        };
        self.open.insert(id, open);
    }

    /// Gives back the descriptor and the memory of a connection.
    fn give_back(&mut self) {
        if self.make_room() {
            Refusal::Limit.count(&self.shared.telemetry);
        }
    }

    /// Cuts a connection of the origin that has the most of them: the one that
    /// has been silent for the longest. A handler at work is not silent by the
    /// fault of its client.
    fn make_room(&mut self) -> bool {
        let mut crowds: HashMap<Origin, usize> = HashMap::new();
        for open in self.open.values() {
            *crowds.entry(open.origin).or_default() += 1;
        }
        let stalest = self
            .open
            .iter()
            .filter(|(_, open)| open.activity.phase() != Phase::Handling)
            .min_by_key(|(_, open)| {
                let crowd = crowds.get(&open.origin);
                (Reverse(crowd), open.activity.last_moved())
            })
            .map(|(id, _)| *id);
        let Some(open) = stalest.and_then(|id| self.open.remove(&id)) else {
            return false;
        };
        open.abort.abort();
        true
    }

    /// Waits until a connection has ended; `None` if none is open.
    async fn next_ended(&mut self) -> Option<Result<(), ServeError>> {
        let (id, result) = match self.tasks.join_next_with_id().await? {
            Ok((id, ())) => (id, Ok(())),
            Err(error) => (error.id(), unless_cut(error)),
        };
        self.open.remove(&id);
        Some(result)
    }

    async fn drain(&mut self) -> Result<Drained, ServeError> {
        let deadline = Instant::now() + self.shared.limits.drain_time;
        let mut result = Ok(());
        while let Ok(Some(ended)) = tokio::time::timeout_at(deadline, self.next_ended()).await {
            result = result.and(ended);
        }
        for _ in 0..self.open.len() {
            Refusal::Drain.count(&self.shared.telemetry);
        }
        self.tasks.shutdown().await;
        let cut = self.open.len();
        result.map(|()| Drained { cut })
    }
}

fn unless_cut(error: JoinError) -> Result<(), ServeError> {
    if error.is_cancelled() {
        return Ok(());
    }
    tracing::error!("the handler of a connection panicked");
    Err(ServeError::Panicked(error))
}
