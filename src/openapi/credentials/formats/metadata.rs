//! Answers of the metadata service of a server and of a credentials URI, which
//! are alike.

use serde::Deserialize;

use super::{FormatError, Grant, ServiceGrant, json};
use crate::openapi::excerpt::identifier;

/// The credential in an answer whose `Code` is `Success`.
///
/// # Errors
///
/// If the answer is no JSON, reports no success, or lacks a part.
pub fn parse(body: &[u8]) -> Result<Grant, FormatError> {
    let answer: Answer = json(body)?;
    match answer.code.as_deref() {
        Some("Success") => answer.grant.grant(),
        Some(code) => Err(FormatError::Refused {
            code: identifier(code).unwrap_or("something else").to_owned(),
        }),
        None => Err(FormatError::Part {
            part: "Code",
            expected: "Success",
        }),
    }
}

/// The name of the role that a server has: the whole answer, one line.
///
/// # Errors
///
/// If the answer is no name.
pub fn role_name(body: &[u8]) -> Result<String, FormatError> {
    let text = std::str::from_utf8(body).unwrap_or_default().trim();
    word(text, ROLE_NAME_BYTES).ok_or(FormatError::Part {
        part: "the role name",
        expected: "the name of the RAM role of this server, in one word",
    })
}

/// The token that later requests to the metadata service carry.
///
/// # Errors
///
/// If the answer cannot be sent back in a header.
pub fn token(body: &[u8]) -> Result<String, FormatError> {
    let text = std::str::from_utf8(body).unwrap_or_default().trim();
    word(text, TOKEN_BYTES).ok_or(FormatError::Part {
        part: "the metadata token",
        expected: "a token in one word",
    })
}

fn word(text: &str, limit_bytes: usize) -> Option<String> {
    let fits = (1..=limit_bytes).contains(&text.len());
    (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| text.to_owned())
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(rename = "Code")]
    code: Option<String>,
    #[serde(flatten)]
    grant: ServiceGrant,
}

/// The name of a RAM role has at most 64.
const ROLE_NAME_BYTES: usize = 128;

/// Tokens seen have less than a hundred.
const TOKEN_BYTES: usize = 4096;
