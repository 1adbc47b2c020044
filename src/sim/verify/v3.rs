//! Signature V3, in the headers.

use sha2::{Digest, Sha256};

use crate::secret::Secret;
use crate::signature::{canonical, v3};
use crate::sim::refusal::Refusal;
use crate::sim::request::Call;
use crate::sim::verify::{Claim, incomplete, mismatch};

/// The header `Authorization` in its parts.
#[derive(Debug)]
struct Authorization<'a> {
    key_id: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

pub(super) fn claim(call: &Call) -> Result<Claim<'_>, Refusal> {
    let header = |name| call.header(name).ok_or_else(|| incomplete(name));
    Ok(Claim {
        key_id: authorization(call)?.key_id,
        date: header("x-acs-date")?,
        nonce: header("x-acs-signature-nonce")?,
        security_token: call.header("x-acs-security-token"),
    })
}

pub(super) fn check(call: &Call, secret: &Secret) -> Result<(), Refusal> {
    let authorization = authorization(call)?;
    check_coverage(call, &authorization.signed_headers)?;
    let payload = call.header("x-acs-content-sha256").unwrap_or_default();
    if payload != sha256_hex(&call.body) {
        return Err(mismatch());
    }
    let mut headers = Vec::with_capacity(authorization.signed_headers.len());
    for name in &authorization.signed_headers {
        headers.push((*name, call.header(name).ok_or_else(mismatch)?));
    }
    let request = v3::canonical_request(
        &call.method,
        &call.path,
        &canonical::query(&call.parameters),
        &headers,
        payload,
    );
    if v3::signature(secret, &request) != authorization.signature {
        return Err(mismatch());
    }
    Ok(())
}

/// The host, the content type and every header of the cloud's own must be
/// signed; whatever else is listed may be.
fn check_coverage(call: &Call, signed: &[&str]) -> Result<(), Refusal> {
    let names = call.headers.keys().map(hyper::header::HeaderName::as_str);
    let mut uncovered = names
        .filter(|name| matches!(*name, "host" | "content-type") || name.starts_with("x-acs-"))
        .chain(REQUIRED)
        .filter(|name| !signed.contains(name));
    uncovered.next().map_or(Ok(()), |_| Err(mismatch()))
}

fn authorization(call: &Call) -> Result<Authorization<'_>, Refusal> {
    let malformed = || incomplete("Authorization");
    let text = call.header("authorization").ok_or_else(malformed)?;
    let fields = text.strip_prefix(v3::ALGORITHM).ok_or_else(malformed)?;
    let fields = fields.strip_prefix(' ').ok_or_else(malformed)?;
    let field = |name: &str| {
        let mut fields = fields.split(',');
        fields.find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
    };
    Ok(Authorization {
        key_id: field("Credential").ok_or_else(malformed)?,
        signed_headers: field("SignedHeaders")
            .ok_or_else(malformed)?
            .split(';')
            .collect(),
        signature: field("Signature").ok_or_else(malformed)?,
    })
}

fn sha256_hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Headers without which a signature says nothing about who, what and when.
const REQUIRED: [&str; 6] = [
    "host",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
];
