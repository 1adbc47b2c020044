//! The canonical form of parameters, on which both signatures rest.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Why a query is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A percent sign without two hexadecimal digits after it.
    #[error("parameter {position} of the query: expected two hexadecimal digits after each %")]
    Escape {
        /// Which parameter, from 1.
        position: usize,
    },
    /// The escapes do not spell UTF-8.
    #[error("parameter {position} of the query: expected UTF-8 once it is decoded")]
    Utf8 {
        /// Which parameter, from 1.
        position: usize,
    },
}

/// The text with every byte escaped that RFC 3986 does not call unreserved
/// (`A-Z a-z 0-9 - _ . ~`), in upper-case hexadecimal digits.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    encode_into(&mut encoded, text);
    encoded
}

/// As [`encode`], appended to a buffer.
pub fn encode_into(buffer: &mut String, text: &str) {
    buffer.extend(utf8_percent_encode(text, RESERVED));
}

/// The parameters as a canonical query: encoded, sorted by the bytes of the
/// key before it is encoded, and joined by `=` and `&`.
pub fn query<K: AsRef<str>, V: AsRef<str>>(pairs: &[(K, V)]) -> String {
    let mut canonical = String::with_capacity(pairs.len() * TYPICAL_PAIR_BYTES);
    for (key, value) in sorted(pairs) {
        if !canonical.is_empty() {
            canonical.push('&');
        }
        encode_into(&mut canonical, key);
        canonical.push('=');
        encode_into(&mut canonical, value);
    }
    canonical
}

/// The parameters of a query, in its order. `+` is a space, as the official
/// SDK writes it; empty parameters (`&&`) are passed over.
///
/// # Errors
///
/// Says which parameter has a bad escape or is not UTF-8.
pub fn decode_query(raw: &str) -> Result<Vec<(String, String)>, DecodeError> {
    let parameters = raw.split('&').enumerate().filter(|(_, p)| !p.is_empty());
    parameters
        .map(|(index, parameter)| {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            Ok((decode(key, index + 1)?, decode(value, index + 1)?))
        })
        .collect()
}

/// The pairs sorted by key; pairs of equal keys keep their order.
pub(super) fn sorted<K: AsRef<str>, V: AsRef<str>>(pairs: &[(K, V)]) -> Vec<(&str, &str)> {
    let mut sorted: Vec<_> = pairs
        .iter()
        .map(|(key, value)| (key.as_ref(), value.as_ref()))
        .collect();
    sorted.sort_by_key(|(key, _)| *key);
    sorted
}

fn decode(text: &str, position: usize) -> Result<String, DecodeError> {
    if !text.contains(['%', '+']) {
        return Ok(text.to_owned());
    }
    let spaced = text.replace('+', " ");
    let mut decoded = Vec::with_capacity(spaced.len());
    let mut bytes = spaced.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let escape = escaped(bytes.next(), bytes.next());
            decoded.push(escape.ok_or(DecodeError::Escape { position })?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).map_err(|_| DecodeError::Utf8 { position })
}

fn escaped(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high?)? * 16 + digit(low?)?).ok()
}

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Room for one encoded parameter, so that a query seldom grows its buffer.
const TYPICAL_PAIR_BYTES: usize = 32;
