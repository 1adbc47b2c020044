//! The formats that credentials come in: bytes in, values or a reason out.
//!
//! Pure and synchronous, so that they can be fed anything. No reason holds a
//! byte of what was read, because any of it may be a secret.

pub mod cli_config;
pub mod expiration;
pub mod external;
pub mod ini;
pub mod metadata;
pub mod sts;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::Credential;
use crate::secret::Secret;

pub use self::cli_config::CliConfig;
pub use self::ini::Ini;

/// A credential that someone handed out, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What requests are signed with.
    pub credential: Credential,
    /// The end of it; nothing if it has none.
    pub expires: Option<Timestamp>,
}

/// Why bytes are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Something in a line is wrong.
    #[error("line {line}: expected {expected}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What was expected in it.
        expected: &'static str,
    },
    /// A part is missing, empty or no text that could be what it should be.
    #[error("{part}: expected {expected}")]
    Part {
        /// The part, as the format calls it.
        part: &'static str,
        /// What was expected of it.
        expected: &'static str,
    },
    /// The other side says in so many words that it gives nothing.
    #[error("the answer says {code}: expected Success")]
    Refused {
        /// Its word for why.
        code: String,
    },
}

/// The parts of a credential as they come, under whatever names.
#[derive(Debug)]
struct Parts {
    id: Option<Secret>,
    secret: Option<Secret>,
    token: Option<Secret>,
}

impl Parts {
    /// The credential, if the parts are there and can be sent in a header.
    fn credential(self, names: &Names) -> Result<Credential, FormatError> {
        let present = |part: Option<Secret>, name| {
            part.filter(|part| !part.is_empty())
                .ok_or(FormatError::Part {
                    part: name,
                    expected: "a text",
                })
        };
        let id = present(self.id, names.id)?;
        let secret = present(self.secret, names.secret)?;
        let token = self.token.filter(|token| !token.is_empty());
        Credential::new(id.reveal(), secret, token).map_err(|_| FormatError::Part {
            part: names.id,
            expected: "key, secret and token of printable ASCII without spaces and commas",
        })
    }
}

/// What a format calls the parts of a credential.
#[derive(Debug)]
struct Names {
    id: &'static str,
    secret: &'static str,
    token: &'static str,
}

/// What the cloud's own services call them.
const SERVICE_NAMES: Names = Names {
    id: "AccessKeyId",
    secret: "AccessKeySecret",
    token: "SecurityToken",
};

/// The credential as the cloud's own services write it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceGrant {
    #[serde(default, deserialize_with = "secret")]
    access_key_id: Option<Secret>,
    #[serde(default, deserialize_with = "secret")]
    access_key_secret: Option<Secret>,
    #[serde(default, deserialize_with = "secret")]
    security_token: Option<Secret>,
    expiration: Option<String>,
}

impl ServiceGrant {
    /// All four parts are there, or it is none.
    fn grant(self) -> Result<Grant, FormatError> {
        let missing = |part, expected| FormatError::Part { part, expected };
        let token = self.security_token.as_ref();
        if token.is_none_or(Secret::is_empty) {
            return Err(missing(SERVICE_NAMES.token, "a text"));
        }
        let expires = expiration::parse(self.expiration.as_deref().unwrap_or_default())
            .ok_or(missing("Expiration", expiration::FORM))?;
        let parts = Parts {
            id: self.access_key_id,
            secret: self.access_key_secret,
            token: self.security_token,
        };
        Ok(Grant {
            credential: parts.credential(&SERVICE_NAMES)?,
            expires: Some(expires),
        })
    }
}

/// Decodes JSON. The decoder's own message is dropped but for the line: it
/// quotes what it found.
fn json<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, FormatError> {
    serde_json::from_slice(bytes).map_err(|error| FormatError::Line {
        line: error.line(),
        expected: "a JSON object with texts in the usual places",
    })
}

/// A text that is wiped when it is dropped; null is none.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(Secret::new))
}

#[cfg(test)]
mod tests;
