//! `demo`: what it prints is true and works.

use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::process::Command;

use crate::daemon::Process;
use crate::exposition::Page;
use crate::http;
use crate::python::pipe;
use crate::wait::{until, within};

#[tokio::test]
async fn the_printed_addresses_work_and_numbers_appear() {
    let mut demo = Process::start(&["demo", "--web.listen-address=127.0.0.1:0", "--sim.users=5"]);
    let text = until("all is printed", async || {
        let text = demo.stdout();
        if text.contains("Ctrl-C") {
            Ok(text)
        } else {
            Err((text, demo.stderr()))
        }
    })
    .await;
    let urls = urls(&text);
    let [cloud, status, metrics] = urls.as_slice() else {
        panic!("three addresses in\n{text}")
    };
    TcpStream::connect(cloud.0).await.unwrap();
    let page = within(http::get(status.0, &status.1, "")).await.unwrap();
    assert!(
        page.status == 200 && page.text().contains("<h1>SAG exporter"),
        "{page:?}"
    );
    until("numbers appear", async || {
        let reply = http::get(metrics.0, &metrics.1, "").await.unwrap();
        let page = Page::parse(reply.text());
        match (page.sum("sag_up", &[]), page.count("sag_user_enabled", &[])) {
            (2.0, 10) => Ok(()),
            other => Err(other),
        }
    })
    .await;
    let ready = within(http::get(metrics.0, "/-/ready", "")).await.unwrap();
    assert_eq!(ready.status, 200);
    demo.signal("INT");
    assert_eq!(demo.ended().await.code(), Some(0), "{}", demo.stderr());
    assert!(!demo.stderr().contains("level=warn"), "{}", demo.stderr());
}

#[tokio::test]
async fn prometheus_accepts_the_configuration_that_is_printed() {
    let arguments = [
        "demo",
        "--web.listen-address=127.0.0.1:0",
        "--web.telemetry-path=/probe/m",
    ];
    let mut demo = Process::start(&arguments);
    let text = until("all is printed", async || {
        let text = demo.stdout();
        if text.contains("Ctrl-C") {
            Ok(text)
        } else {
            Err((text, demo.stderr()))
        }
    })
    .await;
    let yaml: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("scrape_configs:"))
        .take_while(|line| line.starts_with("  "))
        .map(|line| line.strip_prefix("  ").unwrap())
        .collect();
    let mut promtool = Command::new("promtool");
    let checked = pipe(
        promtool.args(["check", "config", "/dev/stdin"]),
        yaml.join("\n").as_bytes(),
    )
    .await;
    assert!(
        checked.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&checked.stderr)
    );
    let metrics = urls(&text).pop().unwrap();
    assert!(
        yaml.iter()
            .any(|line| line.contains(&format!("'{}'", metrics.0))),
        "{text}"
    );
    assert!(yaml.contains(&"    metrics_path: /probe/m"), "{text}");
    assert_eq!(metrics.1, "/probe/m");
    demo.signal("TERM");
    assert_eq!(demo.ended().await.code(), Some(0), "{}", demo.stderr());
}

/// The addresses and paths of all URLs, in the order of the text.
fn urls(text: &str) -> Vec<(SocketAddr, String)> {
    let parts = text.split("http://").skip(1);
    parts
        .map(|part| {
            let url = part.split([' ', ',', '\n']).next().unwrap();
            let (host, path) = url.split_once('/').unwrap_or((url, ""));
            (host.parse().unwrap(), format!("/{path}"))
        })
        .collect()
}
