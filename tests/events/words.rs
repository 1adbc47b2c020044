//! How events look, and what they leave out.

use std::collections::BTreeSet;
use std::sync::Arc;

use sag_exporter::events::{Event, Kind, Naming, Origin, Scribe, What};
use sag_exporter::fleet::Pseudonyms;
use sag_exporter::model::Rule;
use sag_exporter::secret::Secret;
use serde_json::{Value, json};

use crate::observer::Observer;
use crate::world::{policy, sweep};

/// One event of every kind.
fn everything() -> Vec<Event> {
    let mut observer = Observer::new(policy(&[]));
    let mut events = Vec::new();
    for (second, accounts, sessions) in [
        (1_000, "complete alice bob", "complete alice:10.0.0.1@5 bob"),
        (
            1_060,
            "complete alice:disabled bob:kbps=9 carol",
            "complete alice:10.0.0.1@5 bob:#2 carol",
        ),
        (
            1_120,
            "complete alice:disabled bob:kbps=9 carol",
            "complete alice:10.0.0.1@5 bob:#2 carol",
        ),
        (1_180, "complete alice carol", "complete alice carol"),
    ] {
        events.extend(observer.take(sweep(second, accounts, sessions)));
    }
    events
}

fn write(scribe: &Scribe) -> Vec<Value> {
    let records = scribe.write(&everything());
    let values = records.iter().map(|record| {
        assert!(!record.json.contains('\n'));
        let value: Value = serde_json::from_str(&record.json).unwrap();
        assert_eq!(value["kind"], record.kind.as_str());
        value
    });
    values.collect()
}

fn without_id(mut value: Value) -> Value {
    value.as_object_mut().unwrap().remove("id");
    value
}

/// What the documents say of an event, but for its id.
fn line(time: &str, kind: &str, user: &str, details: Value) -> Value {
    let mut event = json!({
        "time": format!("1970-01-01T00:{time}.000Z"), "kind": kind, "sag_id": "sag-1",
        "account": "main", "region": "cn-shanghai", "user": user,
    });
    let Value::Object(details) = details else {
        panic!("{details} is no object");
    };
    event.as_object_mut().unwrap().extend(details);
    event
}

fn anomaly(time: &str, kind: &str) -> Value {
    let details = json!({
        "rule": "disabled_online", "since": "1970-01-01T00:17:40.000Z",
        "reason": "the account is disabled and has 1 client online",
    });
    line(time, kind, "alice", details)
}

#[test]
fn every_field_is_where_the_documents_say() {
    let told: Vec<Value> = write(&Scribe::default())
        .into_iter()
        .map(without_id)
        .collect();
    let expected = [
        line("17:40", "account_disabled", "alice", json!({})),
        line(
            "17:40",
            "bandwidth_changed",
            "bob",
            json!({
                "bandwidth_kbps": 9, "bandwidth_kbps_before": 2000,
            }),
        ),
        line(
            "17:40",
            "account_created",
            "carol",
            json!({
                "enabled": true, "bandwidth_kbps": 2000,
            }),
        ),
        line(
            "17:40",
            "session_started",
            "bob",
            json!({
                "count": 2, "after": "1970-01-01T00:16:40.000Z",
            }),
        ),
        anomaly("18:40", "anomaly_raised"),
        line("19:40", "account_enabled", "alice", json!({})),
        line(
            "19:40",
            "session_ended",
            "bob",
            json!({
                "count": 2, "after": "1970-01-01T00:18:40.000Z",
            }),
        ),
        line(
            "19:40",
            "session_ended",
            "alice",
            json!({
                "count": 1, "start": "1970-01-01T00:00:05.000Z", "duration_seconds": 1175,
                "after": "1970-01-01T00:18:40.000Z",
            }),
        ),
        anomaly("19:40", "anomaly_cleared"),
        line("19:40", "account_removed", "bob", json!({})),
    ];
    assert_eq!(told, expected);
}

#[test]
fn addresses_are_told_only_if_somebody_wants_them() {
    let address = |scribe: &Scribe| {
        let events = write(scribe);
        let known = events.iter().find(|event| event.get("start").is_some());
        known.unwrap().get("client_ip").cloned()
    };
    let open = Scribe {
        client_ip: true,
        ..Scribe::default()
    };
    assert_eq!(address(&open), Some(json!("10.0.0.1")));
    assert_eq!(address(&Scribe::default()), None);
}

/// Some rules put addresses into their reasons.
#[test]
fn no_reason_tells_an_address_that_may_not_be_told() {
    let sessions = "complete a:10.0.0.7@5 b:10.0.0.7@6 c:10.0.0.8@5";
    let mut observer = Observer::new(policy(&[]));
    let mut events = Vec::new();
    for second in [1000, 1060, 1120] {
        events.extend(observer.take(sweep(second, "complete a b c:static=10.0.0.9", sessions)));
    }
    let rules: BTreeSet<Rule> = events
        .iter()
        .filter_map(|event| match &event.what {
            What::AnomalyRaised(anomaly) => Some(anomaly.rule),
            _ => None,
        })
        .collect();
    assert_eq!(
        rules,
        BTreeSet::from([Rule::DuplicateIp, Rule::StaticIpMismatch])
    );
    let text = |scribe: &Scribe| format!("{:?}", scribe.write(&events));
    assert!(!text(&Scribe::default()).contains("10.0.0."));
    assert!(!text(&Scribe::default()).contains("reason\\\":\\\"\\\""));
    let open = Scribe {
        client_ip: true,
        ..Scribe::default()
    };
    assert!(text(&open).contains("another user is online from 10.0.0.7"));
}

#[test]
fn users_are_named_as_in_labels() {
    let names = |naming: Naming| -> BTreeSet<Option<String>> {
        let scribe = Scribe {
            naming,
            client_ip: true,
        };
        let user = |event: Value| {
            event
                .get("user")
                .map(|user| user.as_str().unwrap().to_owned())
        };
        write(&scribe).into_iter().map(user).collect()
    };
    let three = |names: [String; 3]| names.map(Some).into_iter().collect::<BTreeSet<_>>();
    let users = ["alice", "bob", "carol"];
    assert_eq!(names(Naming::Plain), three(users.map(str::to_owned)));
    let pseudonyms = Pseudonyms::new(&Secret::new("0123456789abcdef"));
    let hidden = three(users.map(|user| pseudonyms.of(user)));
    assert_eq!(names(Naming::Pseudonym(pseudonyms)), hidden);
    assert_eq!(names(Naming::None), BTreeSet::from([None]));
}

/// Whoever knows an id must not be able to try names or addresses out on it.
#[test]
fn an_id_depends_on_what_is_told_alone() {
    let origin = |event: &Event| Origin {
        ..event.origin.clone()
    };
    let event = everything().remove(0);
    let named = |name: &str| Event {
        user: Some(name.into()),
        origin: origin(&event),
        ..event.clone()
    };
    let scribe = Scribe {
        naming: Naming::None,
        client_ip: false,
    };
    let of = |scribe: &Scribe, event: Event| scribe.write(&[event]).remove(0).json;
    assert_eq!(of(&scribe, named("a")), of(&scribe, named("b")));
    assert_ne!(
        of(&Scribe::default(), named("a")),
        of(&Scribe::default(), named("b"))
    );
}

#[test]
fn ids_are_unique_and_stable_even_where_events_do_not_differ() {
    let sessions = "complete a:10.0.0.1@5,10.0.0.2@5 b:10.0.0.3@5";
    let mut observer = Observer::new(policy(&[]));
    observer.take(sweep(1000, "complete a b", "complete a b"));
    let events = observer.take(sweep(1060, "-", sessions));
    let scribe = Scribe {
        naming: Naming::None,
        client_ip: false,
    };
    let lines = || -> Vec<Arc<str>> {
        let records = scribe.write(&events);
        records.into_iter().map(|record| record.json).collect()
    };
    let distinct: BTreeSet<Arc<str>> = lines().into_iter().collect();
    assert_eq!((events.len(), distinct.len()), (3, 3));
    assert_eq!(lines(), lines());
    let first: Value = serde_json::from_str(&lines()[0]).unwrap();
    let id = first["id"].as_str().unwrap();
    assert!(
        id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()),
        "{id}"
    );
}

#[test]
fn a_name_may_hold_anything() {
    let mut event = everything().remove(0);
    event.user = Some("a \"b\\\u{2028}é".into());
    let record = Scribe::default().write(&[event]).remove(0);
    let value: Value = serde_json::from_str(&record.json).unwrap();
    assert_eq!(value["user"], "a \"b\\\u{2028}é");
}

#[test]
fn every_kind_is_told() {
    let kinds: BTreeSet<Kind> = everything().iter().map(Event::kind).collect();
    assert_eq!(kinds, BTreeSet::from(Kind::ALL));
}
