//! Scrapes: formats, codings, one instance or all, one moment.

use std::io::Read as _;

use flate2::bufread::GzDecoder;
use sag_exporter::exposition;

use crate::client::{Client, Reply};
use crate::fleet;
use crate::openmetrics::{self, Family};
use crate::server::Site;

const OPENMETRICS: &str = "Accept: application/openmetrics-text;version=1.0.0,\
    application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n";
const GZIP: &str = "Accept-Encoding: gzip\r\n";

#[tokio::test]
async fn prometheus_gets_openmetrics_with_and_without_gzip() {
    let site = site(&["sag-1", "sag-2"]).await;
    let mut client = site.client().await;
    for coding in ["", GZIP, ""] {
        let fields = format!("{OPENMETRICS}{coding}");
        let reply = client.request("GET", "/metrics", &fields).await;
        assert_eq!(
            reply.header("content-type"),
            Some(
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
            )
        );
        assert_eq!(reply.header("vary"), Some("Accept, Accept-Encoding"));
        assert_eq!(
            reply.header("content-encoding"),
            (!coding.is_empty()).then_some("gzip")
        );
        let families = openmetrics::parse(&text(&reply)).unwrap();
        check_families(&families);
    }
}

fn check_families(families: &[Family]) {
    let family = |name: &str| families.iter().find(|f| f.name == name).unwrap();
    let users = family("sag_user_enabled");
    assert_eq!((users.kind.as_str(), users.samples.len()), ("gauge", 4));
    for (name, sample) in [
        (
            "sag_sessions_started",
            "sag_sessions_started_total{sag_id=\"sag-1\"} 0",
        ),
        (
            "sag_exporter_http_requests",
            "sag_exporter_http_requests_total{code=\"200\",handler=\"status\"} 1",
        ),
    ] {
        let counter = family(name);
        assert_eq!(counter.kind, "counter");
        assert!(counter.samples.iter().any(|s| s == sample), "{counter:?}");
    }
    let durations = family("sag_session_duration_seconds");
    assert_eq!(durations.kind, "histogram");
    for sample in ["_bucket{sag_id=\"sag-2\",le=\"60.0\"} 0", "_count"] {
        let sample = format!("sag_session_duration_seconds{sample}");
        let found = durations.samples.iter().any(|s| s.starts_with(&sample));
        assert!(found, "{sample} is missing in {durations:?}");
    }
    assert_eq!(family("process_cpu_seconds").kind, "counter");
}

#[tokio::test]
async fn both_formats_say_the_same_of_the_fleet() {
    let site = site(&["sag-1"]).await;
    let mut client = site.client().await;
    let plain = client.get("/metrics?sag_id=sag-1").await;
    let open = client
        .request("GET", "/metrics?sag_id=sag-1", OPENMETRICS)
        .await;
    let samples = |reply: &Reply, of_histograms: bool| -> Vec<String> {
        let lines = text(reply).lines().map(str::to_owned).collect::<Vec<_>>();
        let wanted =
            |line: &String| !line.starts_with('#') && line.contains("_bucket{") == of_histograms;
        lines.into_iter().filter(wanted).collect()
    };
    assert_eq!(samples(&plain, false), samples(&open, false));
    let buckets: Vec<String> = samples(&plain, true)
        .into_iter()
        .map(|line| line.replace("\"} ", ".0\"} ").replace("+Inf.0", "+Inf"))
        .collect();
    assert_eq!(buckets, samples(&open, true));
    assert_eq!(buckets.len(), 13);
}

#[tokio::test]
async fn the_format_is_a_matter_of_taste() {
    let site = site(&[]).await;
    let mut client = site.client().await;
    for (accept, expected) in [
        ("*/*", "text/plain"),
        ("image/png", "text/plain"),
        ("\u{e9}", "text/plain"),
        ("application/openmetrics-text;version=0.0.1", "text/plain"),
        (
            "application/openmetrics-text;q=0.3, */*;q=0.2",
            "application/openmetrics-text",
        ),
        (
            "application/openmetrics-text;q=0.3, text/plain;q=0.4",
            "text/plain",
        ),
    ] {
        let fields = format!("Accept: {accept}\r\n");
        let reply = client.request("GET", "/metrics", &fields).await;
        let found = reply.header("content-type").unwrap();
        assert!(found.starts_with(expected), "{accept}: {found}");
        assert_eq!(reply.status, 200);
    }
}

#[tokio::test]
async fn a_scrape_may_be_narrowed_to_one_instance() {
    let site = site(&["sag-1", "sag-2", "sag-3"]).await;
    let mut client = site.client().await;
    for fields in ["", GZIP, OPENMETRICS] {
        let reply = client
            .request("GET", "/metrics?a=b&sag_id=sag-2", fields)
            .await;
        let text = text(&reply);
        let mut samples = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .peekable();
        assert!(samples.peek().is_some());
        for line in samples {
            assert!(line.contains("{sag_id=\"sag-2\""), "{line}");
        }
        assert_eq!(text.ends_with("# EOF\n"), fields == OPENMETRICS, "{text}");
        assert_eq!(reply.header("vary"), Some("Accept, Accept-Encoding"));
    }
    let head = client.request("HEAD", "/metrics?sag_id=sag-2", GZIP).await;
    assert!(head.header("content-length").is_some(), "{head:?}");
}

#[tokio::test]
async fn a_narrowing_that_fits_nothing_is_refused() {
    let site = site(&["sag-1"]).await;
    let mut client = site.client().await;
    for (query, status, part) in [
        ("sag_id=sag-2", 404, "no such instance is known"),
        ("sag_id=", 400, "not a valid instance id"),
        ("sag_id=%00", 400, "not a valid instance id"),
        ("sag_id=%zz", 400, "two hexadecimal digits"),
        ("sag_id=sag-1&sag_id=sag-1", 400, "more than once"),
    ] {
        let reply = client.get(&format!("/metrics?{query}")).await;
        assert_eq!(reply.status, status, "{query}");
        assert!(reply.text().contains(part), "{query}: {}", reply.text());
    }
}

#[tokio::test]
async fn above_the_limit_there_are_only_aggregates() {
    let site = Site::start("/metrics").await;
    let mut client = site.client().await;
    let snapshot = || fleet::after(["sag-1", "sag-2"].map(fleet::wholly_read));
    let options = |user_series_limit| exposition::Options {
        user_series_limit,
        ..exposition::Options::default()
    };
    // Two instances with two users each, of which two families are known.
    for (limit, expected) in [(8, 8), (7, 0), (0, 0), (u64::MAX, 8)] {
        site.publish_with(snapshot(), options(limit));
        let reply = client.get("/metrics").await;
        let lines = reply.text().lines();
        let users = lines.filter(|line| line.starts_with("sag_user_")).count();
        assert_eq!(users, expected, "limit {limit}");
        assert!(
            reply
                .text()
                .contains("\nsag_online_users{sag_id=\"sag-2\"} 0\n")
        );
        assert_eq!(site.published.load().is_limited(), expected == 0);
    }
}

/// The response is longer than the kernel buffers, so that most of it is made
/// after the next snapshot was published.
#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_is_of_one_moment_although_it_takes_long() {
    let site = Site::start("/metrics").await;
    let options = exposition::Options {
        user_series_limit: u64::MAX,
        ..exposition::Options::default()
    };
    site.publish_with(fleet::after([fleet::crowd("sag-1", 60_000, true)]), options);
    let mut slow = site.client().await;
    slow.send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await;
    let mut buffer = [0; 1];
    slow.stream.peek(&mut buffer).await.unwrap();
    site.publish_with(
        fleet::after([fleet::crowd("sag-1", 60_000, false)]),
        options,
    );
    let now = site.client().await.get("/metrics?sag_id=sag-1").await;
    let before = slow.reply("GET").await;
    for (reply, enabled) in [(&before, 1), (&now, 0)] {
        let lines = reply.text().lines();
        let users: Vec<&str> = lines
            .filter(|l| l.starts_with("sag_user_enabled{"))
            .collect();
        assert_eq!(users.len(), 60_000);
        let end = format!(" {enabled}");
        assert!(users.iter().all(|line| line.ends_with(&end)));
        let total = format!(
            "sag_client_users{{sag_id=\"sag-1\",state=\"enabled\"}} {}\n",
            60_000 * enabled
        );
        assert!(reply.text().contains(&total), "{total}");
    }
}

/// A site with these instances, whose status page was looked at once.
async fn site(instances: &[&str]) -> Site {
    let site = Site::start("/metrics").await;
    site.publish(fleet::after(
        instances.iter().map(|id| fleet::wholly_read(id)),
    ));
    let mut client: Client = site.client().await;
    client.get("/").await;
    site
}

fn text(reply: &Reply) -> String {
    if reply.header("content-encoding").is_none() {
        return reply.text().to_owned();
    }
    let mut decoder = GzDecoder::new(reply.body.as_slice());
    let mut text = String::new();
    decoder.read_to_string(&mut text).unwrap();
    assert!(decoder.into_inner().is_empty(), "more than one member");
    text
}
