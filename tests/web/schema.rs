//! The state as JSON, held against its schema in the documentation.

use std::fs;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sag_exporter::model::{Action, FailureKind, Kbps, Rule, SweepOutcome};
use sag_exporter::openapi::Endpoint;
use sag_exporter::pacing::Rate;
use sag_exporter::rules::{Entry, Limits, Pattern, Policy};
use sag_exporter::sweep::{self, AccountOptions, Progress as _};
use sag_exporter::web::{AccountConfiguration, Configuration, Events, StateFile};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::document;
use crate::fleet::{self, account};
use crate::server::Site;

#[tokio::test]
async fn the_state_is_there_as_json() {
    let site = Site::start("/metrics").await;
    let mut client = site.client().await;
    let mut state = document(&client.get("/api/v1/status").await);
    let now = state.as_object_mut().unwrap().remove("now").unwrap();
    assert!(
        now.as_str().unwrap().starts_with("2023-11-14T23:43:"),
        "{now}"
    );
    assert_eq!(
        state,
        json!({
            "verdict": "starting",
            "ready": false,
            "reason": "the first sweep has not ended yet",
            "healthy": true,
            "build": {"version": "0.0.0-test", "revision": "unknown", "rustversion": "1"},
            "observed_at": null,
            "series_limited": false,
            "problems": [],
            "sweeps": [],
            "accounts": [],
            "instances": [],
            "anomalies": [],
            "recent_seconds": 300,
            "budget": [],
            "configuration": null,
        })
    );
}

#[tokio::test]
async fn every_part_of_the_state_is_in_the_schema() {
    let site = Site::start("/metrics").await;
    let mut client = site.client().await;
    let mut answers = vec![document(&client.get("/api/v1/status").await)];
    fill(&site);
    answers.push(document(&client.get("/api/v1/status").await));
    let full = &answers[1];
    let at = "2023-11-14T22:13:20.123Z";
    for (pointer, expected) in [
        ("/verdict", json!("incomplete")),
        ("/observed_at", json!(at)),
        ("/problems/0/kind", json!("sweep_stale")),
        ("/problems/1/kind", json!("instances_incomplete")),
        ("/problems/1/instances", json!(["sag-2"])),
        ("/accounts/0/outcome", json!("partial")),
        ("/instances/1/collectors/1/failure", json!("timeout")),
        ("/instances/1/stale_users", json!(1)),
        ("/anomalies/0/newest/0/user", json!("<b>")),
        ("/anomalies/0/newest/0/since", json!(at)),
        ("/budget/0/operations/0/recent_requests/throttled", json!(1)),
        ("/budget/0/rate_ceiling", json!(2.5)),
        ("/configuration/policy/0/match", json!("*")),
        ("/configuration/accounts/0/name", json!("R&D")),
        ("/configuration/last_reload_refusal", json!("line 1: no")),
    ] {
        assert_eq!(full.pointer(pointer), Some(&expected), "{pointer}\n{full}");
    }
    for list in [
        "problems",
        "sweeps",
        "accounts",
        "instances",
        "anomalies",
        "budget",
    ] {
        assert!(!full[list].as_array().unwrap().is_empty(), "{list}");
    }
    validate(&answers);
}

#[test]
fn the_schema_leaves_nothing_open() {
    let schema = fs::read_to_string(schema()).unwrap();
    let mut objects = 0;
    let mut open = vec![serde_json::from_str::<Value>(&schema).unwrap()];
    while let Some(value) = open.pop() {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            objects += 1;
            assert_eq!(value["additionalProperties"], json!(false), "{value}");
            let required = value["required"].as_array().unwrap();
            assert_eq!(required.len(), properties.len(), "{value}");
            assert!(
                properties
                    .values()
                    .all(|property| property.get("description").is_some())
            );
            open.extend(properties.values().cloned());
        }
        open.extend(value.get("items").cloned());
    }
    assert!(objects > 15, "{objects}");
}

/// Something in every part of the state.
fn fill(site: &Site) {
    let mut fleet = fleet::judged("sag-1", &["<b>"], Rule::DisabledOnline);
    fleet.apply(fleet::partly_read("sag-2", "</script>"));
    fleet.apply(fleet::swept(SweepOutcome::Partial));
    site.publish(fleet.snapshot());
    site.under_way.sweep_started(&account());
    let telemetry = &site.server.telemetry;
    let (action, took) = (Action::DescribeUserOnlineClients, Duration::ZERO);
    telemetry.api_request(&account(), action, Ok(()), took);
    telemetry.api_request(&account(), action, Err(FailureKind::Throttled), took);
    telemetry.api_rate_limit(&account(), action, 2.5);
    telemetry.api_demand_ratio(&account(), 1.5);
    telemetry.sweep_ended(&account(), SweepOutcome::Partial, took);
    telemetry.credential_obtained(&account(), Some(fleet::at()));
    telemetry.bulk_available(&account(), Action::DescribeUserFlowStatistics, false);
    site.standing.loaded(configuration(), fleet::at());
    site.standing.refused("line 1: no", fleet::at());
}

fn configuration() -> Configuration {
    let entry = Entry {
        users: Pattern::parse("*").unwrap(),
        sag_id: Some(fleet::sag_id("sag-1")),
        limits: Limits {
            sessions: NonZeroU32::new(1),
            session_length: Some(Duration::from_secs(86_400)),
            bandwidth: Some(Kbps(2_000)),
            dormant: None,
        },
    };
    Configuration {
        accounts: vec![AccountConfiguration {
            sweep: AccountOptions {
                name: account(),
                regions: Vec::new(),
                instances: vec![fleet::sag_id("sag-1")],
                concurrency: NonZeroU32::MIN,
            },
            credential: "an access key from a file".to_owned(),
            endpoint: Endpoint::default(),
            rate: Rate::new(2.5).unwrap(),
        }],
        sweep: sweep::Options::default(),
        user_labels: "plain",
        user_series_limit: 200_000,
        policy: Policy::new(vec![entry]).unwrap(),
        state: Some(StateFile {
            path: "/var/lib/sag-exporter/state".into(),
            interval: Duration::from_secs(60),
        }),
        events: Events {
            file: Some("-".to_owned()),
            webhooks: vec!["chat".to_owned()],
        },
    }
}

/// Holds answers against the schema, and the schema against its own.
fn validate(answers: &[Value]) {
    let dir = TempDir::new().unwrap();
    let files = (0..).zip(answers).map(|(number, answer)| {
        let file = dir.path().join(format!("{number}.json"));
        fs::write(&file, answer.to_string()).unwrap();
        file
    });
    let files: Vec<_> = files.collect();
    check(
        Command::new(judge())
            .arg("--check-metaschema")
            .arg(schema()),
    );
    check(
        Command::new(judge())
            .arg("--schemafile")
            .arg(schema())
            .args(files),
    );
    let wrong = dir.path().join("wrong.json");
    let mut answer = answers[0].clone();
    answer["more"] = json!(1);
    fs::write(&wrong, answer.to_string()).unwrap();
    let mut strict = Command::new(judge());
    strict.arg("--schemafile").arg(schema()).arg(wrong);
    let refused = strict.output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
}

fn check(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{output:?}");
}

fn schema() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/status.schema.json")
}

fn judge() -> std::path::PathBuf {
    let tool = "target/python/bin/check-jsonschema";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(tool);
    assert!(
        path.exists(),
        "{tool} is missing: run scripts/test, which installs it with tests/python/requirements.txt"
    );
    path
}
