//! Debian's Prometheus as a child process on loopback.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinSet;

use crate::exposition::{Series, SeriesMap};
use crate::http;
use crate::wait::{until, within};

/// A running Prometheus with a data folder of its own. It ends when this is
/// dropped.
pub(crate) struct Prometheus {
    address: SocketAddr,
    log: Arc<Mutex<String>>,
    _child: Child,
    _reader: JoinSet<()>,
    _dir: TempDir,
}

impl Prometheus {
    /// Starts it with one job, `sag`, that scrapes the target every second.
    pub(crate) async fn scraping(target: SocketAddr) -> Self {
        Self::start(&scrape_config(target)).await
    }

    /// Starts it with this configuration.
    pub(crate) async fn start(text: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let config = dir.path().join("prometheus.yml");
        std::fs::write(&config, text).unwrap();
        let mut child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                dir.path().join("data").display()
            ))
            .arg("--web.listen-address=127.0.0.1:0")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("scripts/test installs prometheus");
        let log = Arc::new(Mutex::new(String::new()));
        let mut reader = JoinSet::new();
        reader.spawn(keep(child.stderr.take().unwrap(), Arc::clone(&log)));
        let address = until("prometheus says where it listens", async || {
            let log = log.lock().unwrap().clone();
            listen_address(&log).ok_or(log)
        })
        .await;
        until("prometheus is ready", async || {
            match http::get(address, "/-/ready", "").await {
                Ok(reply) if reply.status == 200 => Ok(()),
                other => Err(other),
            }
        })
        .await;
        Self {
            address,
            log,
            _child: child,
            _reader: reader,
            _dir: dir,
        }
    }

    /// The answer to an instant query, without the labels of the target.
    pub(crate) async fn query(&self, expression: &str) -> SeriesMap {
        let query =
            percent_encoding::utf8_percent_encode(expression, percent_encoding::NON_ALPHANUMERIC);
        let body = self.ask(&format!("query?query={query}")).await;
        assert_eq!(body["status"], "success", "{expression}: {body}");
        body["data"]["result"]
            .as_array()
            .unwrap()
            .iter()
            .map(sample)
            .collect()
    }

    /// The whole answer to a request of its API.
    pub(crate) async fn ask(&self, path: &str) -> Value {
        let path = format!("/api/v1/{path}");
        let reply = within(http::get(self.address, &path, "")).await.unwrap();
        serde_json::from_slice(&reply.body).unwrap()
    }

    /// The value of an expression that has exactly one.
    pub(crate) async fn value(&self, expression: &str) -> Option<f64> {
        let values = self.query(expression).await;
        assert!(values.len() < 2, "{expression}: {values:?}");
        values.into_values().next()
    }

    /// What it has to complain about.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let log = self.log.lock().unwrap();
        let is_warning = |line: &&str| line.contains("level=warn") || line.contains("level=error");
        log.lines().filter(is_warning).map(str::to_owned).collect()
    }
}

/// A configuration with one job, `sag`.
pub(crate) fn scrape_config(target: SocketAddr) -> String {
    format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
         scrape_configs:\n\
         - job_name: sag\n  static_configs: [{{targets: ['{target}']}}]\n"
    )
}

/// The address that the log of a program of Prometheus says.
pub(crate) fn listen_address(log: &str) -> Option<SocketAddr> {
    let mut lines = log.lines();
    lines.find_map(|line| {
        let (_, address) = line.split_once("msg=\"Listening on\" address=")?;
        address.trim().parse().ok()
    })
}

fn sample(result: &Value) -> (Series, f64) {
    let mut labels = BTreeMap::new();
    for (label, value) in result["metric"].as_object().unwrap() {
        if !["job", "instance"].contains(&label.as_str()) {
            labels.insert(label.clone(), value.as_str().unwrap().to_owned());
        }
    }
    let name = labels.remove("__name__").unwrap_or_default();
    let value = result["value"][1].as_str().unwrap().parse().unwrap();
    (Series { name, labels }, value)
}

/// Keeps what a child writes.
pub(crate) async fn keep(from: ChildStderr, log: Arc<Mutex<String>>) {
    let mut lines = BufReader::new(from).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let mut log = log.lock().unwrap();
        log.push_str(&line);
        log.push('\n');
    }
}
