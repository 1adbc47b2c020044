//! How a tree of nodes becomes options: a table of keys for each mapping.
//!
//! A decoder reports what is wrong where it finds it and goes on beside it. Its
//! result says only whether there is a value, so that no default ever stands in
//! for a value that was refused.

use super::node::{Node, Value};
use super::problem::{Refused, Report};

pub(super) use super::problem::Checked;

/// A node with its path, and the report to which its problems go.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    pub(super) node: &'a Node,
    /// The line to name: the node's own, or that of its key where there is no
    /// value.
    pub(super) line: usize,
    pub(super) path: String,
    pub(super) report: &'a Report,
}

impl<'a> Cursor<'a> {
    pub(super) fn root(node: &'a Node, report: &'a Report) -> Self {
        Self {
            node,
            line: node.line,
            path: String::new(),
            report,
        }
    }

    /// Reports what is wrong with this node.
    pub(super) fn refuse<T>(&self, text: impl Into<String>) -> Checked<T> {
        self.report.problem(Some(self.line), &self.path, text);
        Err(Refused)
    }

    /// Reports that the node is of another kind than `expected`. The content is
    /// not quoted: it may be a secret in the wrong place.
    pub(super) fn refuse_kind<T>(&self, expected: &str) -> Checked<T> {
        let found = self.node.value.kind();
        self.refuse(format!("found {found}: expected {expected}"))
    }

    /// Refuses a value that stood before as the same thing in the same scope.
    pub(super) fn unique(&self, what: &'static str, scope: &str, value: &str) -> Checked<()> {
        match self.report.first_use(what, scope, value, self.line) {
            None => Ok(()),
            Some(first) => self.refuse(format!(
                "the {what} {value:?} is given twice: first on line {first}"
            )),
        }
    }

    /// The items of a list, each decoded.
    pub(super) fn list<T>(
        &self,
        limit: usize,
        expected: &str,
        decode: impl Fn(&Cursor<'_>) -> Checked<T>,
    ) -> Checked<Vec<T>> {
        let Value::List(items) = &self.node.value else {
            return self.refuse_kind(expected);
        };
        if items.len() > limit {
            return self.refuse(format!("{} entries: expected at most {limit}", items.len()));
        }
        // All of them are decoded before the first refusal ends it.
        let decoded: Vec<Checked<T>> = (0..)
            .zip(items)
            .map(|(index, node)| {
                let item = Cursor {
                    node,
                    line: node.line,
                    path: format!("{}[{index}]", self.path),
                    report: self.report,
                };
                decode(&item)
            })
            .collect();
        decoded.into_iter().collect()
    }

    fn child(&self, key: &str, key_line: usize, node: &'a Node) -> Self {
        let line = match node.value {
            Value::Null => key_line,
            _ => node.line,
        };
        Self {
            node,
            line,
            path: join(&self.path, key),
            report: self.report,
        }
    }
}

/// The keys of one mapping. Ask for each key that may stand there, then
/// [`finish`](Fields::finish), which reports those that nobody asked for.
pub(super) struct Fields<'a> {
    at: Cursor<'a>,
    entries: Vec<Entry<'a>>,
    known: Vec<&'static str>,
    /// Whether a key may be a secret in the wrong place.
    holds_secrets: bool,
}

struct Entry<'a> {
    key: &'a str,
    key_line: usize,
    node: &'a Node,
}

impl<'a> Fields<'a> {
    /// Opens a mapping, and reports keys that stand twice.
    pub(super) fn open(at: &Cursor<'a>, expected: &str) -> Checked<Self> {
        let Value::Map(pairs) = &at.node.value else {
            return at.refuse_kind(expected);
        };
        if pairs.len() > MAX_KEYS {
            return at.refuse(format!("{} keys: expected at most {MAX_KEYS}", pairs.len()));
        }
        let mut entries: Vec<Entry<'a>> = Vec::with_capacity(pairs.len());
        for (key, node) in pairs {
            let key_line = key.line;
            let Value::Scalar { text, .. } = &key.value else {
                let text = format!("found {} as a key: expected text", key.value.kind());
                at.report.problem(Some(key_line), &at.path, text);
                continue;
            };
            let first = entries.iter().find(|entry| entry.key == text);
            if let Some(first) = first {
                let path = join(&at.path, quotable(text).unwrap_or_default());
                let text = format!("the key is given twice: first on line {}", first.key_line);
                at.report.problem(Some(key_line), &path, text);
                continue;
            }
            entries.push(Entry {
                key: text,
                key_line,
                node,
            });
        }
        Ok(Self {
            at: at.clone(),
            entries,
            known: Vec::new(),
            holds_secrets: false,
        })
    }

    /// Quotes no key that is not nearly a known one.
    pub(super) fn holding_secrets(mut self) -> Self {
        self.holds_secrets = true;
        self
    }

    /// The node of a key, if it is there.
    pub(super) fn get(&mut self, key: &'static str) -> Option<Cursor<'a>> {
        self.known.push(key);
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(self.at.child(key, entry.key_line, entry.node))
    }

    /// A key that may be left out.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        decode: impl FnOnce(&Cursor<'a>) -> Checked<T>,
    ) -> Checked<Option<T>> {
        self.get(key).map(|cursor| decode(&cursor)).transpose()
    }

    /// A key that may be left out and then has a default.
    pub(super) fn or<T>(
        &mut self,
        key: &'static str,
        default: T,
        decode: impl FnOnce(&Cursor<'a>) -> Checked<T>,
    ) -> Checked<T> {
        Ok(self.optional(key, decode)?.unwrap_or(default))
    }

    /// A key that must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        decode: impl FnOnce(&Cursor<'a>) -> Checked<T>,
    ) -> Checked<T> {
        match self.get(key) {
            Some(cursor) => decode(&cursor),
            None => self
                .at
                .refuse(format!("the key {key} is missing: expected {expected}")),
        }
    }

    /// Reports a problem of the mapping as a whole.
    pub(super) fn refuse<T>(&self, text: impl Into<String>) -> Checked<T> {
        self.at.refuse(text)
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self) {
        for entry in &self.entries {
            if !self.known.contains(&entry.key) {
                let text = unknown(entry.key, &self.known, self.holds_secrets);
                self.at
                    .report
                    .problem(Some(entry.key_line), &self.at.path, text);
            }
        }
    }
}

/// What to say of an unknown key. A key that does not look like one is not
/// quoted: `access_key_secret:hunter2` without a space is a key for YAML.
fn unknown(key: &str, known: &[&'static str], may_be_secret: bool) -> String {
    let expected = known.join(", ");
    match (quotable(key), nearest(key, known)) {
        (Some(key), Some(nearest)) => {
            format!("the key {key} is unknown: did you mean {nearest}?")
        }
        (Some(key), None) if !may_be_secret => {
            format!("the key {key} is unknown: expected {expected}")
        }
        _ => format!(
            "a key (not shown) is unknown, maybe for want of a space after its colon: \
             expected {expected}"
        ),
    }
}

fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let found = bare(key);
    let (distance, nearest) = known
        .iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&found, &bare(candidate));
            (distance, *candidate)
        })
        .min()?;
    (distance <= 2.min(found.len() / 3)).then_some(nearest)
}

/// A key as it is compared: `accessKeyId` is `access_key_id`.
fn bare(key: &str) -> String {
    key.chars()
        .filter(char::is_ascii_alphabetic)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// The key if it looks like one: a secret has digits or is longer.
fn quotable(key: &str) -> Option<&str> {
    const LIMIT_BYTES: usize = 40;
    let looks_like_a_key = (1..=LIMIT_BYTES).contains(&key.len())
        && key
            .bytes()
            .all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-'));
    looks_like_a_key.then_some(key)
}

fn join(path: &str, key: &str) -> String {
    match (path, key) {
        ("", key) => key.to_owned(),
        (path, "") => path.to_owned(),
        (path, key) => format!("{path}.{key}"),
    }
}

/// No mapping has a quarter of it; each key is compared with all others.
const MAX_KEYS: usize = 64;
