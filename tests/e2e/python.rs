//! Python scripts with the libraries of tests/python/requirements.txt.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::simulator::Simulator;
use crate::wait::within;

/// One call of the official SDK of today, past the program under test.
pub(crate) async fn sdk(cloud: &Simulator, operation: &str, parameters: Value) -> Value {
    let settings = json!({
        "address": cloud.address.to_string(),
        "key_id": "testid",
        "secret": "testsecret",
    });
    let call = json!({"operation": operation, "parameters": parameters});
    let output = run("new_sdk.py", format!("{settings}\n{call}\n").as_bytes()).await;
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        answer.get("ok").is_some(),
        "{operation} {parameters}: {answer}"
    );
    answer["ok"].clone()
}

/// Runs a script of tests/python, which must succeed.
pub(crate) async fn run(script: &str, input: &[u8]) -> Output {
    let output = pipe(
        Command::new(interpreter()).arg(scripts().join(script)),
        input,
    )
    .await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {errors}");
    output
}

/// Runs a command with this on its standard input.
pub(crate) async fn pipe(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .env("NO_PROXY", "*")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; scripts/test installs it"));
    let mut stdin = child.stdin.take().unwrap();
    let write = async {
        // Who ends without reading says why on standard error.
        let _closed_early = stdin.write_all(input).await;
        drop(stdin);
    };
    let ((), output) = within(async { tokio::join!(write, child.wait_with_output()) }).await;
    output.unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no command line to be told by"
)]
pub(crate) fn interpreter() -> PathBuf {
    let chosen = std::env::var("SAG_TEST_PYTHON").ok().map(PathBuf::from);
    let path = chosen.unwrap_or_else(|| root().join("target/python/bin/python"));
    assert!(
        path.exists(),
        "no Python at {}: run scripts/test, which installs it with tests/python/requirements.txt",
        path.display()
    );
    path
}

fn scripts() -> PathBuf {
    root().join("tests/python")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
