//! From YAML and flags to the options that each room owns, all errors at once.
//!
//! The way is: bytes → a tree of nodes with lines (`node`) → a table of keys
//! for each mapping (`decode`) → the options of the rooms, whose own types
//! refuse what is out of range. A new key is one line in the table of its
//! mapping. Nothing here reads the environment, calls the cloud or logs.

mod account;
mod credentials;
mod decode;
mod events;
mod example;
mod file;
mod keys;
mod narrow;
mod node;
mod policy;
mod problem;
mod scalars;
mod schema;
mod source;
mod web;
pub mod web_config;

pub use self::example::example;
pub use self::problem::{Errors, Problem};
pub use self::schema::schema;
pub use self::source::{Loaded, Origin, Source, parse};
pub use self::web::{ListenAddress, ListenAddressError, Web};

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use crate::delivery;
use crate::exposition;
pub use crate::openapi::credentials::Environment;
use crate::openapi::{CredentialSource, Endpoint};
use crate::pacing::Rate;
use crate::{rules, sweep};

/// Everything that an operator chose in the configuration file, or by flags in
/// its stead. Its `Debug` shows no secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The cloud accounts: at least one, each with a name of its own.
    pub accounts: Vec<Account>,
    /// How they are swept.
    pub sweep: sweep::Options,
    /// What is published.
    pub exposition: exposition::Options,
    /// How users are named where they are published.
    pub pseudonyms: PseudonymKey,
    /// What is judged.
    pub rules: rules::Options,
    /// Who is told what happens.
    pub events: delivery::Options,
    /// Where what is to survive a restart is kept; `None` if nothing is.
    pub state: Option<StateFile>,
}

/// The file of what is to survive a restart (`state`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFile {
    /// The file.
    pub file: PathBuf,
    /// How often it is written while the program runs.
    pub interval: Duration,
}

/// The key of the pseudonyms of users (`labels.pseudonym_key_file`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PseudonymKey {
    /// The file of the key, if one is given.
    pub file: Option<PathBuf>,
    /// Whether users are published under pseudonyms; there is a file then.
    pub in_use: bool,
}

/// One cloud account.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// What a sweep must know of it.
    pub sweep: sweep::AccountOptions,
    /// Where its credential comes from.
    pub credentials: CredentialSource,
    /// The address of the API.
    pub endpoint: Endpoint,
    /// Calls per second and operation: the ceiling of the adaptive rate.
    pub rate: Rate,
}

/// The defaults of the keys that no room owns. The others are the `Default`
/// of [`sweep::Options`], [`exposition::Options`] and [`Endpoint`].
pub mod defaults {
    use super::{Duration, NonZeroU32, Rate};

    /// The name of the only account when there is no file.
    pub const ACCOUNT_NAME: &str = "default";

    /// `accounts[].rate`: low enough to leave a shared quota to people and
    /// other programs.
    #[expect(clippy::expect_used, reason = "5 lies between 0 and Rate::MAX")]
    pub fn rate() -> Rate {
        Rate::new(5.0).expect("5 is a rate")
    }

    /// `accounts[].concurrency`: enough to keep the rate at usual latencies.
    pub const CONCURRENCY: NonZeroU32 = NonZeroU32::MIN.saturating_add(3);

    /// `state.interval`: so much is forgotten at most when the program is killed.
    pub const STATE_INTERVAL: Duration = Duration::from_secs(60);
}
