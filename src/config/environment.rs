//! The environment of the process, read once and handed down.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;

use crate::secret::Secret;

/// The variables of the environment as they were at the start. Any of them may
/// be a secret, so `Debug` shows none.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, Secret>);

impl Environment {
    /// Takes the variables; names and values that are not UTF-8 are left out.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let text = |(name, value): (OsString, OsString)| {
            Some((
                name.into_string().ok()?,
                Secret::new(value.into_string().ok()?),
            ))
        };
        Self(variables.into_iter().filter_map(text).collect())
    }

    /// The value of a variable; an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?;
        (!value.is_empty()).then(|| value.reveal())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_and_not_shown() {
        let environment = Environment::new([
            ("KEY".into(), "hunter2".into()),
            ("EMPTY".into(), "".into()),
        ]);
        assert_eq!(environment.get("KEY"), Some("hunter2"));
        assert_eq!(environment.get("EMPTY"), None);
        assert_eq!(environment.get("OTHER"), None);
        assert_eq!(format!("{environment:?}"), "Environment(2 variables)");
    }
}
