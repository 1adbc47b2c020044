//! `demo` as a child process, started in whichever way a package starts it.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::wait::{until, within};

/// A running demo. It ends when this is dropped.
pub(crate) struct Demo {
    pub(crate) address: SocketAddr,
    child: Child,
    output: Arc<Mutex<String>>,
    readers: JoinSet<()>,
}

impl Demo {
    /// Starts the program under test with these flags.
    pub(crate) async fn start(flags: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(FLAGS).args(flags).env_clear();
        Self::run(command).await
    }

    /// Starts a command that becomes the demo, with [`FLAGS`] among its
    /// arguments, and waits until it says where it listens.
    pub(crate) async fn run(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let output = Arc::new(Mutex::new(String::new()));
        let mut readers = JoinSet::new();
        readers.spawn(keep(child.stdout.take().unwrap(), Arc::clone(&output)));
        readers.spawn(keep(child.stderr.take().unwrap(), Arc::clone(&output)));
        let address = until("the demo says where it listens", async || {
            let text = output.lock().unwrap().clone();
            let ended = child.try_wait().unwrap();
            assert_eq!(ended, None, "it ended:\n{text}");
            address(&text).ok_or(text)
        })
        .await;
        Self {
            address,
            child,
            output,
            readers,
        }
    }

    /// The flag that names where it listens.
    pub(crate) fn listen_flag(&self) -> String {
        format!("--web.listen-address={}", self.address)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it was not waited for")
    }

    /// Ends it by a signal such as `TERM`, and demands that it ends well.
    pub(crate) async fn stop(mut self, signal: &str) {
        let id = self.pid().to_string();
        let mut kill = std::process::Command::new("kill");
        let sent = kill.args(["-s", signal, &id]).status();
        assert!(sent.unwrap().success(), "kill -s {signal} {id}");
        let status = within(self.child.wait()).await.unwrap();
        while let Some(read) = within(self.readers.join_next()).await {
            read.unwrap();
        }
        let output = self.output.lock().unwrap();
        assert_eq!(status.code(), Some(0), "{output}");
    }
}

/// The address of the metrics, which is printed in the line of `/metrics`.
fn address(text: &str) -> Option<SocketAddr> {
    let line = text.lines().find(|line| line.contains("/metrics "))?;
    let (_, rest) = line.split_once("://")?;
    rest.split('/').next()?.parse().ok()
}

async fn keep(from: impl AsyncRead + Unpin, output: Arc<Mutex<String>>) {
    let mut lines = BufReader::new(from).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let mut output = output.lock().unwrap();
        output.push_str(&line);
        output.push('\n');
    }
}

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_sag-exporter");

/// A small demo on a port that the system chooses.
pub(crate) const FLAGS: [&str; 3] = ["demo", "--web.listen-address=127.0.0.1:0", "--sim.users=5"];
