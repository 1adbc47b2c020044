//! The daemon as a child process, and simulated clouds to watch.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use sag_exporter::clock::Clock;
use sag_exporter::sim::{self, Cloud};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};
use tokio_util::sync::CancellationToken;

/// Simulated clouds on sockets; they end when this is dropped.
#[derive(Default)]
pub(crate) struct Clouds {
    tasks: JoinSet<()>,
}

/// A cloud and where it listens.
pub(crate) struct Site {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) address: SocketAddr,
}

/// A running daemon. It is killed when this is dropped.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) address: SocketAddr,
    log: tokio::io::Lines<BufReader<ChildStderr>>,
    directory: TempDir,
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Clouds {
    /// A world of its own for each seed: one instance with ten users.
    pub(crate) async fn start(&mut self, seed: u64) -> Site {
        let options = sim::Options {
            seed,
            instances: 1,
            users: 10,
            ..sim::Options::default()
        };
        let cloud = Cloud::new(options, Clock::system()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = sim::run(listener, Arc::clone(&cloud), CancellationToken::new());
        self.tasks.spawn(served);
        Site { cloud, address }
    }
}

impl Site {
    /// The id of the only instance.
    pub(crate) fn sag_id(&self) -> String {
        self.cloud.instances().remove(0).0
    }
}

impl Daemon {
    /// Starts it with this configuration, and waits until it listens.
    pub(crate) async fn start(config: &str, flags: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("c.yml"), config).unwrap();
        let file = format!("--config.file={}/c.yml", directory.path().display());
        let mut child = Command::new(env!("CARGO_BIN_EXE_sag-exporter"))
            .args([
                "serve",
                "--web.listen-address=127.0.0.1:0",
                "--log.level=trace",
                &file,
            ])
            .args(flags)
            .env_clear()
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = next_line(&mut log, "listening").await;
        let address = line.split("address=").nth(1).unwrap();
        let address = address.split(' ').next().unwrap().parse().unwrap();
        Self {
            child,
            address,
            log,
            directory,
        }
    }

    /// Writes the configuration anew.
    pub(crate) fn write(&self, config: &str) {
        fs::write(self.file(), config).unwrap();
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("c.yml")
    }

    /// The next line of the log that holds this text.
    pub(crate) async fn logged(&mut self, text: &str) -> String {
        next_line(&mut self.log, text).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        request(self.address, "GET", path, "").await
    }

    pub(crate) async fn reload(&self) -> Reply {
        request(self.address, "POST", "/-/reload", "").await
    }

    /// What a scrape shows now.
    pub(crate) async fn metrics(&self) -> String {
        let reply = self.get("/metrics").await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body
    }

    /// Scrapes until the metrics are as they should be.
    pub(crate) async fn metrics_when(&self, what: &str, good: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut scrapes = interval(Duration::from_millis(50));
        loop {
            scrapes.tick().await;
            let text = self.metrics().await;
            if good(&text) {
                return text;
            }
            assert!(
                Instant::now() < deadline,
                "{what} never came about:\n{text}"
            );
        }
    }

    /// Sends a signal such as `HUP`.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(sent.unwrap().success());
    }

    /// Ends it as an operator does, and demands that it ends well.
    pub(crate) async fn stop(mut self) {
        self.signal("TERM").await;
        let status = timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        assert_eq!(status.code(), Some(0));
    }
}

/// The value of a series, if it is there.
pub(crate) fn value(metrics: &str, series: &str) -> Option<f64> {
    let rest = metrics
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    Some(rest.parse().unwrap())
}

/// How many sweeps of an account ended in this way.
pub(crate) fn sweeps(metrics: &str, account: &str, outcome: &str) -> Option<f64> {
    let labels = format!(r#"{{account="{account}",outcome="{outcome}"}}"#);
    value(metrics, &format!("sag_exporter_sweeps_total{labels}"))
}

/// One request on a connection of its own.
pub(crate) async fn request(address: SocketAddr, method: &str, path: &str, rest: &str) -> Reply {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The body then ends with the connection, and comes without chunks.
        let head = format!("{method} {path} HTTP/1.0\r\nHost: x\r\n");
        let end = if rest.is_empty() { "\r\n" } else { rest };
        stream
            .write_all(format!("{head}{end}").as_bytes())
            .await
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    };
    let text = timeout(PATIENCE, exchange).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Reply {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

async fn next_line(log: &mut tokio::io::Lines<BufReader<ChildStderr>>, text: &str) -> String {
    let found = timeout(PATIENCE, async {
        while let Some(line) = log.next_line().await.unwrap() {
            if line.contains(text) {
                return line;
            }
        }
        panic!("the log ended without {text:?}");
    });
    found
        .await
        .unwrap_or_else(|_| panic!("{text:?} was never logged"))
}

/// Long enough for a machine that does many other things.
const PATIENCE: Duration = Duration::from_secs(120);
