//! Node.js with a scenario of `status.mjs`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::daemon::Daemon;

/// Runs a scenario over the pages of a program, and does to the world what it
/// asks for.
pub(crate) async fn run(scenario: &str, daemon: &Daemon, mut act: impl AsyncFnMut(&str) -> String) {
    let dir = TempDir::new().unwrap();
    let mut child = start(scenario, daemon, &dir);
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut stderr = child.stderr.take().unwrap();
    let talk = async {
        let mut said = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            said = format!("{said}{line}\n");
            if let Some(what) = line.strip_prefix("ask ") {
                let answer = act(what).await;
                stdin
                    .write_all(format!("{answer}\n").as_bytes())
                    .await
                    .unwrap();
            }
        }
        said
    };
    let mut errors = String::new();
    let talk = async { tokio::join!(talk, stderr.read_to_string(&mut errors)) };
    let (said, read) = timeout(PATIENCE, talk).await.expect("it comes to an end");
    read.unwrap();
    let status = child.wait().await.unwrap();
    let log = daemon.log();
    assert!(
        status.success(),
        "{scenario}: {status}\n{said}\n{errors}\n{log}"
    );
}

fn start(scenario: &str, daemon: &Daemon, dir: &TempDir) -> Child {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packages = root.join("target/browser");
    let installed =
        ["playwright-core", "axe-core"].map(|name| packages.join("node_modules").join(name));
    for needed in installed.into_iter().chain([PathBuf::from(CHROMIUM)]) {
        let place = needed.display();
        assert!(
            needed.exists(),
            "{place} is missing: run scripts/test, which installs it"
        );
    }
    let pictures = packages.join("pictures");
    std::fs::create_dir_all(&pictures).unwrap();
    let mut node = Command::new("node");
    node.arg(root.join("tests/browser/status.mjs"))
        .arg(&packages)
        .arg(scenario)
        .arg(format!("http://{}/", daemon.address))
        .arg(&pictures)
        // The browser keeps everything of its own below these.
        .env("HOME", dir.path())
        .env("TMPDIR", dir.path())
        .env("NO_PROXY", "*")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("node: {error}: run scripts/test, which installs it"))
}

/// Where Debian puts it.
const CHROMIUM: &str = "/usr/bin/chromium";

/// A browser is slow to start beside other tests.
const PATIENCE: Duration = Duration::from_secs(240);
