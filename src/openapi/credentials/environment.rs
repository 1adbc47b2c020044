//! The part of the process environment that credentials depend on.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::reason::Reason;
use crate::secret::Secret;

/// The variables of the official credential chain and the home directory, as
/// they were when the process started.
///
/// Any variable may hold a secret, so none of them is printed.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Secret>,
    home: Option<PathBuf>,
}

impl Environment {
    /// Keeps what matters of the variables of a process, such as
    /// `std::env::vars_os()`. A value that is not UTF-8 is as good as none.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            if name == "HOME" && !value.is_empty() {
                environment.home = Some(PathBuf::from(value));
                continue;
            }
            let name = name.into_string().ok();
            let Some(name) = name.filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            if let Ok(value) = value.into_string() {
                environment.variables.insert(name, Secret::new(value));
            }
        }
        environment
    }

    /// The value of a variable, if it is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name).map(Secret::reveal);
        value.filter(|value| !value.is_empty())
    }

    /// The home directory, in which profiles are.
    pub fn home_directory(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Whether a switch is on, by the word that the official library wants.
    pub(super) fn is_true(&self, name: &str) -> bool {
        let value = self.get(name);
        value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(super) fn required(&self, name: &'static str) -> Result<&str, Reason> {
        self.get(name).ok_or(Reason::Unset { name })
    }

    pub(super) fn home(&self) -> Result<&Path, Reason> {
        self.home.as_deref().ok_or(Reason::Unset { name: "HOME" })
    }
}

/// What the names of the official variables begin with.
const PREFIX: &str = "ALIBABA_CLOUD_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_matters_is_kept_and_nothing_is_printed() {
        let variables = [
            ("HOME", "/home/me"),
            ("PATH", "/bin"),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "marked-secret"),
            ("ALIBABA_CLOUD_PROFILE", ""),
            ("ALIBABA_CLOUD_IMDSV1_DISABLED", "True"),
        ];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let environment = Environment::new(variables);
        assert_eq!(environment.home().unwrap(), "/home/me");
        assert_eq!(environment.get("PATH"), None);
        assert_eq!(environment.get("ALIBABA_CLOUD_PROFILE"), None);
        assert!(environment.is_true("ALIBABA_CLOUD_IMDSV1_DISABLED"));
        let secret = environment.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET");
        assert_eq!(secret, Some("marked-secret"));
        assert!(!format!("{environment:?}").contains("marked"));
    }
}
