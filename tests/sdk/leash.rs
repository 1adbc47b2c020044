//! A Python process with an SDK in it, and the simulator that it calls.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use sag_exporter::clock::Clock;
use sag_exporter::sim::{self, Cloud, Options};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// An SDK and the way in which it signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sdk {
    /// The new one, with its V3.
    New,
    /// The new one, told to sign as of old.
    NewWithV1,
    /// The old one.
    Old,
}

/// Whom to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    pub(crate) key_id: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) token: Option<&'static str>,
}

impl Identity {
    /// The access key that every simulator accepts.
    pub(crate) const DEFAULT: Self = Self {
        key_id: "testid",
        secret: "testsecret",
        token: None,
    };
}

/// A running simulator.
pub(crate) struct Server {
    pub(crate) cloud: Arc<Cloud>,
    address: String,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let cloud = Cloud::new(options, Clock::system()).unwrap();
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(sim::run(listener, Arc::clone(&cloud), stop.clone()));
        Self {
            cloud,
            address,
            stop,
            tasks,
        }
    }

    /// Stops and waits for the end.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        self.tasks.join_next().await.unwrap().unwrap();
    }
}

/// A process that makes one call for each line that it is sent.
pub(crate) struct Leash {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Leash {
    pub(crate) async fn start(sdk: Sdk, server: &Server, identity: Identity) -> Self {
        let script = match sdk {
            Sdk::New | Sdk::NewWithV1 => "new_sdk.py",
            Sdk::Old => "old_sdk.py",
        };
        let mut child = Command::new(python())
            .arg(manifest_dir().join("tests/python").join(script))
            .env("NO_PROXY", "*")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let settings = json!({
            "address": server.address,
            "key_id": identity.key_id,
            "secret": identity.secret,
            "token": identity.token,
            "signature_algorithm": (sdk == Sdk::NewWithV1).then_some("v2"),
        });
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut leash = Self {
            child,
            input,
            output,
        };
        leash.send(&settings).await;
        leash
    }

    /// Calls an operation, and returns what the SDK returned or raised.
    pub(crate) async fn call(
        &mut self,
        operation: &str,
        parameters: Value,
    ) -> Result<Value, Value> {
        self.send(&json!({"operation": operation, "parameters": parameters}))
            .await;
        let line = tokio::time::timeout(PATIENCE, self.output.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("no answer to {operation}"));
        let line = line
            .unwrap()
            .unwrap_or_else(|| panic!("Python ended in {operation}"));
        let mut answer: Value = serde_json::from_str(&line).unwrap();
        match answer.get_mut("ok") {
            Some(ok) => Ok(ok.take()),
            None => Err(answer["error"].take()),
        }
    }

    /// Calls an operation that must succeed.
    pub(crate) async fn ok(&mut self, operation: &str, parameters: Value) -> Value {
        let answer = self.call(operation, parameters.clone()).await;
        answer.unwrap_or_else(|error| panic!("{operation} {parameters}: {error}"))
    }

    /// Calls an operation that must fail.
    pub(crate) async fn error(&mut self, operation: &str, parameters: Value) -> Value {
        let answer = self.call(operation, parameters.clone()).await;
        match answer {
            Ok(answer) => panic!("{operation} {parameters}: {answer}"),
            Err(error) => error,
        }
    }

    /// Lets go and waits for the end.
    pub(crate) async fn stop(mut self) {
        drop(self.input);
        let status = self.child.wait().await.unwrap();
        assert!(status.success(), "{status}");
    }

    async fn send(&mut self, line: &Value) {
        self.input
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no command line to be told by"
)]
fn python() -> PathBuf {
    let chosen = std::env::var("SAG_TEST_PYTHON").ok().map(PathBuf::from);
    let path = chosen.unwrap_or_else(|| manifest_dir().join("target/python/bin/python"));
    assert!(
        path.exists(),
        "no Python at {}: run scripts/test, which installs it and what tests/python/requirements.txt lists",
        path.display()
    );
    path
}

fn manifest_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Python's start on a busy machine, and the time-outs of the SDKs.
const PATIENCE: Duration = Duration::from_secs(120);
