//! The servers of this project that are measured: the pages, and a bare loop
//! of writes with the same bytes.

use std::io::{BufRead as _, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use sag_exporter::exposition::{self, Exposition};
use sag_exporter::fleet::{self, Fleet};
use sag_exporter::httpd::{self, Limits};
use sag_exporter::telemetry::{BuildInfo, Telemetry};
use sag_exporter::web::{Lifecycle, Options, Published, Router, TelemetryPath};
use tokio_util::sync::CancellationToken;

use crate::support::{Outcome, news, observation};

/// All series, however many.
fn options() -> exposition::Options {
    exposition::Options {
        user_series_limit: u64::MAX,
        ..exposition::Options::default()
    }
}

/// The pages over a fleet. Each line of standard input publishes it again and
/// is answered by the seconds that took.
pub(crate) fn pages(instances: u32, users: u32) -> Outcome<()> {
    let mut fleet = fleet_of(instances, users)?;
    let published = Arc::new(ArcSwap::from_pointee(Published::nothing()));
    publish(&published, &fleet);
    let build = BuildInfo {
        version: "",
        revision: "",
        rustversion: "",
    };
    let options = Options {
        telemetry_path: TelemetryPath::default(),
        build,
    };
    let telemetry = Telemetry::new(build)?;
    let router = Router::new(
        options,
        Arc::clone(&published),
        telemetry.clone(),
        Lifecycle::new(),
    );
    let runtime = tokio::runtime::Runtime::new()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    println!("{}", listener.local_addr()?);
    let mut tasks = tokio::task::JoinSet::new();
    let listeners = vec![listener];
    let shutdown = CancellationToken::new();
    let serving = httpd::serve(listeners, router, Limits::default(), telemetry, shutdown);
    tasks.spawn_on(serving, runtime.handle());
    for (second, line) in (1_800_000_001..).zip(std::io::stdin().lock().lines()) {
        line?;
        // Something must have happened, or there would be no publication.
        fleet.apply(news(observation(0, users, 100, second)?));
        let start = Instant::now();
        publish(&published, &fleet);
        println!("{}", start.elapsed().as_secs_f64());
    }
    Ok(())
}

fn publish(published: &ArcSwap<Published>, fleet: &Fleet) {
    let exposition = Exposition::new(fleet.snapshot(), options());
    let next = published.load().followed_by(exposition);
    published.store(Arc::new(next));
}

/// The same bytes from memory, written by nothing but `write`.
pub(crate) fn writes(instances: u32, users: u32) -> Outcome<()> {
    let mut body = Vec::new();
    exposition::render(
        &fleet_of(instances, users)?.snapshot(),
        options(),
        &mut body,
    );
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    loop {
        let (mut connection, _) = listener.accept()?;
        let mut request = [0; 1024];
        let _ = connection.read(&mut request)?;
        connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        for chunk in body.chunks(64 * 1024) {
            connection.write_all(chunk)?;
        }
    }
}

fn fleet_of(instances: u32, users: u32) -> Outcome<Fleet> {
    let mut fleet = Fleet::new(fleet::Options { retain: 3 });
    for instance in 0..instances {
        fleet.apply(news(observation(instance, users, 100, 1_800_000_000)?));
    }
    Ok(fleet)
}
