//! Signature V1, in the query.

use crate::secret::Secret;
use crate::signature::v1;
use crate::sim::refusal::Refusal;
use crate::sim::request::Call;
use crate::sim::verify::{Claim, incomplete};

pub(super) fn claim(call: &Call) -> Result<Claim<'_>, Refusal> {
    let parameter = |name| call.filled(name).ok_or_else(|| incomplete(name));
    Ok(Claim {
        key_id: parameter("AccessKeyId")?,
        date: parameter("Timestamp")?,
        nonce: parameter("SignatureNonce")?,
        security_token: call.filled("SecurityToken"),
    })
}

pub(super) fn check(call: &Call, secret: &Secret) -> Result<(), Refusal> {
    for (name, expected) in [
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
    ] {
        if call.parameter(name) != Some(expected) {
            return Err(incomplete(name));
        }
    }
    let sent = call.filled("Signature");
    let sent = sent.ok_or_else(|| incomplete("Signature"))?;
    let text = v1::string_to_sign(&call.method, &call.parameters);
    if v1::signature(secret, &text) != sent {
        return Err(mismatch(&text));
    }
    Ok(())
}

/// The old SDK splits the message at the colon and compares what follows with
/// the text that it signed: if they are equal the secret must be wrong.
fn mismatch(string_to_sign: &str) -> Refusal {
    let mut refusal = super::mismatch();
    let message = format!(
        "{} server string to sign is:{string_to_sign}",
        refusal.message
    );
    refusal.message = message.into();
    refusal
}
