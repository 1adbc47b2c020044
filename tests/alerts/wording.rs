//! What the people and programs that receive an alert rely on.

use std::collections::BTreeSet;

use crate::rule::{self, Kind, Rule};

#[test]
fn alerts_are_named_labelled_and_explained_alike() {
    for alert in rule::alerts() {
        let name = &alert.name;
        let is_camel = name.chars().all(char::is_alphanumeric);
        assert!(is_camel && name.starts_with("Sag"), "{name}");
        let labels: Vec<_> = alert.labels.iter().collect();
        assert!(
            matches!(&labels[..], [(key, value)] if *key == "severity" && SEVERITIES.contains(&value.as_str())),
            "{name}: {labels:?}"
        );
        let annotations: Vec<_> = alert.annotations.keys().collect();
        assert_eq!(
            annotations,
            ["description", "runbook_url", "summary"],
            "{name}"
        );
        assert!(
            alert.annotations.values().all(|text| !text.contains('\n')),
            "{name}"
        );
    }
}

/// An alert compares with a threshold, or with 0 or 1, or asks for absence.
#[test]
fn numbers_stand_with_the_thresholds() {
    let numbers: Vec<(String, String)> = rule::alerts()
        .iter()
        .flat_map(|alert| {
            let text = alert.expression.clone();
            let words = text.split(|c: char| !c.is_alphanumeric() && c != '.' && c != '_');
            let numbers =
                words.filter(|word| word.parse::<f64>().is_ok_and(|n| n != 0.0 && n != 1.0));
            let name = alert.name.clone();
            numbers
                .map(|n| (name.clone(), n.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(numbers.is_empty(), "{numbers:?}");
}

#[test]
fn a_threshold_that_is_missing_is_noticed() {
    let rules = rule::all();
    let recorded: BTreeSet<&str> = rules
        .iter()
        .filter(|rule| rule.kind == Kind::Record)
        .map(|rule| rule.name.as_str())
        .filter(|name| name.starts_with("sag:threshold:"))
        .collect();
    let guard = rules
        .iter()
        .find(|rule| rule.name == "SagThresholdsMissing");
    let guard = guard.unwrap();
    for threshold in &recorded {
        let absent = format!("absent({threshold})");
        assert!(guard.expression.contains(&absent), "no {absent}");
        let is_used = |rule: &Rule| rule.name != guard.name && rule.expression.contains(threshold);
        assert!(rules.iter().any(is_used), "nothing reads {threshold}");
    }
}

const SEVERITIES: [&str; 3] = ["critical", "warning", "info"];
