//! The program as a child process.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::exposition::Page;
use crate::http::{self, Reply};
use crate::wait::{until, within};

/// A configuration with short intervals, over one or more simulated clouds.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    accounts: Vec<String>,
    interval: &'static str,
    sweep: String,
    sections: String,
}

/// A running program. It ends when this is dropped.
pub(crate) struct Daemon {
    pub(crate) address: SocketAddr,
    process: Process,
    dir: TempDir,
}

/// A child and what it writes.
pub(crate) struct Process {
    child: Child,
    stdout: Transcript,
    stderr: Transcript,
    readers: JoinSet<()>,
}

type Transcript = Arc<Mutex<String>>;

impl Config {
    /// One cloud account, `main`, with the key that every simulator accepts.
    pub(crate) fn of(cloud: SocketAddr) -> Self {
        Self::default().account("main", cloud, "testsecret")
    }

    /// One more cloud account, whose access key has this secret.
    pub(crate) fn account(self, name: &str, cloud: SocketAddr, secret: &str) -> Self {
        let key = format!("{{access_key_id: testid, access_key_secret: {secret}}}");
        self.account_of(name, cloud, &key, "cn-shanghai")
    }

    /// One more cloud account, with credentials and regions in YAML.
    pub(crate) fn account_of(
        mut self,
        name: &str,
        cloud: SocketAddr,
        credentials: &str,
        regions: &str,
    ) -> Self {
        self.accounts.push(format!(
            "- name: {name}\n  \
               credentials: {credentials}\n  \
               regions: [{regions}]\n  \
               endpoint: http://{cloud}\n  \
               rate: 1000\n  \
               concurrency: 8\n"
        ));
        self
    }

    /// More keys of the last account.
    pub(crate) fn account_key(mut self, line: &str) -> Self {
        let account = self.accounts.last_mut().unwrap();
        *account = format!("{account}  {line}\n");
        self
    }

    /// Another interval than the short one, for sweeps that take their time.
    pub(crate) fn interval(self, interval: &'static str) -> Self {
        Self { interval, ..self }
    }

    /// More keys of `sweep`.
    pub(crate) fn sweep_key(mut self, line: &str) -> Self {
        self.sweep = format!("{}  {line}\n", self.sweep);
        self
    }

    /// Another section of the file.
    pub(crate) fn section(self, yaml: &str) -> Self {
        let sections = self.sections + yaml;
        Self { sections, ..self }
    }

    pub(crate) fn yaml(&self) -> String {
        let (interval, sweep, sections) = (self.interval, &self.sweep, &self.sections);
        format!(
            "accounts:\n{}sweep:\n  interval: {interval}\n  accounts_interval: {interval}\n  \
               sessions: each\n{sweep}{sections}",
            self.accounts.concat()
        )
    }
}

impl Default for Config {
    /// No cloud account yet.
    fn default() -> Self {
        Self {
            accounts: Vec::new(),
            interval: "1s",
            sweep: String::new(),
            sections: String::new(),
        }
    }
}

impl Daemon {
    pub(crate) async fn start(config: &Config) -> Self {
        Self::start_with(config, &["--web.listen-address=127.0.0.1:0"]).await
    }

    /// Starts it with these flags, and waits until it listens.
    pub(crate) async fn start_with(config: &Config, flags: &[&str]) -> Self {
        Self::start_as(config, flags, Process::start).await
    }

    /// The same for a process that is made in another way of these arguments.
    pub(crate) async fn start_as(
        config: &Config,
        flags: &[&str],
        start: impl FnOnce(&[&str]) -> Process,
    ) -> Self {
        let dir = TempDir::new().unwrap();
        let file = config_flag(&dir, &config.yaml());
        let mut process = start(&[&["serve", &file], flags].concat());
        let address = process.listen_address().await;
        Self {
            address,
            process,
            dir,
        }
    }

    /// Replaces the text of the configuration file.
    pub(crate) fn configure(&self, yaml: &str) {
        config_flag(&self.dir, yaml);
    }

    /// Where it said that it listens, in that order.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        listen_addresses(&self.log())
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        within(http::get(self.address, path, "")).await.unwrap()
    }

    pub(crate) async fn page(&self) -> Page {
        let reply = self.get("/metrics").await;
        assert_eq!(reply.status, 200, "{reply:?}");
        Page::parse(reply.text())
    }

    /// Scrapes until there is nothing left to object to. An objection is shown
    /// if it never goes away.
    pub(crate) async fn page_when<E: std::fmt::Debug>(
        &self,
        what: &str,
        object: impl Fn(&Page) -> Result<(), E>,
    ) -> Page {
        until(what, async || {
            let page = self.page().await;
            match object(&page) {
                Ok(()) => Ok(page),
                Err(objection) => Err((objection, self.log())),
            }
        })
        .await
    }

    /// What was logged so far.
    pub(crate) fn log(&self) -> String {
        self.process.stderr()
    }

    /// What was written to standard output so far.
    pub(crate) fn stdout(&self) -> String {
        self.process.stdout()
    }

    /// Where the configuration stands, for those who change it.
    #[allow(dead_code, reason = "the tests of events change it")]
    pub(crate) fn config_file(&self) -> PathBuf {
        self.dir.path().join("sag-exporter.yml")
    }

    /// Sends a signal such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.process.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        self.process.ended().await
    }

    /// Ends it as an operator does, and demands that it ends well.
    pub(crate) async fn stop(mut self) -> String {
        self.signal("TERM");
        let status = self.ended().await;
        assert_eq!(status.code(), Some(0), "{}", self.log());
        self.log()
    }
}

impl Process {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = command(arguments);
        command.stdout(Stdio::piped());
        Self::spawn(command)
    }

    /// Starts this command, and keeps what it writes to pipes.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let (stdout, stderr) = (Transcript::default(), Transcript::default());
        let mut readers = JoinSet::new();
        if let Some(pipe) = child.stdout.take() {
            readers.spawn(keep(pipe, Arc::clone(&stdout)));
        }
        readers.spawn(keep(child.stderr.take().unwrap(), Arc::clone(&stderr)));
        Self {
            child,
            stdout,
            stderr,
            readers,
        }
    }

    pub(crate) fn stdout(&self) -> String {
        self.stdout.lock().unwrap().clone()
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self
            .child
            .id()
            .expect("a process that was not waited for")
            .to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &id])
            .status();
        assert!(sent.unwrap().success(), "kill -s {name} {id}");
    }

    /// Waits for the end, and for the last of what it wrote.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let status = within(self.child.wait()).await.unwrap();
        while let Some(read) = within(self.readers.join_next()).await {
            read.unwrap();
        }
        status
    }

    /// The address that the log says, in whichever format it is.
    async fn listen_address(&mut self) -> SocketAddr {
        until("the program says where it listens", async || {
            let log = self.stderr();
            let address = listen_addresses(&log).first().copied();
            let ended = self.child.try_wait().unwrap();
            assert_eq!(ended, None, "the program ended:\n{log}");
            address.ok_or(log)
        })
        .await
    }
}

/// Runs a command to its end.
pub(crate) async fn run(arguments: &[&str]) -> Output {
    run_with(arguments, &[]).await
}

/// Runs a command to its end, with these variables in its environment.
pub(crate) async fn run_with(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = command(arguments);
    command.envs(variables.iter().copied());
    within(command.output()).await.unwrap()
}

/// Writes a file of its own for a configuration, and returns the flag for it.
pub(crate) fn config_flag(dir: &TempDir, yaml: &str) -> String {
    let file = dir.path().join("sag-exporter.yml");
    std::fs::write(&file, yaml).unwrap();
    // It holds a key.
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    format!("--config.file={}", file.display())
}

/// The addresses that a log says, in whichever format it is.
fn listen_addresses(log: &str) -> Vec<SocketAddr> {
    let lines = log.lines().filter(|line| line.contains("listening"));
    let addresses = lines.map(|line| {
        let (_, rest) = line.split_once("address").unwrap();
        let mut parts = rest.split(|c: char| c.is_whitespace() || "=\",".contains(c));
        parts.find_map(|part| part.parse().ok()).unwrap()
    });
    addresses.collect()
}

/// Nothing of the environment, so that no proxy and no credential comes from
/// there.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sag-exporter"));
    command
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn keep(from: impl AsyncRead + Unpin, transcript: Transcript) {
    let mut lines = BufReader::new(from).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let mut transcript = transcript.lock().unwrap();
        transcript.push_str(&line);
        transcript.push('\n');
    }
}
