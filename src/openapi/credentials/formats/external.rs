//! What the program of an `External` CLI profile prints.

use serde::Deserialize;

use super::{FormatError, Grant, Names, Parts, expiration, json, secret};
use crate::secret::Secret;

/// The credential in the output: a JSON object with the names of a CLI profile.
///
/// # Errors
///
/// If the output is no JSON, lacks a part, or has a bad time.
pub fn parse(output: &[u8]) -> Result<Grant, FormatError> {
    let output: Output = json(output)?;
    let token_missing = output.sts_token.as_ref().is_none_or(Secret::is_empty);
    if output.mode.as_deref() == Some("StsToken") && token_missing {
        return Err(FormatError::Part {
            part: NAMES.token,
            expected: "a text, as the mode is StsToken",
        });
    }
    let end = output.expiration.filter(|text| !text.is_empty());
    let expires = end.map(|text| {
        expiration::parse(&text).ok_or(FormatError::Part {
            part: "expiration",
            expected: expiration::FORM,
        })
    });
    let parts = Parts {
        id: output.access_key_id,
        secret: output.access_key_secret,
        token: output.sts_token,
    };
    Ok(Grant {
        credential: parts.credential(&NAMES)?,
        expires: expires.transpose()?,
    })
}

#[derive(Debug, Deserialize)]
struct Output {
    mode: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    access_key_id: Option<Secret>,
    #[serde(default, deserialize_with = "secret")]
    access_key_secret: Option<Secret>,
    #[serde(default, deserialize_with = "secret")]
    sts_token: Option<Secret>,
    expiration: Option<String>,
}

const NAMES: Names = Names {
    id: "access_key_id",
    secret: "access_key_secret",
    token: "sts_token",
};
