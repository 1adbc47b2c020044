//! The program as a service of systemd, whose part the test plays.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::Stdio;

use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;
use tokio::net::{TcpStream, UnixDatagram};

use crate::daemon::{Config, Daemon, Process, command, run_with};
use crate::http;
use crate::simulator::{Simulator, quiet};
use crate::wait::{until, within};

/// Who is told how the program fares.
struct Manager {
    socket: UnixDatagram,
    dir: TempDir,
}

impl Manager {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let socket = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        Self { socket, dir }
    }

    /// Starts a daemon that finds this manager in its environment, and that is
    /// watched.
    async fn start(&self, config: &Config) -> Daemon {
        let start = |arguments: &[&str]| {
            let mut command = command(arguments);
            command
                .env("NOTIFY_SOCKET", self.dir.path().join("notify"))
                .env("WATCHDOG_USEC", "200000");
            Process::spawn(command)
        };
        Daemon::start_as(config, &["--web.listen-address=127.0.0.1:0"], start).await
    }

    async fn next(&self) -> String {
        let mut bytes = [0; 256];
        let length = within(self.socket.recv(&mut bytes)).await.unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    /// The next message that is not the watchdog's.
    async fn hears(&self) -> String {
        loop {
            let message = self.next().await;
            if message != WATCHDOG {
                return message;
            }
        }
    }

    /// The messages of a reload.
    async fn hears_of_a_reload(&self, begun: i128) {
        let message = self.hears().await;
        let said = message.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
        let micros: i128 = said.unwrap_or_else(|| panic!("{message}")).parse().unwrap();
        assert!(begun <= micros && micros <= now_micros(), "{message}");
        assert_eq!(self.hears().await, "READY=1");
    }
}

#[tokio::test]
async fn the_manager_hears_of_the_start_of_reloads_and_of_the_end() {
    let simulator = Simulator::start(quiet(1, 2)).await;
    let manager = Manager::new();
    let config = Config::of(simulator.address);
    let mut daemon = manager.start(&config).await;
    assert_eq!(manager.hears().await, "READY=1");

    // As `Type=notify-reload` has it, for a good configuration and for a bad one.
    for yaml in [config.interval("2s").yaml(), "accounts: none".to_owned()] {
        daemon.configure(&yaml);
        let begun = now_micros();
        daemon.signal("HUP");
        manager.hears_of_a_reload(begun).await;
    }
    until("both reloads are logged", async || {
        let log = daemon.log();
        let is_logged = |what: &str| log.contains(what);
        let both = is_logged("configuration reloaded") && is_logged("configuration refused");
        if both { Ok(()) } else { Err(log) }
    })
    .await;

    for _ in 0..3 {
        while manager.next().await != WATCHDOG {}
    }
    daemon.signal("TERM");
    assert_eq!(manager.hears().await, "STOPPING=1");
    assert_eq!(daemon.ended().await.code(), Some(0), "{}", daemon.log());
    let mut rest = [0; 256];
    while let Ok(length) = manager.socket.try_recv(&mut rest) {
        assert_eq!(&rest[..length], WATCHDOG.as_bytes(), "after the end");
    }
}

#[tokio::test]
async fn sockets_that_systemd_opened_are_served() {
    let simulator = Simulator::start(quiet(1, 2)).await;
    let sockets = ["127.0.0.1:0", "[::1]:0"].map(|address| TcpListener::bind(address).unwrap());
    let addresses: Vec<SocketAddr> = sockets.iter().map(|s| s.local_addr().unwrap()).collect();
    let mut daemon = Daemon::start_as(
        &Config::of(simulator.address),
        &["--web.systemd-socket"],
        |arguments| activated(arguments, sockets),
    )
    .await;
    assert_eq!(daemon.addresses(), addresses);
    for &address in &addresses {
        let reply = within(http::get(address, "/-/healthy", "")).await.unwrap();
        assert_eq!(reply.status, 200, "{address}");
    }
    daemon.signal("TERM");
    assert_eq!(daemon.ended().await.code(), Some(0), "{}", daemon.log());
    for address in addresses {
        assert!(TcpStream::connect(address).await.is_err(), "{address}");
    }
}

#[tokio::test]
async fn sockets_that_do_not_come_are_missed() {
    let flags = ["--web.systemd-socket", "--sag.region=cn-shanghai"];
    for variables in [&[][..], &[("LISTEN_FDS", "1"), ("LISTEN_PID", "1")]] {
        let output = run_with(&flags, variables).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("no sockets were handed over"), "{said}");
    }
}

/// Starts the program as systemd does: with sockets from descriptor 3 on, whose
/// number and owner the environment says. A shell puts them there and becomes
/// the program.
fn activated(arguments: &[&str], [one, other]: [TcpListener; 2]) -> Process {
    let program = command(arguments);
    let script = "LISTEN_FDS=2 LISTEN_PID=$$ exec \"$0\" \"$@\" 3<&0 4<&1 </dev/null >/dev/null";
    let mut shell = tokio::process::Command::new("sh");
    shell
        .args(["-c", script])
        .arg(program.as_std().get_program())
        .args(arguments)
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(one)))
        .stdout(Stdio::from(OwnedFd::from(other)))
        .kill_on_drop(true);
    Process::spawn(shell)
}

/// The clock of which systemd wants to hear.
fn now_micros() -> i128 {
    let now = clock_gettime(ClockId::Monotonic);
    i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000
}

const WATCHDOG: &str = "WATCHDOG=1";
