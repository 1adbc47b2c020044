//! Every rule over one file, each finding as `file:line: rule`.

use sag_exporter::catalog;

use super::code::Code;
use super::floors;

/// What is wrong with a file of the project.
pub(crate) fn check(path: &str, text: &str) -> Vec<String> {
    let mut findings = written_rules(text);
    if path.ends_with(".rs") {
        findings.extend(code_rules(path, text));
    }
    if names_metrics(path) {
        findings.extend(metric_rule(text));
    }
    findings.sort();
    findings
        .into_iter()
        .map(|(line, rule)| format!("{path}:{line}: {rule}"))
        .collect()
}

type Finding = (usize, String);

/// Rules for everything that is written.
fn written_rules(text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.ends_with([' ', '\t', '\r']) {
            findings.push((number, "white space at the end of the line".to_owned()));
        }
        for (word, reason) in FORBIDDEN_WORDS {
            if line.contains(word) {
                findings.push((number, format!("`{word}`: {reason}")));
            }
        }
    }
    if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
        let last = text.lines().count();
        findings.push((last, "the file does not end with one line end".to_owned()));
    }
    findings
}

/// Rules for Rust code.
fn code_rules(path: &str, text: &str) -> Vec<Finding> {
    let code = Code::new(text);
    let mut findings = floors::check(path, &code);
    let lines = text.lines().count();
    if lines > MAX_LINES {
        findings.push((
            lines,
            format!("more than {MAX_LINES} lines: split the file"),
        ));
    }
    let is_test_file = !path.starts_with("src/") || is_test_path(path);
    for (number, line) in code.lines() {
        if line.contains("super::super") {
            findings.push((
                number,
                "`super::super`: name the path from the crate".to_owned(),
            ));
        }
        if line.contains("#[ignore") {
            findings.push((number, "an ignored test is no test".to_owned()));
        }
        if line.contains(".unwrap()") && !is_test_file && !code.is_test_line(number) {
            findings.push((number, "`.unwrap()` outside tests".to_owned()));
        }
        for write in WRITES {
            if line.contains(write) && path.starts_with("src/") && !path.starts_with(WRITERS) {
                let rule = format!("`{write}` outside {WRITERS}: nothing else changes the cloud");
                findings.push((number, rule));
            }
        }
    }
    findings
}

fn is_test_path(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// What people read or load into Prometheus and Grafana.
fn names_metrics(path: &str) -> bool {
    path.ends_with(".md") || path.starts_with("deploy/") || path.starts_with("dashboards/")
}

/// A metric that is named is a metric that exists.
fn metric_rule(text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for word in line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            if word.starts_with("sag_") && !is_metric(word) {
                findings.push((number, format!("`{word}` is not in the catalogue")));
            }
        }
    }
    findings
}

fn is_metric(word: &str) -> bool {
    if NOT_METRICS.contains(&word) {
        return true;
    }
    catalog::all().any(|family| match word.strip_prefix(family.name) {
        Some("") => true,
        Some("_bucket" | "_sum" | "_count") => family.kind == catalog::Kind::Histogram,
        // A pattern such as `sag_user_*` stands for the families that start so.
        _ => word.ends_with('_') && family.name.starts_with(word),
    })
}

/// What changes something in the cloud, and who alone may call it.
const WRITES: [&str; 2] = [".modify_client_user(", ".kick_out("];
const WRITERS: &str = "src/app/users/";

/// A label and the library itself.
const NOT_METRICS: [&str; 2] = ["sag_id", "sag_exporter"];

/// Long enough for one idea, short enough to be read at once.
const MAX_LINES: usize = 400;

/// Taken apart, so that this file may hold them.
const FORBIDDEN_WORDS: [(&str, &str); 4] = [
    (concat!("TO", "DO"), "do it, or write down why not"),
    (concat!("FIX", "ME"), "do it, or write down why not"),
    (concat!("/wo", "rk/"), "a path of somebody's machine"),
    (concat!("/ro", "ot/"), "a path of somebody's machine"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_found(path: &str, text: &str, expected: &[&str]) {
        assert_eq!(check(path, text), expected, "{path}: {text:?}");
    }

    #[test]
    fn good_files_pass() {
        assert_found("src/model/a.rs", "fn f() {}\n", &[]);
        assert_found(
            "README.md",
            "`sag_up{sag_id=\"x\"}` and `sag_user_*`\n",
            &[],
        );
        assert_found("README.md", "sag_session_duration_seconds_bucket\n", &[]);
        assert_found("docs/a.md", "", &[]);
        assert_found("src/model/tests.rs", "fn f() { x.unwrap(); }\n", &[]);
        assert_found("tests/model.rs", "fn f() { x.unwrap(); }\n", &[]);
        let below = "fn f() {}\n#[cfg(test)]\nmod tests {\n  fn g() { x.unwrap(); }\n}\n";
        assert_found("src/model/a.rs", below, &[]);
        assert_found("src/model/a.rs", "// never `.unwrap()` here\n", &[]);
    }

    #[test]
    fn each_rule_finds_its_breach() {
        assert_found(
            "src/model/a.rs",
            "fn f() {}\nfn g() { x.unwrap(); }\n",
            &["src/model/a.rs:2: `.unwrap()` outside tests"],
        );
        assert_found(
            "src/sweep/a.rs",
            "fn f() {\n  client.kick_out(region).await;\n}\n",
            &[
                "src/sweep/a.rs:2: `.kick_out(` outside src/app/users/: nothing else changes the cloud",
            ],
        );
        assert_found(
            "src/app/users/a.rs",
            "fn f() { client.kick_out(a); }\n",
            &[],
        );
        assert_found(
            "src/model/a.rs",
            "use super::super::b;\n",
            &["src/model/a.rs:1: `super::super`: name the path from the crate"],
        );
        assert_found(
            "tests/a.rs",
            "#[test]\n#[ignore = \"slow\"]\nfn f() {}\n",
            &["tests/a.rs:2: an ignored test is no test"],
        );
        assert_found(
            "deploy/a.yml",
            "a: 1 \n",
            &["deploy/a.yml:1: white space at the end of the line"],
        );
        assert_found(
            "docs/a.md",
            "a",
            &["docs/a.md:1: the file does not end with one line end"],
        );
        assert_found(
            "README.md",
            "\n`sag_users` and sag_up_bucket\n",
            &[
                "README.md:2: `sag_up_bucket` is not in the catalogue",
                "README.md:2: `sag_users` is not in the catalogue",
            ],
        );
        assert_found(
            "benches/a.rs",
            &"\n".repeat(401).replace('\n', "//\n"),
            &["benches/a.rs:401: more than 400 lines: split the file"],
        );
        for (word, reason) in FORBIDDEN_WORDS {
            assert_found(
                "CHANGELOG.md",
                &format!("a {word} b\n"),
                &[&format!("CHANGELOG.md:1: `{word}`: {reason}")],
            );
        }
        assert_found(
            "src/secret.rs",
            "use crate::cli;\n",
            &["src/secret.rs:1: `secret` (floor 0) imports `cli` of the higher floor 7"],
        );
    }
}
