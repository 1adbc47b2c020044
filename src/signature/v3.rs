//! Signature V3 (`ACS3-HMAC-SHA256`), which travels in the header
//! `authorization`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::hex;
use crate::secret::Secret;

/// The first word of the header `authorization`.
pub const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// The digest of an empty body, as the header `x-acs-content-sha256` has it.
pub const EMPTY_PAYLOAD_SHA256: &str =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What is signed: the request in canonical form.
///
/// Every header that is handed in is signed. Names are in lower case and may
/// come in any order; values are trimmed.
pub fn canonical_request(
    method: &str,
    path: &str,
    canonical_query: &str,
    headers: &[(&str, &str)],
    hashed_payload: &str,
) -> String {
    let headers = sorted(headers);
    let mut request = String::with_capacity(canonical_query.len() + TYPICAL_REQUEST_BYTES);
    for line in [method, path, canonical_query] {
        request.push_str(line);
        request.push('\n');
    }
    for (name, value) in &headers {
        request.push_str(name);
        request.push(':');
        request.push_str(value.trim());
        request.push('\n');
    }
    request.push('\n');
    join_names(&mut request, &headers);
    request.push('\n');
    request.push_str(hashed_payload);
    request
}

/// The names of the headers, sorted and joined by `;`.
pub fn signed_headers(headers: &[(&str, &str)]) -> String {
    let mut names = String::with_capacity(TYPICAL_REQUEST_BYTES / 2);
    join_names(&mut names, &sorted(headers));
    names
}

/// The signature of a canonical request, in lower-case hexadecimal digits.
pub fn signature(secret: &Secret, canonical_request: &str) -> String {
    let mut mac = keyed(secret);
    mac.update(ALGORITHM.as_bytes());
    mac.update(b"\n");
    mac.update(hex::sha256_hex(canonical_request.as_bytes()).as_bytes());
    hex::lower(&mac.finalize().into_bytes())
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn keyed(secret: &Secret) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret.reveal().as_bytes()).expect("a key of any length")
}

fn sorted<'a>(headers: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut headers = headers.to_vec();
    headers.sort_by_key(|(name, _)| *name);
    headers
}

fn join_names(text: &mut String, sorted: &[(&str, &str)]) {
    for (index, (name, _)) in sorted.iter().enumerate() {
        if index > 0 {
            text.push(';');
        }
        text.push_str(name);
    }
}

/// Room for the headers of a request of the SAG API.
const TYPICAL_REQUEST_BYTES: usize = 512;
