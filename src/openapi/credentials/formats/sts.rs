//! Answers of the Security Token Service, version 2015-04-01.

use serde::Deserialize;

use super::{FormatError, Grant, ServiceGrant, json};

/// The credential in the answer to AssumeRole or AssumeRoleWithOIDC.
///
/// # Errors
///
/// If the answer is no JSON or a part of the credential is missing.
pub fn parse(body: &[u8]) -> Result<Grant, FormatError> {
    let answer: Answer = json(body)?;
    let credentials = answer.credentials.ok_or(FormatError::Part {
        part: "Credentials",
        expected: "an object",
    })?;
    credentials.grant()
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(rename = "Credentials")]
    credentials: Option<ServiceGrant>,
}
