//! The rules with all times shortened, for tests alone: what takes minutes for
//! a person takes seconds here. The expressions stay what they are.

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
    let lines = text.lines().map(|line| {
        let key = line.trim_start();
        let indent = line.strip_suffix(key).unwrap_or_default();
        if key.starts_with("for: ") {
            return format!("{indent}for: 2s\n");
        }
        // The age after which something is stale: a minute becomes a second.
        let line = match key.strip_prefix("expr: vector(") {
            Some("600)" | "1800)" | "7200)") => format!("{indent}expr: vector(15)"),
            _ => line.to_owned(),
        };
        format!("{}\n", line.replace("[15m]", "[20s]"))
    });
    lines.collect()
}

#[test]
fn only_times_are_shortened() {
    for (line, expected) in [
        ("        for: 15m\n", "        for: 2s\n"),
        ("        expr: vector(600)\n", "        expr: vector(15)\n"),
        ("        expr: vector(0.9)\n", "        expr: vector(0.9)\n"),
        ("  expr: rate(a[15m]) for\n", "  expr: rate(a[20s]) for\n"),
        ("  description: for: a\n", "  description: for: a\n"),
    ] {
        assert_eq!(hurried(line), expected);
    }
}
