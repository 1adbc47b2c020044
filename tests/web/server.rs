//! A server under test.

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use sag_exporter::clock::Clock;
use sag_exporter::exposition::{self, Exposition};
use sag_exporter::fleet::Snapshot;
use sag_exporter::httpd::{self, Drained, Handler, Limits, ServeError};
use sag_exporter::telemetry::{BuildInfo, Telemetry};
use sag_exporter::web::{Lifecycle, Options, Published, Router, Standing, TelemetryPath, UnderWay};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::client::{Client, within};

/// A server on loopback.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) telemetry: Telemetry,
    pub(crate) shutdown: CancellationToken,
    task: JoinSet<Result<Drained, ServeError>>,
}

/// The pages, and what feeds them.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) published: Arc<ArcSwap<Published>>,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) under_way: UnderWay,
    pub(crate) standing: Standing,
}

impl Server {
    pub(crate) async fn start(limits: Limits, handler: impl Handler) -> Self {
        Self::start_with(limits, telemetry(), handler).await
    }

    pub(crate) async fn start_with(
        limits: Limits,
        telemetry: Telemetry,
        handler: impl Handler,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let server = httpd::serve(
            vec![listener],
            handler,
            limits,
            telemetry.clone(),
            shutdown.clone(),
        );
        let mut task = JoinSet::new();
        task.spawn(server);
        Self {
            address,
            telemetry,
            shutdown,
            task,
        }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Stops the server, waits for its end, and says how it ended.
    pub(crate) async fn stop(&mut self) -> Result<Drained, ServeError> {
        self.shutdown.cancel();
        self.ended().await
    }

    /// Waits for the end of the server.
    pub(crate) async fn ended(&mut self) -> Result<Drained, ServeError> {
        within(self.task.join_next()).await.unwrap().unwrap()
    }

    /// How many connections were closed early for this reason.
    pub(crate) fn refused(&self, reason: &str) -> u64 {
        let series = format!("sag_exporter_http_connections_refused_total{{reason=\"{reason}\"}}");
        self.counter(&series)
    }

    /// The value of a series of the exporter itself; zero if there is none.
    pub(crate) fn counter(&self, series: &str) -> u64 {
        let text = String::from_utf8(self.telemetry.encode().unwrap()).unwrap();
        text.lines()
            .find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
            .unwrap_or(0)
    }
}

impl Site {
    pub(crate) async fn start(telemetry_path: &str) -> Self {
        let telemetry = telemetry();
        let published = Arc::new(ArcSwap::from_pointee(Published::nothing()));
        let lifecycle = Lifecycle::new();
        let options = Options {
            telemetry_path: TelemetryPath::parse(telemetry_path).unwrap(),
            build: BUILD,
        };
        let router = Router::new(
            options,
            Arc::clone(&published),
            telemetry.clone(),
            lifecycle.clone(),
        );
        let under_way = UnderWay::new();
        let standing = Standing::new();
        let router = router
            .with_progress(under_way.clone())
            .with_standing(standing.clone(), clock());
        Self {
            server: Server::start_with(Limits::default(), telemetry, router).await,
            published,
            lifecycle,
            under_way,
            standing,
        }
    }

    /// Publishes an exposition as the program does.
    pub(crate) fn publish(&self, snapshot: Arc<Snapshot>) {
        self.publish_with(snapshot, exposition::Options::default());
    }

    pub(crate) fn publish_with(&self, snapshot: Arc<Snapshot>, options: exposition::Options) {
        let exposition = Exposition::new(snapshot, options);
        let next = self.published.load().followed_by(exposition);
        self.published.store(Arc::new(next));
    }

    pub(crate) async fn client(&self) -> Client {
        self.server.client().await
    }
}

/// An hour and a half after the sweeps of [`crate::fleet`], so that no age
/// changes while a test runs.
fn clock() -> Clock {
    Clock::anchored(Timestamp::from_second(1_700_005_400).unwrap())
}

fn telemetry() -> Telemetry {
    Telemetry::new(BUILD).unwrap()
}

const BUILD: BuildInfo = BuildInfo {
    version: "0.0.0-test",
    revision: "unknown",
    rustversion: "1",
};
