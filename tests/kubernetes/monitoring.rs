//! What Prometheus and Grafana get from the chart.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::object::Object;
use crate::render::{chart, object, objects, root};

#[test]
fn the_alerts_are_those_of_prometheus() {
    let rule = object("service-monitor", "PrometheusRule");
    let mut files: Vec<_> = fs::read_dir(root().join("deploy/prometheus"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(".rules.yml"))
        .collect();
    files.sort();
    let expected: Vec<Value> = files
        .iter()
        .flat_map(|file| Object::all(&fs::read_to_string(file).unwrap()))
        .flat_map(|file| file.list("/groups").to_vec())
        .collect();
    assert!(expected.len() >= 5, "{} groups", expected.len());
    assert_eq!(rule.list("/spec/groups"), expected);
}

#[test]
fn prometheus_accepts_the_alerts() {
    let folder = tempfile::tempdir().unwrap();
    for case in ["service-monitor", "pod-monitor"] {
        let rule = object(case, "PrometheusRule");
        let file = folder.path().join(case);
        fs::write(&file, rule.at("/spec").to_string()).unwrap();
        let output = Command::new("promtool")
            .args(["check", "rules"])
            .arg(&file)
            .output();
        let output =
            output.unwrap_or_else(|error| panic!("promtool: {error}: apt-get install prometheus"));
        assert!(output.status.success(), "{case}: {output:?}");
    }
}

#[test]
fn alerts_are_to_ones_taste() {
    let rule = object("pod-monitor", "PrometheusRule");
    let groups = rule.list("/spec/groups").iter();
    let rules: Vec<&Value> = groups
        .flat_map(|group| group["rules"].as_array().unwrap())
        .collect();
    let find = |key: &str, name: &str| -> Vec<&Value> {
        rules
            .iter()
            .copied()
            .filter(|rule| rule[key] == name)
            .collect()
    };
    assert!(find("alert", "SagDormantUsers").is_empty());
    assert!(find("alert", "SagLongSession").is_empty());
    let runbook = &find("alert", "SagThrottled")[0]["annotations"]["runbook_url"];
    assert_eq!(
        *runbook,
        json!("https://wiki.example.org/sag/docs/runbooks/SagThrottled.md")
    );
    let stale = find("record", "sag:threshold:stale_seconds");
    let stale: Vec<_> = stale
        .iter()
        .map(|rule| (&rule["labels"]["collector"], &rule["expr"]))
        .collect();
    assert!(
        stale.contains(&(&json!("sessions"), &json!("vector(900)"))),
        "{stale:?}"
    );
    assert!(
        stale.contains(&(&json!("accounts"), &json!("vector(1800)"))),
        "{stale:?}"
    );
    let crowded = find("record", "sag:threshold:bandwidth_overcommit_ratio");
    assert_eq!(crowded[0]["expr"], json!("vector(20)"));
}

#[test]
fn a_monitor_asks_as_the_web_configuration_wants_to_be_asked() {
    for (case, monitor, endpoint) in [
        ("service-monitor", "ServiceMonitor", "/spec/endpoints/0"),
        ("pod-monitor", "PodMonitor", "/spec/podMetricsEndpoints/0"),
    ] {
        for (web, scheme, key) in [
            ("default", "http", "path"),
            (
                "tls",
                "https",
                if monitor == "ServiceMonitor" {
                    "tlsConfig"
                } else {
                    "path"
                },
            ),
            ("basic-auth", "http", "basicAuth"),
            ("extras", "http", "path"),
        ] {
            let text = crate::render::template(&[case, web].map(crate::render::case)).unwrap();
            let objects = Object::all(&text);
            let found = objects
                .iter()
                .find(|object| object.kind() == monitor)
                .unwrap();
            let endpoint = found.at(endpoint);
            assert_eq!(endpoint["scheme"], json!(scheme), "{case} {web}");
            assert!(!endpoint[key].is_null(), "{case} {web}: {endpoint}");
            let path = if web == "extras" {
                "/internal/metrics"
            } else {
                "/metrics"
            };
            assert_eq!(endpoint["path"], json!(path), "{case} {web}");
        }
        // Alerts know the exporter by the name of its job.
        assert_eq!(
            object(case, monitor).text("/spec/jobLabel"),
            "app.kubernetes.io/name"
        );
    }
}

/// Each dashboard in a ConfigMap of its own, since one holds a MiB at most.
#[test]
fn the_sidecar_of_grafana_finds_every_dashboard() {
    let maps: Vec<Object> = objects("dashboards")
        .into_iter()
        .filter(|object| object.at("/metadata/labels/grafana_dashboard") == "1")
        .collect();
    let files = fs::read_dir(chart().join("files/dashboards")).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    assert_eq!(maps.len(), files.len());
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let held = maps
            .iter()
            .find_map(|map| map.at("/data").get(name)?.as_str());
        let held: Value = serde_json::from_str(held.expect(name)).unwrap();
        let expected: Value = serde_json::from_str(&text).unwrap();
        assert!(held == expected, "{name} is another one in its ConfigMap");
        assert!(
            text.len() < 1_000_000,
            "{name} is too large for a ConfigMap"
        );
    }
    for map in maps {
        assert_eq!(
            map.text("/metadata/annotations/grafana_folder"),
            "Remote access"
        );
        assert_eq!(map.text("/metadata/namespace"), "monitoring");
    }
}
