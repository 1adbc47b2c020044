//! Starts that do not go well: the daemon runs, says so, and recovers by itself.

use sag_exporter::secret::Secret;
use sag_exporter::sim::{Credential, Effect, Rule};
use tokio::net::TcpSocket;

use crate::daemon::{Config, Daemon};
use crate::exposition::{Page, Series};
use crate::simulator::{Simulator, quiet};
use crate::wait::until;

#[tokio::test]
async fn a_daemon_whose_cloud_is_unreachable_serves_and_recovers_by_itself() {
    // A port that belongs to this test, and on which nobody listens yet.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let config = Config::of(socket.local_addr().unwrap());
    let daemon = Daemon::start(&config).await;
    assert_eq!(daemon.get("/-/healthy").await.status, 200);
    assert_eq!(daemon.get("/-/ready").await.status, 503);
    let failed = |page: &Page| match page.sum("sag_exporter_sweeps_total", &[("outcome", "failed")])
    {
        0.0 => Err("no sweep has failed yet"),
        _ => Ok(()),
    };
    let page = daemon.page_when("a sweep has failed", failed).await;
    assert!(
        !page.series.keys().any(Series::is_of_fleet),
        "{}",
        page.text
    );
    assert!(
        page.sum(
            "sag_exporter_api_requests_total",
            &[("outcome", "transport")]
        ) >= 1.0
    );
    assert_eq!(page.count("sag_exporter_build_info", &[]), 1);
    assert_eq!(page.count("process_start_time_seconds", &[]), 1);
    let ready = daemon.get("/-/ready").await;
    assert_eq!(ready.status, 503);
    assert!(
        ready.text().contains("no sweep has read anything so far"),
        "{}",
        ready.text()
    );
    assert_eq!(daemon.get("/-/healthy").await.status, 200);
    let page = daemon.get("/").await;
    assert!(page.text().contains("Not complete"), "{}", page.text());
    let log = daemon.log();
    for part in [
        "account=main",
        "region=cn-shanghai",
        "kind=transport",
        "127.0.0.1",
    ] {
        assert!(log.contains(part), "{part} is not in {log}");
    }

    let simulator = Simulator::on(socket.listen(64).unwrap(), quiet(2, 3));
    let is_true = |page: &Page| page.differs_from(&simulator.truth());
    daemon
        .page_when("the cloud is there at last", is_true)
        .await;
    assert_eq!(daemon.get("/-/ready").await.status, 200);
    let log = daemon.stop().await;
    let said = |text: &str| {
        let lines = log.lines();
        lines
            .filter(|line| line.contains("discovery") && line.contains(text))
            .count()
    };
    assert_eq!(said("is not complete"), 1, "said once: {log}");
    assert_eq!(said("is complete again"), 1, "{log}");
}

#[tokio::test]
async fn a_wrong_secret_is_said_in_the_log_and_in_the_metrics_until_it_is_right() {
    let simulator = Simulator::start(quiet(1, 2)).await;
    let config = Config::default().account("main", simulator.address, "not-the-secret");
    let daemon = Daemon::start(&config).await;
    let refused = |page: &Page| {
        let auth = [("account", "main"), ("outcome", "auth")];
        match page.sum("sag_exporter_api_requests_total", &auth) {
            0.0 => Err("no request has been refused yet"),
            _ => Ok(()),
        }
    };
    let page = daemon
        .page_when("the cloud has refused the key", refused)
        .await;
    assert!(
        !page.series.keys().any(Series::is_of_fleet),
        "{}",
        page.text
    );
    assert_eq!(daemon.get("/-/ready").await.status, 503);
    assert_eq!(daemon.get("/-/healthy").await.status, 200);
    let log = until("the log says so", async || {
        let log = daemon.log();
        if log.contains("SignatureDoesNotMatch") {
            Ok(log)
        } else {
            Err(log)
        }
    })
    .await;
    assert!(
        log.contains("account=main") && log.contains("the credential was not accepted"),
        "{log}"
    );
    // The cloud learns the secret that the daemon has.
    let key = Credential::new("testid", Secret::new("not-the-secret"));
    simulator.cloud.set_credentials(vec![key]);
    let is_true = |page: &Page| page.differs_from(&simulator.truth());
    daemon.page_when("the key is accepted", is_true).await;
    assert_eq!(daemon.get("/-/ready").await.status, 200);
}

#[tokio::test]
async fn a_clock_that_is_off_is_said_in_the_log_and_in_the_metrics() {
    let simulator = Simulator::start(quiet(1, 2)).await;
    simulator
        .cloud
        .add_fault(Rule::new(Effect::ClockSkew(3600)));
    let daemon = Daemon::start(&Config::of(simulator.address)).await;
    let log = until("the log says so", async || {
        let log = daemon.log();
        if log.contains("InvalidTimeStamp.Expired") {
            Ok(log)
        } else {
            Err(log)
        }
    })
    .await;
    assert!(log.contains("account=main"), "{log}");
    assert!(
        log.contains("clock"),
        "nothing says that the clock may be wrong: {log}"
    );
    let page = daemon.page().await;
    let auth = [("account", "main"), ("outcome", "auth")];
    assert!(
        page.sum("sag_exporter_api_requests_total", &auth) >= 1.0,
        "{}",
        page.text
    );
    assert_eq!(daemon.get("/-/ready").await.status, 503);
}

#[tokio::test]
async fn a_restart_shows_the_same_world_on_the_same_port() {
    let simulator = Simulator::start(quiet(2, 4)).await;
    let config = Config::of(simulator.address);
    let is_true = |page: &Page| page.differs_from(&simulator.truth());
    let first = Daemon::start(&config).await;
    first.page_when("the world is shown", is_true).await;
    let flag = format!("--web.listen-address={}", first.address);
    first.stop().await;
    let second = Daemon::start_with(&config, &[&flag]).await;
    second.page_when("the world is shown again", is_true).await;
}
