//! The same over a real socket, with real time and a quota.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sag_exporter::model::SweepOutcome;
use sag_exporter::openapi::Endpoint;
use sag_exporter::openapi::transport::{HttpOptions, HttpTransport};
use sag_exporter::sim;
use sag_exporter::sweep::{Options, SessionsMode};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::in_process::{client_over, telemetry};
use crate::rig::{Engine, SESSIONS, USERS, all_calls, log_in_every, quiet};

/// A sweep in real time at this rate; how it ended and how long it took.
async fn sweep(engine: &mut Engine) -> (SweepOutcome, Duration) {
    let begun = Instant::now();
    (engine.sweep().await, begun.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_keeps_to_the_quota_over_a_socket() {
    let cloud = quiet(200);
    log_in_every(&cloud, 10);
    cloud.set_quota(None, 50.0);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    let server = sim::run(listener, Arc::clone(&cloud), stop.clone());
    let client = async {
        let transport = HttpTransport::new(&HttpOptions::default()).expect("a transport");
        let endpoint = Endpoint::parse(&format!("http://{address}")).expect("an endpoint");
        let telemetry = telemetry();
        let client = client_over(Arc::new(transport), endpoint, Some(50.0), telemetry.clone());
        let options = Options {
            sessions: SessionsMode::Each,
            traffic_interval: Duration::ZERO,
            ..Options::default()
        };
        let mut engine = Engine::over(&cloud, client, options, telemetry);
        let (outcome, took) = sweep(&mut engine).await;
        assert_eq!(outcome, SweepOutcome::Complete);
        engine.agrees();
        // The list is read before the queries; a burst of a tenth of a second
        // comes at the beginning of each.
        let calls = cloud.calls(USERS).answered + cloud.calls(SESSIONS).answered;
        let ideal = f64::from(u32::try_from(calls).expect("a small number")) / 50.0;
        let took = took.as_secs_f64();
        assert!(took >= 0.9 * ideal, "{took} s, ideal {ideal} s");
        // A busy machine adds to it, and lets calls wait that then arrive
        // together; `pace` has the narrow bounds, without a machine.
        let (answered, throttled, _) = all_calls(&cloud);
        assert!(throttled * 20 <= answered, "{throttled} of {answered}");
        stop.cancel();
    };
    let (_, ()) = tokio::join!(server, client);
}
