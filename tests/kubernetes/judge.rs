//! Whether Helm renders every combination of values, and whether Kubernetes and
//! Prometheus' operator know every field of what comes out.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::render::{cases, chart, helm, root, template};

#[test]
fn helm_finds_nothing_to_complain_of() {
    for (name, file) in cases() {
        let arguments = [
            "lint".into(),
            "--strict".into(),
            chart(),
            "--values".into(),
            file,
        ];
        let output = helm(arguments);
        let said = String::from_utf8_lossy(&output.stdout);
        let found = said.lines().filter(|line| line.starts_with('['));
        let found: Vec<&str> = found.filter(|line| !line.contains(NO_ICON)).collect();
        assert!(output.status.success(), "{name}: {said}");
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

#[test]
fn every_case_makes_valid_objects() {
    let folder = tempfile::tempdir().unwrap();
    for (name, file) in cases() {
        let text = template(&[file]).unwrap_or_else(|error| panic!("{name}: {error}"));
        fs::write(folder.path().join(name), text).unwrap();
    }
    accept(folder.path());
}

/// Each case together with each other one, which is where templates break.
#[test]
fn every_two_cases_make_valid_objects_or_exclude_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let cases = cases();
    let mut refused = Vec::new();
    for (number, (first, one)) in cases.iter().enumerate() {
        for (second, other) in cases.iter().skip(number + 1) {
            match template(&[one.clone(), other.clone()]) {
                Ok(text) => {
                    fs::write(folder.path().join(format!("{first}+{second}")), text).unwrap();
                }
                Err(error) => refused.push((first.as_str(), second.as_str(), error)),
            }
        }
    }
    let pairs: Vec<_> = refused
        .iter()
        .map(|(one, other, _)| (*one, *other))
        .collect();
    assert_eq!(
        pairs,
        EXCLUSIVE.map(|(one, other, _)| (one, other)),
        "{refused:?}"
    );
    for ((_, _, error), (_, _, expected)) in refused.iter().zip(EXCLUSIVE) {
        assert!(error.contains(expected), "{error} does not say {expected}");
    }
    accept(folder.path());
}

/// A judge who lets everything pass is none.
#[test]
fn the_judge_refuses_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (document, _)) in WRONG.iter().enumerate() {
        fs::write(folder.path().join(number.to_string()), document).unwrap();
    }
    let output = judge(folder.path());
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    for (number, (document, expected)) in WRONG.iter().enumerate() {
        let file = format!("/{number}: ");
        let mut found = said.lines().filter(|line| line.contains(&file));
        assert!(
            found.any(|line| line.contains(expected)),
            "{document}: {said} does not say {expected}"
        );
    }
}

/// Fails if one of the objects in the files of a folder is not valid.
pub(crate) fn accept(folder: &Path) {
    let output = judge(folder);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn judge(folder: &Path) -> Output {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "nothing to judge in {folder:?}");
    let chosen = std::env::var_os("SAG_TEST_PYTHON");
    let python = chosen.map_or_else(|| root().join("target/python/bin/python"), Into::into);
    Command::new(&python)
        .arg(root().join("tests/python/kubernetes_objects.py"))
        .args(files)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}: scripts/test sets it up", python.display()))
}

/// The project has no picture of itself.
const NO_ICON: &str = "[INFO] Chart.yaml: icon is recommended";

/// Which cases cannot be together, and what Helm must say.
const EXCLUSIVE: [(&str, &str, &str); 7] = [
    (
        "basic-auth",
        "tls",
        "web.config: existingSecret and data exclude each other",
    ),
    (
        "keys-created",
        "keys-existing",
        "secret: existingSecret and data exclude each other",
    ),
    (
        "mutual-tls",
        "tls",
        "web.config: existingSecret and data exclude each other",
    ),
    (
        "pod-monitor",
        "service-monitor",
        "serviceMonitor and podMonitor exclude each other",
    ),
    (
        "rrsa-token",
        "rrsa-webhook",
        "rrsa: roleName (by the webhook)",
    ),
    (
        "rrsa-webhook",
        "service-account",
        "expected serviceAccount.create",
    ),
    (
        "shards",
        "state-existing",
        "state.existingClaim: expected one shard",
    ),
];

/// Documents, and what is wrong with each.
const WRONG: [(&str, &str); 5] = [
    (
        "{apiVersion: v1, kind: Service, metadata: {name: x}, \
         spec: {ports: [{port: 1, prot: 1}]}}",
        "prot",
    ),
    (
        "{apiVersion: v1, kind: Servise, metadata: {name: x}}",
        "Servise",
    ),
    (
        "{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: x}, \
         spec: {selector: {}, podMetricsEndpoints: [{port: a, intervall: 30s}]}}",
        "the field .spec.podMetricsEndpoints[0].intervall is unknown",
    ),
    (
        "{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: x}, \
         spec: {selector: {}, endpoints: [{port: a, scheme: ftp}]}}",
        "spec.endpoints.0.scheme",
    ),
    (
        "{apiVersion: monitoring.coreos.com/v1, kind: PrometheusRule, metadata: {name: x}, \
         spec: {groups: [{name: g, rules: [{alert: A}]}]}}",
        "spec.groups.0.rules.0.expr",
    ),
];
