//! What commands run on, and what connects them to the outside.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::exit::Failure;
use crate::app::{self, Outside};
use crate::config::Web;
use crate::httpd::systemd::{self, Manager};

/// Runs a command to its end. What still blocks a thread then (a password
/// being checked, a name being resolved) is not waited for.
pub(super) fn block_on<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = runtime()?;
    let result = runtime.block_on(command);
    runtime.shutdown_background();
    result
}

/// The runtime on which a command runs.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::run)
}

/// Does something that only reads, and so may be dropped at a signal, which is
/// a failure with this text.
pub(super) async fn unless_interrupted<T>(
    reads: impl Future<Output = T>,
    interrupted: &'static str,
) -> Result<T, Failure> {
    let ended =
        app::until_signal(|shutdown| async move { shutdown.run_until_cancelled(reads).await });
    let ended = ended.await.map_err(Failure::run)?;
    ended.ok_or_else(|| Failure::run(interrupted))
}

/// What connects the daemon to the outside before anything runs.
pub(super) struct Front {
    handed_over: Option<Vec<std::net::TcpListener>>,
    manager: Manager,
}

impl Front {
    /// Takes the sockets of systemd if they are wanted. Call it while there is
    /// one thread: it changes the environment.
    pub(super) fn new(web: &Web, manager: &systemd::Environment) -> Result<Self, Failure> {
        let handed_over = match web.listen.is_empty() {
            true => Some(systemd::listeners().map_err(Failure::setup)?),
            false => None,
        };
        let manager = Manager::new(manager).map_err(Failure::setup)?;
        Ok(Self {
            handed_over,
            manager,
        })
    }

    /// Binds the addresses, unless the sockets were handed over.
    pub(super) async fn open(self, web: &Web) -> Result<Outside, Failure> {
        let listeners = match self.handed_over {
            Some(handed_over) => {
                let adopted = handed_over.into_iter().map(TcpListener::from_std);
                adopted.collect::<Result<_, _>>().map_err(Failure::run)?
            }
            None => app::listen(&web.listen).await.map_err(Failure::run)?,
        };
        Ok(Outside {
            listeners,
            manager: self.manager,
        })
    }
}

/// Where these listeners listen.
pub(super) fn addresses(listeners: &[TcpListener]) -> Result<Vec<SocketAddr>, Failure> {
    let addresses = listeners.iter().map(TcpListener::local_addr);
    addresses.collect::<Result<_, _>>().map_err(Failure::run)
}
