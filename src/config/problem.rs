//! What is wrong with a configuration: all of it, with lines.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line in the file, from 1; `None` if it is about the file as a whole
    /// or there is no file.
    pub line: Option<usize>,
    /// Where in the configuration, such as `accounts[0].rate`; may be empty.
    pub path: String,
    /// What was found and what is expected. Never a secret.
    pub text: String,
}

/// The path and the text.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.text)
    }
}

/// Everything that is wrong with a configuration, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Errors {
    /// The name of the file, or of the flags in its stead.
    origin: String,
    problems: Vec<Problem>,
    /// How many more there are.
    unlisted: usize,
}

impl Errors {
    pub(super) fn new(origin: String, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.line);
        let unlisted = problems.len().saturating_sub(MAX_LISTED);
        problems.truncate(MAX_LISTED);
        Self {
            origin,
            problems,
            unlisted,
        }
    }

    pub(super) fn one(origin: String, line: Option<usize>, text: String) -> Self {
        let path = String::new();
        Self::new(origin, vec![Problem { line, path, text }])
    }

    /// What is wrong; at least one thing.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// One problem on each line.
impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", self.origin)?;
            if let Some(line) = problem.line {
                write!(f, ":{line}")?;
            }
            write!(f, ": {problem}")?;
        }
        if self.unlisted > 0 {
            write!(f, "\n{}: and {} more", self.origin, self.unlisted)?;
        }
        Ok(())
    }
}

/// A value, or the news that a problem was reported in its stead.
pub(super) type Checked<T> = Result<T, Refused>;

/// A problem was reported.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused;

/// Where the decoders put the problems that they meet, and the files whose
/// presence is checked once everything is decoded.
#[derive(Default)]
pub(super) struct Report {
    problems: RefCell<Vec<Problem>>,
    files: RefCell<Vec<ReferencedFile>>,
    holds_inline_secret: Cell<bool>,
    /// What must not stand twice: (what, scope, value) with the first line.
    used: RefCell<HashMap<(&'static str, String, String), usize>>,
}

/// A file that the configuration names.
pub(super) struct ReferencedFile {
    pub(super) file: PathBuf,
    pub(super) line: usize,
    pub(super) path: String,
}

impl Report {
    pub(super) fn problem(&self, line: Option<usize>, path: &str, text: impl Into<String>) {
        self.problems.borrow_mut().push(Problem {
            line,
            path: path.to_owned(),
            text: text.into(),
        });
    }

    /// A problem with the file as such, after which there is no value.
    pub(super) fn refuse<T>(&self, line: Option<usize>, text: impl Into<String>) -> Checked<T> {
        self.problem(line, "", text);
        Err(Refused)
    }

    pub(super) fn needs_file(&self, file: ReferencedFile) {
        self.files.borrow_mut().push(file);
    }

    /// Notes the use of a value; yields the line of the first use if this is
    /// another one.
    pub(super) fn first_use(
        &self,
        what: &'static str,
        scope: &str,
        value: &str,
        line: usize,
    ) -> Option<usize> {
        let key = (what, scope.to_owned(), value.to_owned());
        match self.used.borrow_mut().entry(key) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(place) => {
                place.insert(line);
                None
            }
        }
    }

    /// Notes that a secret stands in the file itself.
    pub(super) fn inline_secret(&self) {
        self.holds_inline_secret.set(true);
    }

    pub(super) fn holds_inline_secret(&self) -> bool {
        self.holds_inline_secret.get()
    }

    pub(super) fn take_files(&self) -> Vec<ReferencedFile> {
        self.files.take()
    }

    pub(super) fn take_problems(&self) -> Vec<Problem> {
        self.problems.take()
    }
}

/// What a person reads in one go; a file with more is no configuration.
const MAX_LISTED: usize = 100;
