//! What Prometheus' own tool says of the rules.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::rule;

#[test]
fn prometheus_accepts_the_rules() {
    promtool(
        &["check", "rules"],
        &rule::files(&rule::folder(), ".rules.yml"),
    );
}

#[test]
fn alerts_fire_when_they_should_and_never_else() {
    promtool(&["test", "rules"], &tests());
}

#[test]
fn every_alert_is_tested() {
    let tests: String = tests()
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let untested: BTreeSet<String> = rule::alerts()
        .into_iter()
        .map(|alert| alert.name)
        .filter(|name| {
            !tests.contains(&format!(
                "ALERTS{{alertname=\"{name}\",alertstate=\"firing\",severity"
            ))
        })
        .collect();
    assert!(
        untested.is_empty(),
        "no test in deploy/prometheus/tests expects {untested:?} to fire"
    );
}

fn tests() -> Vec<PathBuf> {
    rule::files(&rule::folder().join("tests"), ".test.yml")
}

fn promtool(command: &[&str], files: &[PathBuf]) {
    let output = Command::new("promtool")
        .args(command)
        .args(files)
        .output()
        .expect("promtool is missing: apt-get install prometheus");
    assert!(
        output.status.success(),
        "promtool {}:\n{}{}",
        command.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
