//! Who sent a request, and whether the signature, the date, the nonce and the
//! token prove it.

mod nonce;
mod v1;
mod v3;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::secret::Secret;
use crate::sim::options::{Credential, KeyState};
use crate::sim::refusal::Refusal;
use crate::sim::request::Call;

pub(crate) use self::nonce::Nonces;

/// What a request claims about its sender.
#[derive(Debug)]
struct Claim<'a> {
    key_id: &'a str,
    date: &'a str,
    nonce: &'a str,
    security_token: Option<&'a str>,
}

/// Checks a request. The nonce is remembered if all else is right.
pub(crate) fn check<'k>(
    call: &Call,
    keys: &'k [Credential],
    nonces: &mut Nonces,
    now: Timestamp,
) -> Result<&'k Credential, Refusal> {
    let claim = Claim::of(call)?;
    check_date(claim.date, now)?;
    let key = check_signature(call, keys, now)?;
    if !nonces.remember(claim.key_id, claim.nonce, now) {
        let message = "Specified signature nonce was used already.";
        return Err(Refusal::new(400, "SignatureNonceUsed", message));
    }
    Ok(key)
}

/// Checks a request without its date and its nonce.
pub(crate) fn check_signature<'k>(
    call: &Call,
    keys: &'k [Credential],
    now: Timestamp,
) -> Result<&'k Credential, Refusal> {
    let claim = Claim::of(call)?;
    let key = find(keys, claim.key_id)?;
    if is_v3(call) {
        v3::check(call, &key.secret)?;
    } else {
        v1::check(call, &key.secret)?;
    }
    check_token(key, claim.security_token, now)?;
    Ok(key)
}

impl<'a> Claim<'a> {
    fn of(call: &'a Call) -> Result<Self, Refusal> {
        if is_v3(call) {
            return v3::claim(call);
        }
        v1::claim(call)
    }
}

fn is_v3(call: &Call) -> bool {
    call.headers.contains_key("authorization")
}

fn find<'k>(keys: &'k [Credential], id: &str) -> Result<&'k Credential, Refusal> {
    let key = keys.iter().find(|key| key.id == id).ok_or_else(|| {
        Refusal::new(
            404,
            "InvalidAccessKeyId.NotFound",
            "Specified access key is not found.",
        )
    })?;
    if key.state == KeyState::Inactive {
        let message = "Specified access key is disabled.";
        return Err(Refusal::new(403, "InvalidAccessKeyId.Inactive", message));
    }
    Ok(key)
}

fn check_date(date: &str, now: Timestamp) -> Result<(), Refusal> {
    let parsed = DateTime::strptime("%Y-%m-%dT%H:%M:%SZ", date)
        .and_then(|date| date.to_zoned(TimeZone::UTC));
    let Ok(date) = parsed else {
        let message = "Specified time stamp is not in the form YYYY-MM-DDTHH:MM:SSZ.";
        return Err(Refusal::new(400, "InvalidTimeStamp.Format", message));
    };
    let off = now.as_second().abs_diff(date.timestamp().as_second());
    if off > WINDOW_SECONDS {
        let message = "Specified time stamp or date value is expired.";
        return Err(Refusal::new(400, "InvalidTimeStamp.Expired", message));
    }
    Ok(())
}

fn check_token(key: &Credential, sent: Option<&str>, now: Timestamp) -> Result<(), Refusal> {
    let refuse = |code, message| Err(Refusal::new(400, code, message));
    match (&key.security_token, sent) {
        (None, None) => Ok(()),
        (Some(_), None) => refuse(
            "MissingSecurityToken",
            "SecurityToken is mandatory for this access key.",
        ),
        (None, Some(_)) => refuse(
            "InvalidSecurityToken.MismatchWithAccessKey",
            "Specified SecurityToken mismatch with the AccessKey.",
        ),
        (Some(token), Some(sent)) if token.token != Secret::new(sent) => refuse(
            "InvalidSecurityToken.MismatchWithAccessKey",
            "Specified SecurityToken mismatch with the AccessKey.",
        ),
        (Some(token), Some(_)) if token.expires <= now => refuse(
            "InvalidSecurityToken.Expired",
            "Specified SecurityToken is expired.",
        ),
        (Some(_), Some(_)) => Ok(()),
    }
}

/// A part of the signature is missing or malformed.
fn incomplete(what: &str) -> Refusal {
    let message = format!("The request signature does not conform to standards: {what}.");
    Refusal::new(400, "IncompleteSignature", message)
}

fn mismatch() -> Refusal {
    let message = "Specified signature is not matched with our calculation.";
    Refusal::new(400, "SignatureDoesNotMatch", message)
}

/// How far a date may be off in either direction.
pub(crate) const WINDOW_SECONDS: u64 = 15 * 60;
