//! What is expected of which user: the operator's policy.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::model::{Kbps, SagId};

/// The entries in the order in which they are tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy(Vec<Entry>);

/// What is expected of the users that a pattern matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The names of the users.
    pub users: Pattern,
    /// The instance; all of them if it is left out.
    pub sag_id: Option<SagId>,
    /// What is expected.
    pub limits: Limits,
}

/// What is expected of a user. What is left out is not judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// So many sessions at once at most.
    pub sessions: Option<NonZeroU32>,
    /// A session lasts at most so long.
    pub session_length: Option<Duration>,
    /// The bandwidth that was allotted.
    pub bandwidth: Option<Kbps>,
    /// The user is online at least once in so long a time.
    pub dormant: Option<Duration>,
}

/// There are too many entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} entries of the policy: expected at most {MAX_ENTRIES}")]
pub struct TooMany(usize);

/// A pattern is empty or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a pattern of {0} characters: expected 1 to {MAX_PATTERN_CHARS}, * for any text and ? for any \
     character"
)]
pub struct PatternError(usize);

impl Policy {
    /// A policy of these entries.
    ///
    /// # Errors
    ///
    /// If there are too many of them.
    pub fn new(entries: Vec<Entry>) -> Result<Self, TooMany> {
        if entries.len() > MAX_ENTRIES {
            return Err(TooMany(entries.len()));
        }
        Ok(Self(entries))
    }

    /// The entries in the order in which they are tried.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// What is expected of a user: the first entry that matches says it.
    pub fn limits(&self, sag_id: &SagId, user: &str) -> Limits {
        self.place(sag_id, user)
            .and_then(|place| self.0.get(place))
            .map_or_else(Limits::default, |entry| entry.limits)
    }

    /// The place of the first entry that matches.
    pub(super) fn place(&self, sag_id: &SagId, user: &str) -> Option<usize> {
        self.0.iter().position(|entry| {
            entry.sag_id.as_ref().is_none_or(|only| only == sag_id) && entry.users.matches(user)
        })
    }
}

/// A pattern over a whole name: `*` stands for any text, also for none, `?` for
/// any one character, everything else for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Box<str>);

impl Pattern {
    /// Checks the length and takes a copy.
    ///
    /// # Errors
    ///
    /// If the pattern is empty or longer than any name.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let chars = text.chars().count();
        if !(1..=MAX_PATTERN_CHARS).contains(&chars) {
            return Err(PatternError(chars));
        }
        Ok(Self(text.into()))
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole name fits.
    ///
    /// The last `*` that was passed is the only place to go back to, so this
    /// takes at most as many steps as the two lengths multiplied.
    pub fn matches(&self, name: &str) -> bool {
        let (mut pattern, mut rest) = (&*self.0, name);
        let mut star: Option<(&str, &str)> = None;
        loop {
            if let Some(after) = pattern.strip_prefix('*') {
                star = Some((after, rest));
                pattern = after;
                continue;
            }
            let (mut wanted, mut found) = (pattern.chars(), rest.chars());
            match (wanted.next(), found.next()) {
                (None, None) => return true,
                (Some(want), Some(have)) if want == '?' || want == have => {
                    (pattern, rest) = (wanted.as_str(), found.as_str());
                    continue;
                }
                _ => {}
            }
            let Some((after, from)) = star else {
                return false;
            };
            let mut shorter = from.chars();
            if shorter.next().is_none() {
                return false;
            }
            star = Some((after, shorter.as_str()));
            (pattern, rest) = (after, shorter.as_str());
        }
    }
}

/// Each user is held against each entry whenever accounts come and go.
const MAX_ENTRIES: usize = 1_000;

/// As long as the longest name.
const MAX_PATTERN_CHARS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        let check = |pattern: &str, name: &str, expected: bool| {
            let found = Pattern::parse(pattern).unwrap().matches(name);
            assert_eq!(found, expected, "{pattern} {name}");
        };
        check("*", "", true);
        check("*", "anybody@example.com", true);
        check("bob", "bob", true);
        check("bob", "bobby", false);
        check("bob", "Bob", false);
        check("bob*", "bob", true);
        check("*@example.com", "bob@example.com", true);
        check("*@example.com", "bob@example.com.cn", false);
        check("*a*b*c", "xxaxxbxxbxxc", true);
        check("*a*b*c", "xxaxxcxxb", false);
        check("*ab", "aab", true);
        check("b?b", "bob", true);
        check("b?b", "böb", true);
        check("b?b", "bb", false);
        check("?", "", false);
        check("**", "x", true);
        check(&"*a".repeat(100), &"a".repeat(250), true);
        check(&"*a".repeat(100), &"b".repeat(250), false);
    }

    #[test]
    fn patterns_and_policies_have_limits() {
        for (chars, valid) in [(0, false), (1, true), (256, true), (257, false)] {
            let found = Pattern::parse(&"ä".repeat(chars));
            assert_eq!(found.is_ok(), valid, "{chars}");
        }
        let entry = Entry {
            users: Pattern::parse("*").unwrap(),
            sag_id: None,
            limits: Limits::default(),
        };
        assert!(Policy::new(vec![entry.clone(); MAX_ENTRIES]).is_ok());
        assert_eq!(
            Policy::new(vec![entry; MAX_ENTRIES + 1]),
            Err(TooMany(MAX_ENTRIES + 1))
        );
    }

    #[test]
    fn the_first_match_wins() {
        let entry = |users: &str, sag_id: Option<&str>, sessions: u32| Entry {
            users: Pattern::parse(users).unwrap(),
            sag_id: sag_id.map(|id| SagId::parse(id).unwrap()),
            limits: Limits {
                sessions: NonZeroU32::new(sessions),
                ..Limits::default()
            },
        };
        let policy = Policy::new(vec![
            entry("boss", Some("sag-1"), 5),
            entry("b*", None, 2),
            entry("*", Some("sag-2"), 1),
        ])
        .unwrap();
        for (sag_id, user, expected) in [
            ("sag-1", "boss", Some(5)),
            ("sag-2", "boss", Some(2)),
            ("sag-2", "alice", Some(1)),
            ("sag-1", "alice", None),
        ] {
            let limits = policy.limits(&SagId::parse(sag_id).unwrap(), user);
            let sessions = limits.sessions.map(NonZeroU32::get);
            assert_eq!(sessions, expected, "{sag_id} {user}");
        }
    }
}
