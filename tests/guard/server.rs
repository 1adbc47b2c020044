//! The server behind a gate, on loopback, with one page that names its path.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::{Request, Response};
use sag_exporter::app::gate::Gate;
use sag_exporter::clock::Clock;
use sag_exporter::httpd::{self, Body, Limits};
use sag_exporter::telemetry::{BuildInfo, Telemetry};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::certificates::Authority;

/// A running server. It ends when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) telemetry: Telemetry,
    /// Who issued the certificate of the server.
    pub(crate) authority: Authority,
    dir: TempDir,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Serves as `config` says, which may name `server.crt` and `server.key`.
    pub(crate) async fn new(config: &str) -> Self {
        Self::with_files(config, &[]).await
    }

    /// The same with more files in the folder of the configuration.
    pub(crate) async fn with_files(config: &str, files: &[(&str, &str)]) -> Self {
        Self::with_limits(config, files, Limits::default()).await
    }

    pub(crate) async fn with_limits(config: &str, files: &[(&str, &str)], limits: Limits) -> Self {
        let dir = TempDir::new().unwrap();
        let authority = Authority::new("the operator");
        authority.server().write(dir.path(), "server");
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let path = dir.path().join("web.yml");
        fs::write(&path, config).unwrap();
        let telemetry = telemetry();
        let gate = Gate::configured(path, telemetry.clone(), Clock::system())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tasks = serve(gate, listener, limits, telemetry.clone());
        Self {
            address,
            telemetry,
            authority,
            dir,
            _tasks: tasks,
        }
    }

    /// The folder of the configuration.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The file of the configuration.
    pub(crate) fn config(&self) -> PathBuf {
        self.dir.path().join("web.yml")
    }

    /// The server's own metrics.
    pub(crate) fn metrics(&self) -> String {
        String::from_utf8(self.telemetry.encode().unwrap()).unwrap()
    }

    /// Waits until a metric has a value.
    pub(crate) async fn until_metric(&self, line: &str) {
        self.until(line, |found| found == line).await;
    }

    /// Waits until a metric is there.
    pub(crate) async fn until_metric_begins(&self, line: &str) {
        self.until(line, |found| found.starts_with(line)).await;
    }

    async fn until(&self, line: &str, is_wanted: impl Fn(&str) -> bool) {
        let seen = async {
            while !self.metrics().lines().any(&is_wanted) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, seen)
            .await
            .unwrap_or_else(|_| panic!("{line} is not in\n{}", self.metrics()));
    }
}

fn serve(gate: Gate, listener: TcpListener, limits: Limits, telemetry: Telemetry) -> JoinSet<()> {
    let shutdown = CancellationToken::new();
    let page = |request: Request<()>| async move {
        let path = request.uri().path();
        let body = match path {
            "/large" => Body::from("x".repeat(LARGE_BYTES)),
            path => Body::from(format!("sag_page{{path={path:?}}} 1\n")),
        };
        let mut response = Response::new(body);
        let kind = "text/plain; version=0.0.4; charset=utf-8".parse().unwrap();
        response.headers_mut().insert("content-type", kind);
        response
    };
    let entrance = gate.entrance(vec![listener]);
    let handler = gate.guard(page);
    let mut tasks = JoinSet::new();
    let stop = shutdown.clone();
    tasks.spawn(async move {
        let served = httpd::serve(entrance, handler, limits, telemetry, stop).await;
        served.expect("the handler does not panic");
    });
    tasks.spawn(gate.follow(Duration::from_millis(20), shutdown));
    tasks
}

fn telemetry() -> Telemetry {
    Telemetry::new(BuildInfo {
        version: "0",
        revision: "0",
        rustversion: "0",
    })
    .unwrap()
}

/// What the page `/large` has: more than all buffers on the way.
pub(crate) const LARGE_BYTES: usize = 16 * 1024 * 1024;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// TLS with the certificate that every server has.
pub(crate) const TLS: &str =
    "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
