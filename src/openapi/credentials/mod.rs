//! Where the credential of a cloud account comes from.
//!
//! A source of the configuration becomes a plan, a plan yields a lease, and
//! the holder of the lease obtains the next one before it ends. The order of
//! the chain, the names of its variables and the requests are those of the
//! official libraries (`alibabacloud-credentials` 1.0.12 for Python), which
//! tests ask for comparison.

mod environment;
mod exchange;
mod external;
mod file;
mod files;
mod first_of;
mod fixed;
pub mod formats;
mod lease;
mod metadata;
mod plan;
mod profiles;
mod read;
mod reason;
mod refreshing;
mod role;
mod sts;
mod surroundings;
mod uri;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

pub use self::environment::Environment;
use self::file::FileCredentials;
use self::first_of::FirstOf;
use self::fixed::FixedCredential;
use self::plan::Plan;
pub use self::reason::Unavailable;
use self::refreshing::Refreshing;
pub use self::role::{OidcRole, Role, StsSite};
pub use self::surroundings::{Addresses, Random, Surroundings};
use super::options::{CredentialSource, SecretSource};
use crate::model::AccountName;
use crate::secret::Secret;

/// Yields the credential that is valid now.
///
/// It is asked before every attempt, so an implementation answers from memory
/// unless something changed.
pub trait CredentialProvider: fmt::Debug + Send + Sync {
    /// The credential to sign the next request with.
    fn credential(&self) -> BoxFuture<'_, Result<Arc<Credential>, CredentialError>>;

    /// Where the credential in use came from, if that was a matter of choice.
    fn provenance(&self) -> Option<Provenance> {
        None
    }

    /// Hears that the cloud refused a credential as unknown or ended. True if
    /// asking for a credential again may yield another one.
    fn invalidate(&self, refused: &Credential) -> bool {
        let _ = refused;
        false
    }

    /// Keeps the credential fresh until shutdown: obtains the first one, and
    /// each next one ahead of the end of the one before. To be run as one task;
    /// without it credentials are obtained when they are asked for.
    fn refresh_loop(&self, shutdown: CancellationToken) -> BoxFuture<'_, ()> {
        // One that never ends needs no care, but its task lasts as long.
        shutdown.cancelled_owned().boxed()
    }
}

/// Where a credential came from, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The provider in the words of the official library, such as
    /// `default/cli_profile/static_ak`.
    pub provider: String,
    /// The end of the credential; nothing if it has none.
    pub expires: Option<Timestamp>,
}

/// An access key, perhaps a temporary one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    access_key_id: String,
    access_key_secret: Secret,
    security_token: Option<Secret>,
}

/// Why there is no credential.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// A variable of the environment is needed and is unset or empty.
    #[error("environment variable {name} is not set: expected {expected}")]
    Unset {
        /// The variable.
        name: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A file could not be read.
    #[error("cannot read {what} from {}", path.display())]
    Unreadable {
        /// What the file should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A text is no part of a credential. The text itself is not shown.
    #[error("{what}{} is not usable: expected {expected}", from(.path.as_ref()))]
    Unusable {
        /// What the text should be.
        what: &'static str,
        /// The file that it stands in, if it does.
        path: Option<PathBuf>,
        /// What was expected of it.
        expected: &'static str,
    },
    /// The provider, or every provider of the chain, has none.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Credential {
    /// Checks that the parts can be sent in a header.
    ///
    /// # Errors
    ///
    /// Names the part, without its text, and what was expected of it.
    pub fn new(
        access_key_id: &str,
        access_key_secret: Secret,
        security_token: Option<Secret>,
    ) -> Result<Self, CredentialError> {
        check(ID, access_key_id)?;
        check(SECRET, access_key_secret.reveal())?;
        if let Some(token) = &security_token {
            check(TOKEN, token.reveal())?;
        }
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            access_key_secret,
            security_token,
        })
    }

    /// The id of the access key, which is no secret.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret of the access key.
    pub fn access_key_secret(&self) -> &Secret {
        &self.access_key_secret
    }

    /// The STS token of a temporary access key.
    pub fn security_token(&self) -> Option<&Secret> {
        self.security_token.as_ref()
    }

    /// Every text that no message may show.
    pub(super) fn secrets(&self) -> Vec<&str> {
        let token = self.security_token.iter();
        std::iter::once(&self.access_key_secret)
            .chain(token)
            .map(Secret::reveal)
            .collect()
    }
}

/// The provider for the source of a cloud account. Reads no file and calls
/// nobody yet.
///
/// # Errors
///
/// If a variable that the source names is missing, or a text cannot be a part
/// of a credential.
pub fn provider(
    account: &AccountName,
    source: &CredentialSource,
    surroundings: &Surroundings,
) -> Result<Arc<dyn CredentialProvider>, CredentialError> {
    match source {
        CredentialSource::Environment => {
            let credential = from_environment(&surroundings.environment)?;
            Ok(Arc::new(FixedCredential::new(credential)))
        }
        CredentialSource::AccessKey {
            id,
            secret,
            security_token,
        } => access_key(id, secret, security_token.as_ref()),
        _ => {
            let plan = plan(source)?;
            let (account, surroundings) = (account.clone(), surroundings.clone());
            Ok(Arc::new(Refreshing::new(account, plan, surroundings)))
        }
    }
}

/// A provider of one credential that is known already.
pub fn fixed(credential: Credential) -> Arc<dyn CredentialProvider> {
    Arc::new(FixedCredential::new(credential))
}

fn plan(source: &CredentialSource) -> Result<Plan, CredentialError> {
    Ok(match source {
        CredentialSource::Chain => Plan::FirstOf(FirstOf::default_chain()),
        CredentialSource::Environment => Plan::Environment,
        CredentialSource::AccessKey {
            id,
            secret,
            security_token,
        } => {
            // What stands in the configuration itself is checked at once.
            access_key(id, secret, security_token.as_ref())?;
            Plan::AccessKey(id.clone(), secret.clone(), security_token.clone())
        }
        CredentialSource::Profile(name) => Plan::FirstOf(FirstOf::profile(name)),
        CredentialSource::EcsRamRole(name) => Plan::EcsRamRole(name.clone()),
        CredentialSource::Oidc(role) => Plan::Oidc(role.clone()),
        CredentialSource::Uri(uri) => Plan::Uri(Some(uri.clone())),
        CredentialSource::AssumeRole { base, role } => {
            Plan::AssumeRole(Box::new(plan(base)?), role.clone())
        }
    })
}

fn access_key(
    id: &SecretSource,
    secret: &SecretSource,
    token: Option<&SecretSource>,
) -> Result<Arc<dyn CredentialProvider>, CredentialError> {
    let inline = |source: &SecretSource| match source {
        SecretSource::Inline(text) => Some(text.clone()),
        SecretSource::File(_) => None,
    };
    match (inline(id), inline(secret), token.map(inline)) {
        (Some(id), Some(secret), None | Some(Some(_))) => {
            let token = token.and_then(inline);
            let credential = Credential::new(id.reveal(), secret, token)?;
            Ok(Arc::new(FixedCredential::new(credential)))
        }
        _ => Ok(Arc::new(FileCredentials::new(id, secret, token))),
    }
}

fn from_environment(environment: &Environment) -> Result<Credential, CredentialError> {
    let value = |name| environment.get(name);
    let required = |name, expected| value(name).ok_or(CredentialError::Unset { name, expected });
    Credential::new(
        required("ALIBABA_CLOUD_ACCESS_KEY_ID", ID)?,
        Secret::new(required("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)?),
        value("ALIBABA_CLOUD_SECURITY_TOKEN").map(Secret::new),
    )
}

fn check(what: &'static str, text: &str) -> Result<(), CredentialError> {
    let valid = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b',');
    valid.then_some(()).ok_or(CredentialError::Unusable {
        what,
        path: None,
        expected: PRINTABLE,
    })
}

fn from(path: Option<&PathBuf>) -> String {
    path.map_or_else(String::new, |path| format!(" in {}", path.display()))
}

const ID: &str = "the access key id";
const SECRET: &str = "the access key secret";
const TOKEN: &str = "the security token";
const PRINTABLE: &str = "printable ASCII characters without spaces and commas";

#[cfg(test)]
mod tests;
