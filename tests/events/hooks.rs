//! Webhooks over real sockets: signed, repeated, given up, and never in the way
//! of anything else.

use std::fs;

use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::daemon::Daemon;
use crate::exposition::Page;
use crate::place::{KEY, Place, config, start, world};
use crate::python;
use crate::receiver::{Answer, Receiver};
use crate::simulator::Simulator;
use crate::wait::until;

const OK: Answer = Answer::Status(200, "");

/// Waits until the receiver has accepted so many events.
async fn accepted(receiver: &Receiver, count: usize) -> Vec<Value> {
    until("the events are delivered", async || {
        let events = receiver.events();
        if events.len() >= count {
            Ok(events)
        } else {
            Err(receiver.requests())
        }
    })
    .await
}

/// Waits until a counter of the sink `hook` has this value.
async fn counted(daemon: &Daemon, family: &str, label: (&str, &str), value: f64) -> Page {
    let labels = [("sink", "hook"), label];
    let object = |page: &Page| match page.sum(family, &labels) {
        found if found < value => Err(found),
        _ => Ok(()),
    };
    daemon.page_when("it is counted", object).await
}

async fn login(simulator: &Simulator, sag_id: &str, place: usize) {
    let user = simulator.user(sag_id, place);
    simulator.cloud.login(sag_id, &user, None).unwrap();
}

#[tokio::test]
async fn a_delivery_is_signed_and_repeated_until_it_is_accepted() {
    let (simulator, sag_id) = world().await;
    let place = Place::new();
    let answers = [
        Answer::Status(500, ""),
        Answer::Status(429, "Retry-After: 1\r\n"),
        OK,
    ];
    let receiver = Receiver::start(&answers).await;
    let url = format!("http://{}/hooks/sag?token=abc", receiver.address);
    let daemon = start(&config(&simulator, &place.webhook("hook", &url))).await;
    login(&simulator, &sag_id, 0).await;
    let told = accepted(&receiver, 1).await;
    assert_eq!(told[0]["kind"], "session_started");
    let requests = receiver.requests();
    assert_eq!(requests.len(), 3);
    for request in &requests {
        assert_eq!(request.path, "/hooks/sag?token=abc");
        assert_eq!(request.body, requests[0].body, "the same in every attempt");
        assert_eq!(
            request.header("webhook-id"),
            requests[0].header("webhook-id")
        );
        assert_eq!(request.header("content-type"), "application/json");
        assert!(request.header("user-agent").starts_with("sag-exporter/"));
        let delivery =
            json!({"secret": KEY.trim(), "headers": request.headers, "body": request.body});
        let judged = python::run("verify_webhook.py", delivery.to_string().as_bytes()).await;
        assert_eq!(String::from_utf8(judged.stdout).unwrap(), "verified\n");
    }
    let count = async |outcome| {
        counted(
            &daemon,
            "sag_exporter_event_deliveries_total",
            ("outcome", outcome),
            1.0,
        )
        .await
    };
    for outcome in ["remote", "throttled"] {
        count(outcome).await;
    }
    let page = count("ok").await;
    assert_eq!(
        page.sum("sag_exporter_events_dropped_total", &[("sink", "hook")]),
        0.0
    );
    assert_eq!(
        page.sum("sag_exporter_events_queued", &[("sink", "hook")]),
        0.0
    );
    let log = daemon.stop().await;
    assert!(
        log.contains("events cannot be delivered") && log.contains("delivered again"),
        "{log}"
    );
    for secret in ["token=abc", "hooks/sag", KEY.trim(), "whsec_"] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
}

#[tokio::test]
async fn a_receiver_that_hangs_is_in_nobodys_way() {
    let (simulator, sag_id) = world().await;
    let place = Place::new();
    let receiver = Receiver::start(&[Answer::Silence]).await;
    let url = format!("http://{}/", receiver.address);
    let events = place.file() + &place.webhook("hook", &url);
    let daemon = start(&config(&simulator, &events)).await;
    login(&simulator, &sag_id, 0).await;
    place.events_when("events.jsonl", 1).await;
    login(&simulator, &sag_id, 1).await;
    let written = place.events_when("events.jsonl", 2).await;
    counted(
        &daemon,
        "sag_exporter_event_deliveries_total",
        ("outcome", "timeout"),
        1.0,
    )
    .await;
    assert_eq!(
        accepted(&receiver, 2).await,
        written,
        "in order, and none twice"
    );
    daemon.stop().await;
}

#[tokio::test]
async fn what_a_receiver_does_not_want_is_dropped_and_counted() {
    let (simulator, sag_id) = world().await;
    let place = Place::new();
    let receiver = Receiver::start(&[Answer::Status(410, ""), OK]).await;
    let url = format!("http://{}/", receiver.address);
    let daemon = start(&config(&simulator, &place.webhook("hook", &url))).await;
    login(&simulator, &sag_id, 0).await;
    let dropped = "sag_exporter_events_dropped_total";
    counted(&daemon, dropped, ("reason", "rejected"), 1.0).await;
    login(&simulator, &sag_id, 1).await;
    let told = accepted(&receiver, 1).await;
    assert_eq!(told[0]["user"], json!(simulator.user(&sag_id, 1)));
    assert_eq!(
        receiver.requests().len(),
        2,
        "what was rejected is not repeated"
    );
    daemon.stop().await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_does_not_hold_the_end_up() {
    let (simulator, sag_id) = world().await;
    let place = Place::new();
    // A port that belongs to this test, and on which nobody listens.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    let events = place.file() + &place.webhook("hook", &url);
    let daemon = start(&config(&simulator, &events)).await;
    login(&simulator, &sag_id, 0).await;
    place.events_when("events.jsonl", 1).await;
    let labels = ("outcome", "transport");
    let page = counted(&daemon, "sag_exporter_event_deliveries_total", labels, 1.0).await;
    assert_eq!(
        page.sum("sag_exporter_events_queued", &[("sink", "hook")]),
        1.0
    );
    // It ends well, and says what is lost.
    let log = daemon.stop().await;
    let lost = log.lines().find(|line| line.contains("before the end"));
    assert!(lost.is_some_and(|line| line.contains("events=1")), "{log}");
}

#[tokio::test]
async fn what_is_queued_is_told_before_the_end() {
    let (simulator, sag_id) = world().await;
    let place = Place::new();
    // It comes back when the end was asked for.
    let receiver = Receiver::start(&[Answer::Status(503, "Retry-After: 600\r\n")]).await;
    let url = format!("http://{}/", receiver.address);
    let daemon = start(&config(&simulator, &place.webhook("hook", &url))).await;
    login(&simulator, &sag_id, 0).await;
    let labels = ("outcome", "remote");
    counted(&daemon, "sag_exporter_event_deliveries_total", labels, 1.0).await;
    let log = daemon.stop().await;
    assert_eq!(receiver.events().len(), 1, "{log}");
    assert!(!log.contains("events are lost"), "{log}");
}

#[tokio::test]
async fn a_reload_changes_sinks_and_loses_nothing() {
    let (simulator, sag_id) = world().await;
    let place = Place::new();
    let broken = Receiver::start(&[Answer::Silence; 100]).await;
    let url = |receiver: &Receiver| format!("http://{}/", receiver.address);
    let first = place.file() + &place.webhook("hook", &url(&broken));
    let daemon = start(&config(&simulator, &first)).await;
    login(&simulator, &sag_id, 0).await;
    let written = place.events_when("events.jsonl", 1).await;
    until("it was tried", async || match broken.requests().len() {
        0 => Err("not yet"),
        _ => Ok(()),
    })
    .await;

    let working = Receiver::start(&[]).await;
    let reload = async |events: &str, what: &str| {
        let before = daemon.log().matches("configuration reloaded").count();
        fs::write(daemon.config_file(), config(&simulator, events).yaml()).unwrap();
        daemon.signal("HUP");
        until(what, async || {
            let log = daemon.log();
            match log.matches("configuration reloaded").count() > before {
                true => Ok(()),
                false => Err(log),
            }
        })
        .await;
    };
    let second = place.file() + &place.webhook("hook", &url(&working));
    reload(&second, "the webhook moves").await;
    // What was queued and under way goes to the new address.
    assert_eq!(accepted(&working, 1).await, written);

    reload(&place.file(), "the webhook goes").await;
    let page = daemon.page().await;
    assert_eq!(
        page.count("sag_exporter_events_queued", &[("sink", "hook")]),
        0
    );
    assert_eq!(
        page.count("sag_exporter_events_queued", &[("sink", "file")]),
        1
    );
    simulator
        .cloud
        .logout(&sag_id, &simulator.user(&sag_id, 0))
        .unwrap();
    place.events_when("events.jsonl", 2).await;
    assert_eq!(working.events().len(), 1);
    reload("file: '-'\n", "the lines go elsewhere").await;
    login(&simulator, &sag_id, 2).await;
    until("a line is written", async || {
        match daemon.stdout().lines().count() {
            1 => Ok(()),
            found => Err(found),
        }
    })
    .await;
    daemon.stop().await;
}

#[tokio::test]
async fn a_key_may_be_replaced_while_the_program_runs() {
    let (simulator, sag_id) = world().await;
    let place = Place::new();
    let receiver = Receiver::start(&[]).await;
    let url = format!("http://{}/", receiver.address);
    let daemon = start(&config(&simulator, &place.webhook("hook", &url))).await;
    let new = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    fs::write(place.path("key"), new).unwrap();
    login(&simulator, &sag_id, 0).await;
    accepted(&receiver, 1).await;
    // In the middle of being replaced the last good one is good enough.
    fs::remove_file(place.path("key")).unwrap();
    login(&simulator, &sag_id, 1).await;
    accepted(&receiver, 2).await;
    for request in receiver.requests() {
        let delivery = json!({"secret": new, "headers": request.headers, "body": request.body});
        python::run("verify_webhook.py", delivery.to_string().as_bytes()).await;
    }
    daemon.stop().await;
}
