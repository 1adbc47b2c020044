//! Sockets from systemd, and words to it.
//!
//! The protocols are those of the manual pages `sd_listen_fds(3)`,
//! `sd_notify(3)` and `sd_watchdog_enabled(3)`.

use std::ffi::OsString;
use std::io;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use listenfd::ListenFd;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// The sockets that systemd opened for this process, ready for
/// [`tokio::net::TcpListener::from_std`]. Can be asked for once, before other
/// threads run, because it takes the variables `LISTEN_FDS` and `LISTEN_PID`
/// out of the environment.
///
/// # Errors
///
/// If there is none, or one is not a listening TCP socket.
pub fn listeners() -> Result<Vec<TcpListener>, ActivationError> {
    let mut handed = ListenFd::from_env();
    if handed.len() == 0 {
        return Err(ActivationError::None);
    }
    (0..handed.len().min(MAX_SOCKETS))
        .map(|index| listener(&mut handed, index))
        .collect()
}

fn listener(handed: &mut ListenFd, index: usize) -> Result<TcpListener, ActivationError> {
    let fail = |source| ActivationError::NotTcp {
        number: index + 1,
        source,
    };
    let listener = handed
        .take_tcp_listener(index)
        .map_err(fail)?
        .ok_or_else(|| fail(io::ErrorKind::NotFound.into()))?;
    listener.set_nonblocking(true).map_err(fail)?;
    Ok(listener)
}

/// There are no sockets to listen on.
#[derive(Debug, thiserror::Error)]
pub enum ActivationError {
    /// systemd handed over none.
    #[error("no sockets were handed over: expected a start by a systemd socket unit")]
    None,
    /// One of them is something else.
    #[error("socket {number} of the systemd socket unit is not a TCP socket that listens")]
    NotTcp {
        /// Which of them, from 1.
        number: usize,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// What the environment says about the service manager.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `NOTIFY_SOCKET`.
    pub notify_socket: Option<OsString>,
    /// `WATCHDOG_USEC`.
    pub watchdog_usec: Option<String>,
    /// `WATCHDOG_PID`.
    pub watchdog_pid: Option<String>,
}

/// The service manager, which is told how the program fares. Without one,
/// nothing is told to nobody.
#[derive(Debug)]
pub struct Manager {
    channel: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

/// The address in `NOTIFY_SOCKET` cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("NOTIFY_SOCKET is not the address of a datagram socket")]
pub struct ManagerError(#[source] io::Error);

impl Manager {
    /// The manager of this environment.
    ///
    /// # Errors
    ///
    /// If there is one, but it cannot be talked to.
    pub fn new(environment: &Environment) -> Result<Self, ManagerError> {
        let address = environment
            .notify_socket
            .as_ref()
            .filter(|address| !address.is_empty());
        let channel = address
            .map(|address| Ok((UnixDatagram::unbound()?, parse_address(address.as_bytes())?)))
            .transpose()
            .map_err(ManagerError)?;
        if let Some((socket, _)) = &channel {
            // A manager that does not read must not hold up the program.
            socket.set_nonblocking(true).map_err(ManagerError)?;
        }
        Ok(Self {
            channel,
            watchdog: watchdog(environment, std::process::id()),
        })
    }

    /// Start-up is over, or the configuration was loaded again.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The configuration is being loaded again; [`Manager::ready`] follows.
    pub fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// The program is about to end.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// One line for `systemctl status`.
    pub fn status(&self, text: &str) {
        let line = text.lines().next().unwrap_or_default();
        self.tell(&format!("STATUS={line}"));
    }

    /// Says that the program works for as long as `is_alive` does, twice in
    /// the time that the manager allows, until `shutdown`. Ends at once if
    /// nobody wants to know.
    pub async fn keep_alive(&self, is_alive: impl Fn() -> bool, shutdown: CancellationToken) {
        let (Some(_), Some(allowed)) = (&self.channel, self.watchdog) else {
            return;
        };
        let mut ticks = tokio::time::interval((allowed / 2).max(SHORTEST_PERIOD));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if is_alive() {
                self.tell("WATCHDOG=1");
            }
        }
    }

    fn tell(&self, message: &str) {
        let Some((socket, address)) = &self.channel else {
            return;
        };
        if let Err(error) = socket.send_to_addr(message.as_bytes(), address) {
            tracing::warn!(%error, "the service manager cannot be told");
        }
    }
}

/// A path, or a name in Linux' abstract namespace after an `@`.
fn parse_address(text: &[u8]) -> io::Result<SocketAddr> {
    match text {
        [b'/', ..] => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(text)),
        [b'@', name @ ..] => abstract_address(name),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;

    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn abstract_address(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The time that the watchdog allows, if it watches this process.
fn watchdog(environment: &Environment, own_pid: u32) -> Option<Duration> {
    let for_this = match &environment.watchdog_pid {
        None => true,
        Some(pid) => pid.parse() == Ok(own_pid),
    };
    let micros: u64 = environment.watchdog_usec.as_ref()?.parse().ok()?;
    (for_this && micros > 0).then(|| Duration::from_micros(micros))
}

/// A socket unit has a few.
const MAX_SOCKETS: usize = 64;

/// A watchdog that allows less is a mistake that must not cost a processor.
const SHORTEST_PERIOD: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn manager(socket: &std::path::Path, watchdog_usec: Option<&str>) -> Manager {
        Manager::new(&Environment {
            notify_socket: Some(socket.into()),
            watchdog_usec: watchdog_usec.map(str::to_owned),
            watchdog_pid: None,
        })
        .unwrap()
    }

    fn next(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 256];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_manager_is_told_what_happens() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let manager = manager(&path, None);
        manager.ready();
        assert_eq!(next(&socket), "READY=1");
        manager.status("sweeping\nREADY=1");
        assert_eq!(next(&socket), "STATUS=sweeping");
        manager.reloading();
        let message = next(&socket);
        let micros = message
            .strip_prefix("RELOADING=1\nMONOTONIC_USEC=")
            .and_then(|micros| micros.parse::<u64>().ok());
        assert!(micros.is_some_and(|micros| micros > 0), "{message}");
        manager.stopping();
        assert_eq!(next(&socket), "STOPPING=1");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_manager_may_have_an_abstract_address() {
        use std::os::linux::net::SocketAddrExt;

        let name = format!("sag-exporter-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        manager(std::path::Path::new(&format!("@{name}")), None).ready();
        assert_eq!(next(&socket), "READY=1");
    }

    #[test]
    fn without_a_manager_nothing_happens() {
        Manager::new(&Environment::default()).unwrap().ready();
        for address in ["vsock:2:1", "relative"] {
            let environment = Environment {
                notify_socket: Some(address.into()),
                ..Environment::default()
            };
            assert!(Manager::new(&environment).is_err(), "{address}");
        }
    }

    #[test]
    fn the_watchdog_may_watch_another_process() {
        for (usec, pid, expected) in [
            (Some("1000"), None, Some(1000)),
            (Some("1000"), Some("7"), Some(1000)),
            (Some("1000"), Some("8"), None),
            (Some("1000"), Some("x"), None),
            (Some("0"), None, None),
            (Some("x"), None, None),
            (None, Some("7"), None),
        ] {
            let environment = Environment {
                notify_socket: None,
                watchdog_usec: usec.map(str::to_owned),
                watchdog_pid: pid.map(str::to_owned),
            };
            let found = watchdog(&environment, 7).map(|allowed| allowed.as_micros());
            assert_eq!(found, expected, "{usec:?} {pid:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_watchdog_hears_of_a_program_that_lives() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        let manager = manager(&path, Some("20000000"));
        let shutdown = CancellationToken::new();
        let lives_for = tokio::time::Instant::now() + Duration::from_secs(15);
        let is_alive = || tokio::time::Instant::now() < lives_for;
        let stop = async {
            tokio::time::sleep(Duration::from_secs(100)).await;
            shutdown.cancel();
        };
        tokio::join!(manager.keep_alive(is_alive, shutdown.clone()), stop);
        for _ in ["at once", "after ten seconds"] {
            assert_eq!(next(&socket), "WATCHDOG=1");
        }
        assert!(socket.recv(&mut [0; 8]).is_err(), "told of a dead program");
    }
}
