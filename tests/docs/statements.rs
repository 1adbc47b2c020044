//! Flags, keys and messages that the documents name, against the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sag_exporter::config;
use serde_json::Value;

use crate::links::pages;

#[test]
fn every_flag_exists() {
    let known = flags_of_the_program();
    assert!(known.len() > 15, "{known:?}");
    let unknown: Vec<_> = words(|c| c.is_ascii_lowercase() || matches!(c, '-' | '.'))
        .into_iter()
        // Those with a dot are ours; other programs have others.
        .filter(|(_, word)| word.starts_with("--") && word.contains('.'))
        .map(|(page, word)| (page, word.trim_end_matches('.').to_owned()))
        .filter(|(_, word)| word.contains('.') && !known.contains(word))
        .collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn every_key_of_the_configuration_exists() {
    let schema = config::schema();
    let sections = schema["properties"].as_object().unwrap();
    let mut seen = 0;
    let unknown: Vec<_> = words(|c| c.is_ascii_lowercase() || matches!(c, '_' | '.' | '-'))
        .into_iter()
        // Values of the chart stand there, which has a test of its own.
        .filter(|(page, _)| !page.ends_with("kubernetes.md"))
        .filter(|(_, word)| {
            let Some((section, key)) = word.split_once('.') else {
                return false;
            };
            let keys = sections.get(section).and_then(|section| {
                let of_items = section.pointer("/items/properties");
                of_items.or(section.get("properties"))
            });
            let is_file = ["rules", "yml", "test", "md", "jsonl"]
                .iter()
                .any(|end| key.starts_with(end));
            seen += usize::from(keys.is_some());
            keys.is_some_and(|keys| !is_file && !has(keys, key))
        })
        .collect();
    assert!(seen > 10, "only {seen} keys");
    assert!(unknown.is_empty(), "{unknown:#?}");
}

/// What the page on troubleshooting quotes is what the program says.
#[test]
fn every_message_is_one_of_the_program() {
    let page = fs::read_to_string(root().join("docs/troubleshooting.md")).unwrap();
    let code: String = sources()
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    for message in MESSAGES {
        assert!(
            page.contains(message),
            "the page does not quote {message:?}"
        );
        assert!(code.contains(message), "nothing says {message:?}");
    }
}

/// Whether there is such a key, and below it the rest of the path.
fn has(keys: &Value, path: &str) -> bool {
    let (key, rest) = path.split_once('.').unwrap_or((path, ""));
    match keys.get(key) {
        None => key.is_empty(),
        Some(_) if rest.is_empty() => true,
        Some(below) => below.get("properties").is_none_or(|keys| has(keys, rest)),
    }
}

/// The words of all pages, made of such characters.
fn words(is_part: impl Fn(char) -> bool) -> Vec<(PathBuf, String)> {
    let mut words = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let found = text.split(|c| !is_part(c)).filter(|word| !word.is_empty());
        words.extend(found.map(|word| (page.clone(), word.to_owned())));
    }
    words
}

fn flags_of_the_program() -> BTreeSet<String> {
    let mut flags = BTreeSet::new();
    for command in [
        "serve", "demo", "simulate", "once", "check", "plan", "whois",
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_sag-exporter"))
            .args(["help", command])
            .output()
            .unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        let words = help.split(|c: char| !(c.is_ascii_lowercase() || matches!(c, '-' | '.')));
        flags.extend(
            words
                .filter(|word| word.starts_with("--"))
                .map(str::to_owned),
        );
    }
    flags
}

fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

const MESSAGES: [&str; 12] = [
    "neither --config.file nor --sag.region is given",
    "cannot listen on ",
    "the first sweep has not ended yet",
    "no sweep has read anything so far",
    "shutting down",
    "credential cannot be obtained",
    "others can read this key",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
    "MissingSecurityToken",
    "InvalidTimeStamp",
    "SignatureNonceUsed",
];
