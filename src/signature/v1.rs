//! Signature V1 (HMAC-SHA1), which travels in the query as `Signature`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::canonical;
use crate::secret::Secret;

/// What is signed: the method and every parameter but `Signature` itself.
pub fn string_to_sign<K: AsRef<str>, V: AsRef<str>>(method: &str, params: &[(K, V)]) -> String {
    let signed: Vec<_> = params
        .iter()
        .map(|(key, value)| (key.as_ref(), value.as_ref()))
        .filter(|(key, _)| *key != SIGNATURE)
        .collect();
    let query = canonical::encode(&canonical::query(&signed));
    format!("{method}&%2F&{query}")
}

/// The signature of a string to sign, in base64.
pub fn signature(secret: &Secret, string_to_sign: &str) -> String {
    let mut mac = keyed(secret);
    mac.update(string_to_sign.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The key is the secret with `&` after it, where other APIs append a token.
#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn keyed(secret: &Secret) -> Hmac<Sha1> {
    let key = Secret::new([secret.reveal(), "&"].concat());
    Hmac::new_from_slice(key.reveal().as_bytes()).expect("a key of any length")
}

/// The parameter that carries the signature.
const SIGNATURE: &str = "Signature";
