//! Lines of a file against what really happened in the simulated cloud.

use std::collections::BTreeSet;
use std::fs;

use sag_exporter::sim::{NewUser, SessionTruth};
use serde_json::{Value, json};

use crate::daemon::{Process, config_flag, run};
use crate::exposition::Page;
use crate::place::{Place, config, start, swept, world};
use crate::wait::until;

fn session(session: SessionTruth) -> Value {
    json!({
        "start": format!("{:.3}", session.started),
        "client_ip": session.client_ip.to_string(),
        "count": 1,
    })
}

/// Whether the event says that, apart from when.
fn assert_tells(event: &Value, kind: &str, user: &str, sag_id: &str, details: &Value) {
    let mut expected = json!({
        "kind": kind, "user": user, "sag_id": sag_id, "account": "main", "region": "cn-shanghai",
    });
    let details = details.as_object().unwrap().clone();
    expected.as_object_mut().unwrap().extend(details);
    let mut found = event.clone();
    let fields = found.as_object_mut().unwrap();
    for field in ["id", "time", "after", "duration_seconds"] {
        fields.remove(field);
    }
    assert_eq!(found, expected);
}

fn assert_unique(told: &[Value]) {
    let ids = told.iter().map(|event| event["id"].as_str().unwrap());
    assert_eq!(ids.collect::<BTreeSet<_>>().len(), told.len(), "{told:?}");
}

/// Whether each event is the only one of its kind that was counted.
fn assert_counted(told: &[Value], page: &Page) {
    for event in told {
        let kind = [("kind", event["kind"].as_str().unwrap())];
        assert_eq!(page.sum("sag_exporter_events_total", &kind), 1.0, "{event}");
    }
}

#[tokio::test]
async fn the_lines_of_a_file_are_what_happened() {
    let (simulator, sag_id) = world().await;
    let (place, cloud, id) = (Place::new(), &simulator.cloud, sag_id.as_str());
    let users = [0, 1, 2].map(|place| simulator.user(id, place));
    let [one, two, three] = users.each_ref().map(String::as_str);
    let events = place.file() + "client_ip: true\n";
    let config = config(&simulator, &events);
    let daemon = start(&config).await;
    let next = async |number| {
        place
            .events_when("events.jsonl", number)
            .await
            .pop()
            .unwrap()
    };

    let login = cloud.login(id, one, None).unwrap();
    assert_tells(&next(1).await, "session_started", one, id, &session(login));
    cloud.logout(id, one).unwrap();
    let ended = next(2).await;
    assert_tells(&ended, "session_ended", one, id, &session(login));
    assert!(ended["duration_seconds"].is_u64(), "{ended}");
    let bandwidth = simulator.truth().user(id, two).unwrap().bandwidth_kbps;
    let dir = tempfile::tempdir().unwrap();
    let flag = config_flag(&dir, &config.yaml());
    let new = bandwidth + 1;
    let set = [
        "users",
        "set",
        two,
        &format!("--bandwidth={new}"),
        "--yes",
        &flag,
    ];
    let output = run(&set).await;
    assert!(output.status.success(), "{output:?}");
    let kbps = json!({"bandwidth_kbps": new, "bandwidth_kbps_before": bandwidth});
    assert_tells(&next(3).await, "bandwidth_changed", two, id, &kbps);
    let is_enabled = simulator.truth().user(id, three).unwrap().enabled;
    let words = ["account_enabled", "account_disabled"];
    cloud.set_enabled(id, three, !is_enabled).unwrap();
    let turned = next(4).await;
    assert_tells(
        &turned,
        words[usize::from(is_enabled)],
        three,
        id,
        &json!({}),
    );
    let new = NewUser {
        bandwidth_kbps: Some(77),
        ..NewUser::default()
    };
    cloud.create_user(id, "newcomer", new).unwrap();
    let created = json!({"enabled": true, "bandwidth_kbps": 77});
    assert_tells(&next(5).await, "account_created", "newcomer", id, &created);
    cloud.delete_user(id, one).unwrap();
    assert_tells(&next(6).await, "account_removed", one, id, &json!({}));

    let told = place.events("events.jsonl");
    assert_unique(&told);
    let page = daemon.page().await;
    assert_counted(&told, &page);
    assert_eq!(page.sum("sag_sessions_started_total", &[]), 1.0);
    let log = daemon.stop().await;
    for user in users.iter().chain([&login.client_ip.to_string()]) {
        assert!(!log.contains(user.as_str()), "{user} is in the log: {log}");
    }
    // Nothing is repeated by the next start, and nothing was told at the end.
    let daemon = start(&config).await;
    daemon.stop().await;
    assert_eq!(place.events("events.jsonl"), told);
}

#[tokio::test]
async fn what_happened_while_the_program_was_down_is_told_once() {
    let (simulator, sag_id) = world().await;
    let (place, cloud) = (Place::new(), &simulator.cloud);
    let [one, two] = [0, 1].map(|place| simulator.user(&sag_id, place));
    cloud.login(&sag_id, &one, None).unwrap();
    let state = format!("state:\n  file: {}\n", place.path("state").display());
    let config = config(&simulator, &place.file()).section(&state);
    start(&config).await.stop().await;
    assert!(
        place.events("events.jsonl").is_empty(),
        "a first look is no news"
    );
    cloud.logout(&sag_id, &one).unwrap();
    cloud.login(&sag_id, &two, None).unwrap();
    for _ in 0..2 {
        let daemon = start(&config).await;
        let told = place.events_when("events.jsonl", 2).await;
        let mut told: Vec<_> = told
            .iter()
            .map(|event| (&event["kind"], &event["user"]))
            .collect();
        told.sort_by_key(|event| format!("{event:?}"));
        let ended = (&json!("session_ended"), &json!(one));
        assert_eq!(told, [ended, (&json!("session_started"), &json!(two))]);
        daemon.stop().await;
    }
}

#[tokio::test]
async fn users_are_named_as_labels_say() {
    let (simulator, sag_id) = world().await;
    let place = Place::new();
    let user = simulator.user(&sag_id, 0);
    fs::write(place.path("label-key"), "0123456789abcdef").unwrap();
    let key = place.path("label-key");
    let key = format!("pseudonym_key_file: {}", key.display());
    for (number, labels) in (1..).zip([format!("user: pseudonym, {key}"), "user: none".into()]) {
        let config = config(&simulator, &place.file()).section(&format!("labels: {{{labels}}}\n"));
        let daemon = start(&config).await;
        simulator.cloud.login(&sag_id, &user, None).unwrap();
        let told = place.events_when("events.jsonl", number).await;
        let last = told.last().unwrap();
        assert_eq!(last["kind"], "session_started");
        assert!(last.get("client_ip").is_none(), "{last}");
        let name = last.get("user").and_then(Value::as_str);
        if number == 1 {
            let label = |page: &Page| {
                page.series
                    .keys()
                    .any(|series| Some(series.label("user")) == name)
            };
            assert!(label(&daemon.page().await), "{last}");
        } else {
            assert_eq!(name, None);
        }
        assert!(!last.to_string().contains(&user), "{last}");
        daemon.stop().await;
    }
}

#[tokio::test]
async fn standard_output_has_events_and_nothing_else() {
    let (simulator, sag_id) = world().await;
    let daemon = start(&config(&simulator, "file: '-'\nkinds: [session_started]\n")).await;
    let user = simulator.user(&sag_id, 0);
    simulator.cloud.login(&sag_id, &user, None).unwrap();
    let line = until("a line is written", async || {
        let text = daemon.stdout();
        if text.ends_with('\n') {
            Ok(text)
        } else {
            Err(text)
        }
    });
    let event: Value = serde_json::from_str(&line.await).unwrap();
    assert_eq!(
        (&event["kind"], &event["user"]),
        (&json!("session_started"), &json!(user))
    );
    simulator.cloud.logout(&sag_id, &user).unwrap();
    let ended = |page: &Page| match page.sum("sag_sessions_ended_total", &[]) {
        0.0 => Err("it has not ended"),
        _ => Ok(()),
    };
    let page = daemon.page_when("the session ended", ended).await;
    let told = |kind| page.sum("sag_exporter_events_total", &[("kind", kind)]);
    assert_eq!(
        (told("session_started"), told("session_ended")),
        (1.0, 0.0),
        "kinds narrow it"
    );
    assert_eq!(daemon.stdout().lines().count(), 1);
    assert!(
        daemon.stop().await.contains("listening"),
        "the log is elsewhere"
    );
}

#[tokio::test]
async fn a_file_may_be_rotated_at_any_time() {
    let (simulator, sag_id) = world().await;
    let place = Place::new();
    let daemon = start(&config(&simulator, &place.file())).await;
    let user = simulator.user(&sag_id, 0);
    simulator.cloud.login(&sag_id, &user, None).unwrap();
    place.events_when("events.jsonl", 1).await;
    fs::rename(place.path("events.jsonl"), place.path("events.jsonl.1")).unwrap();
    simulator.cloud.logout(&sag_id, &user).unwrap();
    let told = place.events_when("events.jsonl", 1).await;
    assert_eq!(told[0]["kind"], "session_ended");
    assert_eq!(place.events("events.jsonl.1").len(), 1);
    daemon.stop().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_said_once_and_counted() {
    let (simulator, sag_id) = world().await;
    let place = Place::new();
    let file = place.path("later/events.jsonl");
    let mut daemon = start(&config(&simulator, &format!("file: {}\n", file.display()))).await;
    let user = simulator.user(&sag_id, 0);
    let dropped = async |number: f64| {
        let labels = [("sink", "file"), ("reason", "unwritable")];
        let lost = |page: &Page| {
            let lost = page.sum("sag_exporter_events_dropped_total", &labels);
            if lost == number { Ok(()) } else { Err(lost) }
        };
        daemon.page_when("the loss is counted", lost).await
    };
    simulator.cloud.login(&sag_id, &user, None).unwrap();
    dropped(1.0).await;
    simulator.cloud.logout(&sag_id, &user).unwrap();
    let page = dropped(2.0).await;
    assert!(swept(&page).is_ok());
    assert_eq!(
        page.sum("sag_exporter_events_queued", &[("sink", "file")]),
        0.0
    );
    fs::create_dir(place.path("later")).unwrap();
    simulator.cloud.login(&sag_id, &user, None).unwrap();
    let told = place.events_when("later/events.jsonl", 1).await;
    assert_eq!(told[0]["kind"], "session_started");
    assert!(daemon.is_running());
    let log = daemon.stop().await;
    assert_eq!(log.matches("they cannot be written").count(), 1, "{log}");
    assert_eq!(log.matches("events are written again").count(), 1, "{log}");
}

#[tokio::test]
async fn a_newcomer_sees_events_in_the_demo() {
    let place = Place::new();
    let file = place.path("events.jsonl");
    let flags = [
        "demo",
        "--web.listen-address=127.0.0.1:0",
        "--sim.users=50",
        &format!("--events.file={}", file.display()),
    ];
    let mut demo = Process::start(&flags);
    let told = until("people come and go", async || {
        let told = place.events("events.jsonl");
        let is_told = |kind: &str| told.iter().any(|event| event["kind"] == kind);
        match is_told("session_started") && is_told("session_ended") {
            true => Ok(told),
            false => Err((told.len(), demo.stderr())),
        }
    })
    .await;
    assert!(
        told.iter().all(|event| event["account"] == "demo"),
        "{told:?}"
    );
    demo.signal("TERM");
    assert_eq!(demo.ended().await.code(), Some(0));
}
