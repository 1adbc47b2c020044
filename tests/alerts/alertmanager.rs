//! Debian's Alertmanager as a child process on loopback.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::prometheus::{keep, listen_address};
use crate::wait::until;

/// A running Alertmanager that sends everything at once to one webhook. It ends
/// when this is dropped.
pub(crate) struct Alertmanager {
    pub(crate) address: SocketAddr,
    _child: Child,
    _reader: JoinSet<()>,
    _dir: TempDir,
}

impl Alertmanager {
    pub(crate) async fn sending_to(webhook: SocketAddr) -> Self {
        let dir = TempDir::new().unwrap();
        let config = dir.path().join("alertmanager.yml");
        std::fs::write(&config, configuration(webhook)).unwrap();
        let mut child = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.path={}",
                dir.path().join("data").display()
            ))
            .args([
                "--web.listen-address=127.0.0.1:0",
                "--cluster.listen-address=",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("prometheus-alertmanager is missing: apt-get install prometheus-alertmanager");
        let log = Arc::new(Mutex::new(String::new()));
        let mut reader = JoinSet::new();
        reader.spawn(keep(child.stderr.take().unwrap(), Arc::clone(&log)));
        let address = until("alertmanager says where it listens", async || {
            let log = log.lock().unwrap().clone();
            listen_address(&log).ok_or(log)
        })
        .await;
        Self {
            address,
            _child: child,
            _reader: reader,
            _dir: dir,
        }
    }
}

fn configuration(webhook: SocketAddr) -> String {
    format!(
        "route: {{receiver: test, group_by: ['...'], group_wait: 0s, group_interval: 1s}}\n\
         receivers: [{{name: test, webhook_configs: [{{url: 'http://{webhook}/'}}]}}]\n"
    )
}
