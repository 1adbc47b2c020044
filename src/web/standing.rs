//! The configuration in force, as pages may show it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::openapi::Endpoint;
use crate::pacing::Rate;
use crate::rules::Policy;
use crate::sweep;

/// The configuration in force and how the last reload went. Clones share it:
/// the app tells, pages ask.
#[derive(Debug, Clone, Default)]
pub struct Standing(Arc<ArcSwap<State>>);

/// What is in force. It has no place for a secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// The cloud accounts.
    pub accounts: Vec<AccountConfiguration>,
    /// How they are swept.
    pub sweep: sweep::Options,
    /// How users are named: plain, pseudonym or none.
    pub user_labels: &'static str,
    /// How many series of users there may be.
    pub user_series_limit: u64,
    /// What is expected of users.
    pub policy: Policy,
    /// Where what is to survive a restart is kept.
    pub state: Option<StateFile>,
    /// Who is told what happens.
    pub events: Events,
}

/// Who is told what happens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events {
    /// The file of lines; `-` for standard output.
    pub file: Option<String>,
    /// The names of the webhooks; their addresses may hold a secret.
    pub webhooks: Vec<String>,
}

/// The file of what is to survive a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFile {
    /// The file.
    pub path: PathBuf,
    /// How often it is written.
    pub interval: Duration,
}

/// One cloud account.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountConfiguration {
    /// What is swept.
    pub sweep: sweep::AccountOptions,
    /// What kind of credential is used, in words.
    pub credential: String,
    /// The address of the API.
    pub endpoint: Endpoint,
    /// Calls per second and operation that this process may make at most.
    pub rate: Rate,
}

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) loaded: Option<Loaded>,
    /// The last reload, if it was refused.
    pub(super) refused: Option<Refused>,
}

#[derive(Debug, Clone)]
pub(super) struct Loaded {
    pub(super) configuration: Arc<Configuration>,
    pub(super) at: Timestamp,
}

#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub(super) at: Timestamp,
    /// What a person should read, without secrets.
    pub(super) reason: Arc<str>,
}

impl Standing {
    /// Nothing is in force yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// This came into force.
    pub fn loaded(&self, configuration: Configuration, at: Timestamp) {
        let configuration = Arc::new(configuration);
        self.0.store(Arc::new(State {
            loaded: Some(Loaded { configuration, at }),
            refused: None,
        }));
    }

    /// A reload was refused, for a reason without secrets: what was in force
    /// stays.
    pub fn refused(&self, reason: &str, at: Timestamp) {
        let reason: String = reason.chars().take(REASON_CHARS).collect();
        let refused = Refused {
            at,
            reason: reason.into(),
        };
        self.0.rcu(|state| State {
            loaded: state.loaded.clone(),
            refused: Some(refused.clone()),
        });
    }

    pub(super) fn state(&self) -> Arc<State> {
        self.0.load_full()
    }
}

impl State {
    /// What is in force.
    pub(super) fn configuration(&self) -> Option<&Configuration> {
        self.loaded.as_ref().map(|loaded| &*loaded.configuration)
    }
}

/// A configuration can be wrong in many lines; the log has all of them.
const REASON_CHARS: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stands_until_the_next_configuration() {
        let standing = Standing::new();
        let configuration = Configuration {
            accounts: Vec::new(),
            sweep: sweep::Options::default(),
            user_labels: "plain",
            user_series_limit: 1,
            policy: Policy::default(),
            state: None,
            events: Events::default(),
        };
        let at = Timestamp::UNIX_EPOCH;
        standing.loaded(configuration.clone(), at);
        standing.refused(&"é".repeat(10_000), at);
        let state = standing.state();
        assert_eq!(state.configuration(), Some(&configuration));
        let reason = state.refused.as_ref().map(|refused| &*refused.reason);
        assert_eq!(reason, Some("é".repeat(REASON_CHARS).as_str()));
        standing.loaded(configuration, at);
        assert!(standing.state().refused.is_none());
    }
}
