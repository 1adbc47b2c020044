//! The rules with all times shortened, for tests alone: what takes minutes for
//! a person takes seconds here, but never so few that a busy machine, on which a
//! sweep or a scrape fails for once, looks like trouble. The expressions stay
//! what they are.

use std::fs;
use std::path::Path;

use crate::rule;

/// Writes hurried copies of the rule files into a folder.
pub(crate) fn rules(folder: &Path) {
    for file in rule::files(&rule::folder(), ".rules.yml") {
        let text = fs::read_to_string(&file).unwrap();
        fs::write(folder.join(file.file_name().unwrap()), hurried(&text)).unwrap();
    }
}

fn hurried(text: &str) -> String {
    let mut patience = "";
    let lines = text.lines().map(|line| {
        let key = line.trim_start();
        let indent = line.strip_suffix(key).unwrap_or_default();
        if let Some(alert) = key.strip_prefix("- alert: ") {
            patience = self::patience(alert);
        }
        if key.starts_with("for: ") {
            return format!("{indent}for: {patience}\n");
        }
        // The age after which something is stale: it must not become so in a test.
        let line = match key.strip_prefix("expr: vector(") {
            Some("600)" | "1800)" | "7200)") => format!("{indent}expr: vector(300)"),
            _ => line.to_owned(),
        };
        format!("{}\n", line.replace("[15m]", "[60s]"))
    });
    lines.collect()
}

/// For how long a condition must last.
fn patience(alert: &str) -> &'static str {
    match alert {
        // Nothing is scraped before Prometheus has found its targets.
        "SagExporterAbsent" => "5m",
        _ => "5s",
    }
}

#[test]
fn only_times_are_shortened() {
    for (line, expected) in [
        ("- alert: A\n  for: 15m\n", "- alert: A\n  for: 5s\n"),
        ("        expr: vector(600)\n", "        expr: vector(300)\n"),
        ("        expr: vector(0.9)\n", "        expr: vector(0.9)\n"),
        ("  expr: rate(a[15m]) for\n", "  expr: rate(a[60s]) for\n"),
        ("  description: for: a\n", "  description: for: a\n"),
    ] {
        assert_eq!(hurried(line), expected);
    }
}
