//! Rules from a file.
//!
//! ```yaml
//! rules:
//!   - action: DescribeUserOnlineClients   # which calls; all of it is optional
//!     sag_id: sag-abc
//!     user: wei.zhang
//!     after: 10                           # the first ten pass
//!     times: 5                            # then five are affected
//!     probability: 0.5
//!     effect: {latency: 2s}
//! ```
//!
//! An effect is a word (`drop`) or a word with an argument (`latency: 2s`).

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use saphyr::{LoadableYamlNode, MarkedYaml};

use crate::model::Action;
use crate::sim::fault::effect;
use crate::sim::fault::yaml::{Entry, Node};
use crate::sim::fault::{Effect, Rule};

/// A file of rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Script {
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
}

/// A file of rules that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It cannot be read.
    #[error("cannot read the fault script {file}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is too large.
    #[error("fault script {file} is too large: expected at most {LIMIT_BYTES} bytes")]
    TooLarge {
        /// The file.
        file: String,
    },
    /// It says something that has no meaning here.
    #[error("{}", lines(.0))]
    Content(Vec<ScriptProblem>),
}

/// One thing in a file of rules that has no meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptProblem {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What was found and what was expected.
    pub message: String,
}

impl fmt::Display for ScriptProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

impl Script {
    /// Reads a file of rules, YAML or JSON.
    ///
    /// # Errors
    ///
    /// If it cannot be read; otherwise all problems at once, each with its line.
    pub fn load(path: &Path) -> Result<Self, ScriptError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&file, &text),
            Err(source) => Err(ScriptError::Read { file, source }),
        }
    }

    /// Reads rules from the text of a file.
    ///
    /// # Errors
    ///
    /// All problems at once, each with its line.
    pub fn parse(file: &str, text: &str) -> Result<Self, ScriptError> {
        let file = file.to_owned();
        if text.len() > LIMIT_BYTES {
            return Err(ScriptError::TooLarge { file });
        }
        let mut reader = Reader {
            file,
            problems: Vec::new(),
        };
        let rules = reader.document(text);
        if reader.problems.is_empty() {
            return Ok(Self { rules });
        }
        Err(ScriptError::Content(reader.problems))
    }
}

/// Collects problems while it reads.
#[derive(Debug)]
pub(super) struct Reader {
    file: String,
    problems: Vec<ScriptProblem>,
}

impl Reader {
    pub(super) fn problem(&mut self, line: usize, message: impl Into<String>) {
        self.problems.push(ScriptProblem {
            file: self.file.clone(),
            line,
            message: message.into(),
        });
    }

    /// The value of a scalar, or a problem that names the expectation.
    pub(super) fn scalar<T: FromStr>(&mut self, node: Node<'_>, expected: &str) -> Option<T> {
        let found = node.text();
        let value = found.as_deref().and_then(|text| text.parse().ok());
        if value.is_none() {
            let found = found.map_or_else(|| "nothing".to_owned(), |text| format!("{text:?}"));
            self.problem(node.line(), format!("found {found}: expected {expected}"));
        }
        value
    }

    fn document(&mut self, text: &str) -> Vec<Rule> {
        let documents = match MarkedYaml::load_from_str(text) {
            Ok(documents) => documents,
            Err(error) => {
                self.problem(error.marker().line(), error.info());
                return Vec::new();
            }
        };
        let expected = "expected one document with the key rules";
        let [document] = documents.as_slice() else {
            self.problem(1, expected);
            return Vec::new();
        };
        let document = Node::new(document);
        let Some(entries) = document.entries() else {
            self.problem(document.line(), expected);
            return Vec::new();
        };
        entries.iter().flat_map(|entry| self.top(entry)).collect()
    }

    fn top(&mut self, entry: &Entry<'_>) -> Vec<Rule> {
        if entry.key != "rules" {
            self.unknown(entry, "rules");
            return Vec::new();
        }
        let Some(items) = entry.value.items() else {
            self.problem(entry.line, "rules is no list: expected a list of rules");
            return Vec::new();
        };
        if items.len() > LIMIT_RULES {
            let message = format!("{} rules: expected at most {LIMIT_RULES}", items.len());
            self.problem(entry.line, message);
        }
        let items = items.into_iter().take(LIMIT_RULES);
        items.filter_map(|item| self.rule(item)).collect()
    }

    fn rule(&mut self, node: Node<'_>) -> Option<Rule> {
        let Some(entries) = node.entries() else {
            self.problem(node.line(), "expected a rule with the key effect");
            return None;
        };
        let Some(effect) = entries.iter().find(|entry| entry.key == "effect") else {
            self.problem(
                node.line(),
                "the rule has no effect: expected the key effect",
            );
            return None;
        };
        let effect = self.effect(effect.value);
        let mut rule = Rule::new(effect.clone().unwrap_or(Effect::Drop));
        for entry in entries.iter().filter(|entry| entry.key != "effect") {
            rule = self.condition(rule, entry);
        }
        effect.map(|_| rule)
    }

    fn condition(&mut self, rule: Rule, entry: &Entry<'_>) -> Rule {
        let node = entry.value;
        let count = "a number of calls";
        let changed = match entry.key.as_str() {
            "action" => {
                let name = self.scalar::<String>(node, "the name of an operation");
                let Some(action) = name.as_deref().map(Action::parse) else {
                    return rule;
                };
                if action.is_none() {
                    let names = Action::ALL.map(Action::as_str).join(", ");
                    self.problem(
                        node.line(),
                        format!("unknown action: expected one of {names}"),
                    );
                }
                action.map(|action| rule.clone().on(action))
            }
            "sag_id" => self
                .scalar(node, "an instance id")
                .map(|id: String| rule.clone().sag_id(id)),
            "user" => self
                .scalar(node, "a user name")
                .map(|user: String| rule.clone().user(user)),
            "after" => self
                .scalar(node, count)
                .map(|skip| rule.clone().after(skip)),
            "times" => self
                .scalar(node, count)
                .map(|times| rule.clone().times(times)),
            "probability" => {
                let chance: Option<f64> = self.scalar(node, "a number from 0 to 1");
                if chance.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
                    self.problem(node.line(), "probability out of range: expected 0 to 1");
                }
                chance.map(|chance| rule.clone().chance(chance))
            }
            _ => {
                self.unknown(entry, CONDITIONS);
                None
            }
        };
        changed.unwrap_or(rule)
    }

    fn effect(&mut self, node: Node<'_>) -> Option<Effect> {
        if let Some(word) = node.text() {
            return effect::plain(self, node.line(), &word);
        }
        match node.entries().as_deref() {
            Some([entry]) => effect::with_argument(self, entry),
            _ => {
                let message = "expected an effect: a word, or one word with its argument";
                self.problem(node.line(), message);
                None
            }
        }
    }

    pub(super) fn unknown(&mut self, entry: &Entry<'_>, expected: &str) {
        let message = format!("unknown key {:?}: expected {expected}", entry.key);
        self.problem(entry.line, message);
    }
}

fn lines(problems: &[ScriptProblem]) -> String {
    let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

const CONDITIONS: &str = "action, sag_id, user, after, times, probability or effect";

/// A file of this size was not written by hand.
const LIMIT_BYTES: usize = 1 << 20;

/// Every call is compared with every rule.
const LIMIT_RULES: usize = 1_000;

#[cfg(test)]
mod tests;
