//! The manifests for those without Helm, which are made from the chart.

use std::fs;
use std::path::PathBuf;

use crate::fresh::fresh;
use crate::judge::accept;
use crate::object::Object;
use crate::program::check;
use crate::render::{chart, helm, root};

#[test]
fn the_plain_manifests_are_what_the_chart_makes() {
    for (name, what) in MANIFESTS {
        let text = format!("{}{}", head(name, what), plain(&render(name)));
        fresh(&folder().join(format!("{name}.yml")), &text);
    }
}

#[test]
fn the_plain_manifests_are_valid_and_know_nothing_of_helm() {
    let copies = tempfile::tempdir().unwrap();
    for (name, _) in MANIFESTS {
        let text = fs::read_to_string(folder().join(format!("{name}.yml"))).unwrap();
        for word in ["Helm", "helm.sh", "checksum", "release-"] {
            let body: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
            assert!(!body.join("\n").contains(word), "{name} speaks of {word}");
        }
        for object in Object::all(&text) {
            // So that `kubectl --namespace` decides.
            assert!(
                object.at("/metadata/namespace").is_null(),
                "{name}: {object:?}"
            );
            assert!(
                object.name().starts_with("sag-exporter"),
                "{name}: {object:?}"
            );
        }
        fs::write(copies.path().join(name), text).unwrap();
    }
    accept(copies.path());
}

#[test]
fn the_program_accepts_what_the_plain_manifests_hand_to_it() {
    for name in ["single", "shards"] {
        let text = fs::read_to_string(folder().join(format!("{name}.yml"))).unwrap();
        let output = check(&Object::all(&text));
        assert_eq!(output.status.code(), Some(0), "{name}: {output:?}");
    }
}

fn render(name: &str) -> String {
    let values = folder().join("values").join(format!("{name}.yaml"));
    let mut arguments = vec!["template".into(), "sag-exporter".into(), chart()];
    arguments.extend(["--values".into(), values]);
    if *name == *"monitoring" {
        for template in ["podmonitor", "prometheusrule"] {
            arguments.extend([
                "--show-only".into(),
                format!("templates/{template}.yaml").into(),
            ]);
        }
    }
    let output = helm(arguments);
    assert!(output.status.success(), "{name}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Without what only Helm needs: its labels, the namespace of a release, and the
/// digest that makes new pods of a new configuration.
fn plain(rendered: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in rendered.lines() {
        let word = line.trim_start();
        if word.starts_with("checksum/config:") {
            assert_eq!(lines.pop().map(str::trim), Some("annotations:"));
        } else if !HELMS_OWN.iter().any(|start| word.starts_with(start)) {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}

fn head(name: &str, what: &str) -> String {
    format!(
        "# {what}\n# docs/kubernetes.md tells what to change. Made from the chart with\n\
         # values/{name}.yaml, so change a copy.\n"
    )
}

fn folder() -> PathBuf {
    root().join("deploy/kubernetes")
}

const HELMS_OWN: [&str; 4] = [
    "# Source:",
    "helm.sh/chart:",
    "app.kubernetes.io/managed-by:",
    "namespace: default",
];

const MANIFESTS: [(&str, &str); 3] = [
    ("single", "One process for all instances."),
    (
        "shards",
        "Three processes that share the instances: change `replicas` and /3 together.",
    ),
    (
        "monitoring",
        "What Prometheus' operator needs to scrape them, and the alerts.",
    ),
];
