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

#[test]
fn alertmanager_accepts_the_example_and_it_names_real_alerts() {
    let example = rule::folder().join("alertmanager.example.yml");
    run("amtool", &["check-config"], std::slice::from_ref(&example));
    let names: BTreeSet<String> = rule::alerts().into_iter().map(|alert| alert.name).collect();
    let text = fs::read_to_string(example).unwrap();
    let words = text.split(|c: char| !c.is_alphanumeric());
    let named: BTreeSet<String> = words
        .filter(|word| word.starts_with("Sag"))
        .map(str::to_owned)
        .collect();
    assert!(!named.is_empty() && named.is_subset(&names), "{named:?}");
}

fn tests() -> Vec<PathBuf> {
    rule::files(&rule::folder().join("tests"), ".test.yml")
}

fn promtool(command: &[&str], files: &[PathBuf]) {
    run("promtool", command, files);
}

fn run(program: &str, command: &[&str], files: &[PathBuf]) {
    let output = Command::new(program)
        .args(command)
        .args(files)
        .output()
        .unwrap_or_else(|error| {
            panic!("{program}: {error}: apt-get install prometheus prometheus-alertmanager")
        });
    assert!(
        output.status.success(),
        "{program} {}:\n{}{}",
        command.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
