//! Where the credential of a cloud account comes from.

mod file;
mod fixed;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use self::file::FileCredentials;
use self::fixed::FixedCredential;
use super::options::{CredentialSource, SecretSource};
use crate::secret::Secret;

/// Yields the credential that is valid now.
///
/// It is asked before every attempt, so an implementation answers from memory
/// unless something changed.
pub trait CredentialProvider: fmt::Debug + Send + Sync {
    /// The credential to sign the next request with.
    fn credential(&self) -> BoxFuture<'_, Result<Arc<Credential>, CredentialError>>;
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

/// The provider for a source of the configuration.
///
/// `environment` yields the value of a variable; it is asked here and not
/// again. Files are read when the first credential is wanted.
///
/// # Errors
///
/// If a variable is missing or a text cannot be a part of a credential.
pub fn provider(
    source: &CredentialSource,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Arc<dyn CredentialProvider>, CredentialError> {
    let (id, secret, token) = match source {
        CredentialSource::Environment => {
            let credential = from_environment(environment)?;
            return Ok(Arc::new(FixedCredential::new(credential)));
        }
        CredentialSource::AccessKey {
            id,
            secret,
            security_token,
        } => (id, secret, security_token),
    };
    let inline = |source: &SecretSource| match source {
        SecretSource::Inline(text) => Some(text.clone()),
        SecretSource::File(_) => None,
    };
    match (inline(id), inline(secret), token.as_ref().map(inline)) {
        (Some(id), Some(secret), None | Some(Some(_))) => {
            let token = token.as_ref().and_then(inline);
            let credential = Credential::new(id.reveal(), secret, token)?;
            Ok(Arc::new(FixedCredential::new(credential)))
        }
        _ => Ok(Arc::new(FileCredentials::new(id, secret, token.as_ref()))),
    }
}

fn from_environment(
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Credential, CredentialError> {
    let value = |name| environment(name).filter(|value| !value.is_empty());
    let required = |name, expected| value(name).ok_or(CredentialError::Unset { name, expected });
    Credential::new(
        &required("ALIBABA_CLOUD_ACCESS_KEY_ID", ID)?,
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
