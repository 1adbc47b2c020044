//! The rule files of `deploy/prometheus/` as data.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode, Yaml};

/// A recording or alerting rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) kind: Kind,
    /// The name of the alert, or of the series that is recorded.
    pub(crate) name: String,
    pub(crate) expression: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Alert,
    Record,
}

/// Every rule, in the order of the files and of their lines.
pub(crate) fn all() -> Vec<Rule> {
    let rules: Vec<Rule> = files(&folder(), ".rules.yml")
        .iter()
        .flat_map(|file| read(&fs::read_to_string(file).unwrap()))
        .collect();
    assert!(rules.len() > 20, "only {} rules", rules.len());
    rules
}

/// Every alert.
pub(crate) fn alerts() -> Vec<Rule> {
    let mut rules = all();
    rules.retain(|rule| rule.kind == Kind::Alert);
    rules
}

/// Where the rules are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus")
}

/// The files of a folder whose names end so, in order.
pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no {ending} in {folder:?}");
    files
}

/// The rules of one file.
pub(crate) fn read(text: &str) -> Vec<Rule> {
    let documents = Yaml::load_from_str(text).unwrap();
    let groups = documents.first().unwrap().as_mapping_get("groups").unwrap();
    let groups = groups.as_vec().unwrap().iter();
    groups
        .flat_map(|group| group.as_mapping_get("rules").unwrap().as_vec().unwrap())
        .map(rule)
        .collect()
}

fn rule(node: &Yaml<'_>) -> Rule {
    let word = |key: &str| {
        let value = node.as_mapping_get(key)?;
        Some(value.as_str().unwrap().to_owned())
    };
    let (kind, name) = match (word("alert"), word("record")) {
        (Some(name), None) => (Kind::Alert, name),
        (None, Some(name)) => (Kind::Record, name),
        other => panic!("neither alert nor record: {other:?}"),
    };
    Rule {
        kind,
        name,
        expression: word("expr").unwrap(),
        labels: pairs(node, "labels"),
        annotations: pairs(node, "annotations"),
    }
}

fn pairs(node: &Yaml<'_>, key: &str) -> BTreeMap<String, String> {
    let Some(mapping) = node.as_mapping_get(key) else {
        return BTreeMap::new();
    };
    let word = |node: &Yaml<'_>| node.as_str().unwrap().to_owned();
    let mapping = mapping.as_mapping().unwrap().iter();
    mapping
        .map(|(key, value)| (word(key), word(value)))
        .collect()
}
