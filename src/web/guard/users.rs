//! Who may come in, by name and hashed password.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bcrypt::HashParts;

/// The users and the hashes of their passwords. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users(Arc<BTreeMap<String, PasswordHash>>);

impl Users {
    /// Whether there is none, so that nobody has to say who they are.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What to verify the password of this user against. For a user who does
    /// not exist it is the hash of one who does, so that the work and its time
    /// tell nothing; `chance` picks one, always the same for the same name.
    pub(super) fn candidate(&self, name: &[u8], chance: usize) -> Option<Candidate<'_>> {
        let known = std::str::from_utf8(name)
            .ok()
            .and_then(|name| self.0.get(name));
        if let Some(hash) = known {
            return Some(Candidate { hash, known: true });
        }
        let place = chance.checked_rem(self.0.len())?;
        let hash = self.0.values().nth(place)?;
        Some(Candidate { hash, known: false })
    }
}

impl FromIterator<(String, PasswordHash)> for Users {
    fn from_iter<T: IntoIterator<Item = (String, PasswordHash)>>(users: T) -> Self {
        Self(Arc::new(users.into_iter().collect()))
    }
}

/// A hash, and whether it is the user's own.
pub(super) struct Candidate<'a> {
    pub(super) hash: &'a PasswordHash,
    pub(super) known: bool,
}

/// A password hashed by bcrypt, such as `htpasswd -nBC 10 ""` prints.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Arc<str>);

/// The text is no hash of a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordHashError {
    /// It is something else, perhaps the password itself, so it is not quoted.
    #[error(
        "not a bcrypt hash: expected 60 characters that start with $2a$, $2b$ or $2y$, \
         such as htpasswd -nBC 10 \"\" prints"
    )]
    Malformed,
    /// To verify it would take next to no or nearly endless time.
    #[error("a bcrypt hash of cost {0}: expected a cost of 4 to {MAX_COST}")]
    Cost(u32),
}

impl PasswordHash {
    /// Checks the text.
    ///
    /// # Errors
    ///
    /// If it is no bcrypt hash, or one of a cost that cannot be afforded.
    pub fn parse(text: &str) -> Result<Self, PasswordHashError> {
        let parts = HashParts::from_str(text).map_err(|_| PasswordHashError::Malformed)?;
        let cost = parts.get_cost();
        if !(MIN_COST..=MAX_COST).contains(&cost) {
            return Err(PasswordHashError::Cost(cost));
        }
        Ok(Self(Arc::from(text)))
    }

    /// The text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the hash of this password. Takes 2^cost rounds, tens of
    /// milliseconds at cost 10: not for an async thread.
    pub(super) fn matches(&self, password: &[u8]) -> bool {
        // The hash was parsed before, so there is no error left to happen.
        bcrypt::verify(password, &self.0).unwrap_or(false)
    }
}

/// Says nothing: a hash can be attacked.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[password hash]")
    }
}

/// The smallest that bcrypt has.
const MIN_COST: u32 = 4;

/// About a minute: whoever logs in would not wait for longer, and the thread
/// that works on it cannot be stopped.
const MAX_COST: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_bcrypt_of_an_affordable_cost() {
        let tail = format!("${}", "a".repeat(21) + "e" + &"a".repeat(31));
        for (head, expected) in [
            ("$2y$10", Ok(())),
            ("$2a$04", Ok(())),
            ("$2b$20", Ok(())),
            ("$2y$03", Err(PasswordHashError::Cost(3))),
            ("$2y$21", Err(PasswordHashError::Cost(21))),
            ("$2y$xx", Err(PasswordHashError::Malformed)),
            ("$1y$10", Err(PasswordHashError::Malformed)),
        ] {
            let found = PasswordHash::parse(&format!("{head}{tail}")).map(|_| ());
            assert_eq!(found, expected, "{head}");
        }
        for text in ["", "doe", "hunter2", "é".repeat(30).as_str()] {
            let found = PasswordHash::parse(text).map(|_| ());
            assert_eq!(found, Err(PasswordHashError::Malformed), "{text}");
        }
    }
}
