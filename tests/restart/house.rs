//! A directory with a configuration and a state, and the processes that live
//! from it one after the other.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use sag_exporter::sim::Options;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinSet;

use crate::exposition::Page;
use crate::http::{self, Reply};
use crate::simulator::{Simulator, quiet};
use crate::wait::{until, within};

/// What stays while processes come and go.
pub(crate) struct House {
    pub(crate) simulator: Simulator,
    pub(crate) sag_id: String,
    dir: TempDir,
}

/// A running program. It is killed when this is dropped.
pub(crate) struct Daemon {
    pub(crate) address: SocketAddr,
    child: Child,
    log: Arc<Mutex<String>>,
    reader: JoinSet<()>,
}

impl House {
    /// A world of one instance in which nothing happens by itself.
    pub(crate) async fn of(users: usize) -> Self {
        Self::around(quiet(1, users)).await
    }

    pub(crate) async fn around(world: Options) -> Self {
        let simulator = Simulator::start(world).await;
        let house = Self {
            sag_id: simulator.sag_ids().remove(0),
            simulator,
            dir: TempDir::new().unwrap(),
        };
        house
            .configure("state: {file: state, interval: 1s}\npolicy: [{match: \"*\", sessions: 1}]");
        house
    }

    /// Writes the configuration anew, with these lines at its end.
    pub(crate) fn configure(&self, rest: &str) {
        let cloud = self.simulator.address;
        let text = format!(
            "accounts:\n- name: main\n  regions: [cn-shanghai]\n  rate: 1000\n  \
             endpoint: http://{cloud}\n  \
             credentials: {{access_key_id: testid, access_key_secret: testsecret}}\n\
             sweep: {{interval: 1s, accounts_interval: 1s, traffic_interval: 0s, page_size: 100}}\n\
             {rest}\n"
        );
        fs::write(self.path("c.yml"), text).unwrap();
        // It holds a key.
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(self.path("c.yml"), private).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The state as it stands in the file.
    pub(crate) fn state(&self) -> String {
        fs::read_to_string(self.path("state")).unwrap()
    }

    pub(crate) async fn start(&self) -> Daemon {
        let file = format!("--config.file={}", self.path("c.yml").display());
        let mut child = Command::new(env!("CARGO_BIN_EXE_sag-exporter"))
            .args(["serve", "--web.listen-address=127.0.0.1:0", &file])
            .args(["--web.enable-lifecycle"])
            .env_clear()
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let mut reader = JoinSet::new();
        reader.spawn(keep(child.stderr.take().unwrap(), Arc::clone(&log)));
        let address = until("the program says where it listens", async || {
            let log = log.lock().unwrap().clone();
            let address = log.split("address=").nth(1);
            let address = address.and_then(|rest| rest.split(' ').next()?.parse().ok());
            address.ok_or(log)
        })
        .await;
        Daemon {
            address,
            child,
            log,
            reader,
        }
    }

    /// The value of a series of the instance.
    pub(crate) fn value(&self, page: &Page, name: &str) -> Option<f64> {
        page.value(name, &[("sag_id", &self.sag_id)])
    }

    /// The value of a series of a user.
    pub(crate) fn of_user(&self, page: &Page, name: &str, user: &str) -> Option<f64> {
        page.value(name, &[("sag_id", &self.sag_id), ("user", user)])
    }
}

impl Daemon {
    pub(crate) async fn page(&self) -> Page {
        let reply = within(http::get(self.address, "/metrics", "")).await;
        let reply: Reply = reply.unwrap();
        assert_eq!(reply.status, 200, "{reply:?}");
        Page::parse(reply.text())
    }

    /// Scrapes until the page is as it should be.
    pub(crate) async fn page_when(&self, what: &str, good: impl Fn(&Page) -> bool) -> Page {
        until(what, async || {
            let page = self.page().await;
            if good(&page) {
                return Ok(page);
            }
            Err((page.text, self.log()))
        })
        .await
    }

    /// Scrapes after so many more sweeps of any outcome have ended.
    pub(crate) async fn page_after(&self, sweeps: f64) -> Page {
        let count = |page: &Page| page.sum("sag_exporter_sweeps_total", &[("account", "main")]);
        let wanted = count(&self.page().await) + sweeps;
        self.page_when("more sweeps", |page| count(page) >= wanted)
            .await
    }

    pub(crate) async fn reload(&self) -> Reply {
        let exchange = async {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let mut stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
            let request = b"POST /-/reload HTTP/1.0\r\nHost: x\r\n\r\n";
            stream.write_all(request).await.unwrap();
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.unwrap();
            http::parse(&bytes).unwrap()
        };
        within(exchange).await
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for a line with this text.
    pub(crate) async fn logged(&self, text: &str) -> String {
        until("something is logged", async || {
            let log = self.log();
            let line = log.lines().find(|line| line.contains(text));
            line.map(str::to_owned)
                .ok_or((text.to_owned(), log.clone()))
        })
        .await
    }

    /// Ends it as an operator does, demands that it ends well, and gives the log.
    pub(crate) async fn stop(mut self) -> String {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-s", "TERM", &id]).status();
        assert!(within(sent).await.unwrap().success());
        let status = self.ended().await;
        assert_eq!(status.code(), Some(0), "{}", self.log());
        self.log()
    }

    /// Ends it at once, in the middle of whatever it does.
    pub(crate) async fn kill(mut self) {
        self.child.start_kill().unwrap();
        self.ended().await;
    }

    async fn ended(&mut self) -> ExitStatus {
        let status = within(self.child.wait()).await.unwrap();
        while let Some(read) = within(self.reader.join_next()).await {
            read.unwrap();
        }
        status
    }
}

async fn keep(from: ChildStderr, log: Arc<Mutex<String>>) {
    let mut lines = BufReader::new(from).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let mut log = log.lock().unwrap();
        log.push_str(&line);
        log.push('\n');
    }
}
