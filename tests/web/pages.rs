//! What each page answers: status, header fields, body.

use std::collections::HashSet;
use std::io::Read as _;

use flate2::bufread::GzDecoder;
use sag_exporter::exposition;
use sag_exporter::model::SweepOutcome;

use crate::client::{Client, Reply};
use crate::fleet;
use crate::server::Site;

#[tokio::test]
async fn metrics_are_those_of_the_fleet_then_those_of_the_process() {
    let site = Site::start("/metrics").await;
    let mut client = site.client().await;
    let before = client.get("/metrics").await;
    assert!(before.text().starts_with("# HELP "), "{}", before.text());
    assert!(!before.text().contains("sag_up"));
    let fleet = publish(&site);
    let reply = client.get("/metrics").await;
    assert_eq!(
        reply.fields(),
        [
            "cache-control: no-store",
            &format!("content-length: {}", reply.body.len()),
            "content-type: text/plain; version=0.0.4; charset=utf-8",
            "vary: Accept, Accept-Encoding",
            "x-content-type-options: nosniff",
        ]
    );
    let own = reply.text().strip_prefix(fleet.as_str()).unwrap();
    assert!(own.starts_with("# HELP "), "{own}");
    assert!(own.contains("\nprocess_start_time_seconds "), "{own}");
    let scrapes = "\nsag_exporter_http_requests_total{code=\"200\",handler=\"metrics\"} 1\n";
    assert!(own.contains(scrapes), "{own}");
}

#[tokio::test]
async fn metrics_are_compressed_for_those_who_ask() {
    let site = Site::start("/metrics").await;
    let fleet = publish(&site);
    let mut client = site.client().await;
    let ask = "Accept-Encoding: deflate, gzip;q=0.8\r\nAccept: */*\r\n";
    let reply = client.request("GET", "/metrics", ask).await;
    assert_eq!(
        reply.fields(),
        [
            "cache-control: no-store",
            "content-encoding: gzip",
            &format!("content-length: {}", reply.body.len()),
            "content-type: text/plain; version=0.0.4; charset=utf-8",
            "vary: Accept, Accept-Encoding",
            "x-content-type-options: nosniff",
        ]
    );
    let mut decoder = GzDecoder::new(reply.body.as_slice());
    let mut text = String::new();
    decoder.read_to_string(&mut text).unwrap();
    assert!(decoder.into_inner().is_empty(), "more than one member");
    let own = text.strip_prefix(fleet.as_str()).unwrap();
    assert!(own.contains("\nprocess_start_time_seconds "), "{own}");
}

#[tokio::test]
async fn fleet_and_process_share_no_family() {
    let site = Site::start("/metrics").await;
    publish(&site);
    let reply = site.client().await.get("/metrics").await;
    let mut seen = HashSet::new();
    for line in reply.text().lines() {
        if let Some(family) = line.strip_prefix("# TYPE ") {
            assert!(seen.insert(family), "{family} stands twice");
        }
    }
    assert!(seen.contains("sag_up gauge"), "{seen:?}");
    assert!(
        seen.contains("process_start_time_seconds gauge"),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_client_that_accepts_no_coding_is_told_so() {
    let site = Site::start("/metrics").await;
    let mut client = site.client().await;
    let ask = "Accept-Encoding: br\r\nAccept-Encoding: *;q=0\r\n";
    let reply = client.request("GET", "/metrics", ask).await;
    check_line(
        &reply,
        406,
        "available without a content coding and as gzip",
    );
    assert_eq!(reply.header("vary"), Some("Accept, Accept-Encoding"));
}

#[tokio::test]
async fn the_path_of_the_metrics_is_a_choice() {
    let site = Site::start("/sag/scrape").await;
    let mut client = site.client().await;
    assert_eq!(client.get("/sag/scrape?a=b").await.status, 200);
    assert_eq!(client.get("/metrics").await.status, 404);
    let page = client.get("/").await;
    assert!(
        page.text().contains("<a href=\"/sag/scrape\">"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn head_answers_what_get_answers_without_the_body() {
    let site = Site::start("/metrics").await;
    publish(&site);
    let mut client = site.client().await;
    for path in ["/", "/-/healthy", "/-/ready", "/api/v1/sd", "/nowhere"] {
        let get = client.get(path).await;
        let head = client.request("HEAD", path, "").await;
        assert_eq!((head.status, head.fields()), (get.status, get.fields()));
    }
    // The metrics change with each request, and so may their length. That of
    // plain OpenMetrics is known from the compression on.
    let open = "Accept: application/openmetrics-text\r\n";
    let compressed = format!("{open}Accept-Encoding: gzip\r\n");
    for (fields, known) in [("", true), (open, false), (&compressed, true), (open, true)] {
        let head = client.request("HEAD", "/metrics", fields).await;
        let length = head.header("content-length");
        let length: Option<usize> = length.map(|length| length.parse().unwrap());
        assert_eq!(head.status, 200);
        assert_eq!(length.is_some_and(|length| length > 100), known, "{head:?}");
        let get = client.request("GET", "/metrics", fields).await;
        assert_eq!(get.header("content-length").is_some(), known, "{get:?}");
    }
    assert_eq!(
        client.get("/-/healthy").await.status,
        200,
        "the connection is in step"
    );
}

#[tokio::test]
async fn other_methods_are_told_what_is_allowed() {
    let site = Site::start("/metrics").await;
    let mut client = site.client().await;
    let api = ["/api/v1/status", "/api/v1/sd"];
    let pages = ["/", "/metrics", "/-/healthy", "/-/ready"];
    for path in pages.into_iter().chain(api) {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            let reply = client.request(method, path, "").await;
            check_line(&reply, 405, "this page can only be read");
            assert_eq!(reply.header("allow"), Some("GET, HEAD"));
        }
    }
    for (method, path) in [
        ("POST", "/nowhere"),
        ("OPTIONS", "*"),
        ("GET", "//metrics"),
        ("GET", "/metrics/"),
    ] {
        let reply = client.request(method, path, "").await;
        check_line(&reply, 404, "no such page: the pages are listed at /");
    }
}

#[tokio::test]
async fn every_answer_is_counted() {
    let site = Site::start("/metrics").await;
    let mut client = site.client().await;
    for path in ["/", "/", "/-/healthy", "/-/ready", "/metrics", "/x", "/y?z"] {
        client.get(path).await;
    }
    client.request("HEAD", "/", "").await;
    client.request("PUT", "/metrics", "").await;
    for (handler, code, expected) in [
        ("status", 200, 3),
        ("healthy", 200, 1),
        ("ready", 503, 1),
        ("metrics", 200, 1),
        ("metrics", 405, 1),
        ("other", 404, 2),
    ] {
        let series =
            format!("sag_exporter_http_requests_total{{code=\"{code}\",handler=\"{handler}\"}}");
        assert_eq!(site.server.counter(&series), expected, "{series}");
    }
}

#[tokio::test]
async fn probes_follow_the_life_of_the_program() {
    let site = Site::start("/metrics").await;
    let mut client = site.client().await;
    check_probes(
        &mut client,
        (200, "healthy"),
        (503, "the first sweep has not ended yet"),
    )
    .await;
    site.publish(fleet::after([fleet::swept(SweepOutcome::Failed)]));
    let failed =
        "no sweep has read anything so far: see the log and sag_exporter_api_requests_total";
    check_probes(&mut client, (200, "healthy"), (503, failed)).await;
    site.publish(fleet::after(
        [SweepOutcome::Partial, SweepOutcome::Failed].map(fleet::swept),
    ));
    check_probes(&mut client, (200, "healthy"), (200, "ready")).await;
    site.lifecycle.task_died();
    check_probes(
        &mut client,
        (503, "a task has died: see the log"),
        (200, "ready"),
    )
    .await;
    site.lifecycle.drain();
    check_probes(
        &mut client,
        (503, "a task has died: see the log"),
        (503, "shutting down"),
    )
    .await;
}

/// Publishes a fleet, and gives the text of its families.
fn publish(site: &Site) -> String {
    let snapshot = fleet::after([fleet::wholly_read("sag-1")]);
    let mut text = Vec::new();
    exposition::render(&snapshot, exposition::Options::default(), &mut text);
    site.publish(snapshot);
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("\nsag_up{sag_id=\"sag-1\"} 1\n"), "{text}");
    text
}

async fn check_probes(client: &mut Client, healthy: (u16, &str), ready: (u16, &str)) {
    check_line(&client.get("/-/healthy").await, healthy.0, healthy.1);
    check_line(&client.get("/-/ready").await, ready.0, ready.1);
}

fn check_line(reply: &Reply, status: u16, line: &str) {
    assert_eq!(
        (reply.status, reply.text()),
        (status, format!("{line}\n").as_str())
    );
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
}
