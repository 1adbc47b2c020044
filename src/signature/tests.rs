//! Golden vectors from the documentation and the official SDK, and properties.

use proptest::prelude::*;
use serde_json::Value;

use super::canonical::{DecodeError, decode_query, encode, query};
use super::{hex, sha256_hex, v1, v3};
use crate::secret::Secret;

const VECTORS: &str = include_str!("../../tests/data/signature/vectors.json");

#[test]
fn v3_agrees_with_every_vector() {
    for vector in vectors("v3", 5) {
        let name = text(&vector["name"]);
        let request = &vector["request"];
        let expected = &vector["expected"];
        let (parameters, headers) = (pairs(&request["parameters"]), pairs(&request["headers"]));
        let canonical_query = query(&parameters);
        assert_eq!(canonical_query, text(&expected["query"]), "{name}");
        let signed_headers = v3::signed_headers(&headers);
        assert_eq!(signed_headers, text(&expected["signed_headers"]), "{name}");
        let canonical = v3::canonical_request(
            text(&request["method"]),
            text(&request["path"]),
            &canonical_query,
            &headers,
            v3::EMPTY_PAYLOAD_SHA256,
        );
        let digest = sha256_hex(canonical.as_bytes());
        assert_eq!(digest, text(&expected["request_sha256"]), "{name}");
        let signature = v3::signature(&Secret::new(text(&vector["secret"])), &canonical);
        assert_eq!(signature, text(&expected["signature"]), "{name}");
    }
}

#[test]
fn v1_agrees_with_every_vector() {
    for vector in vectors("v1", 3) {
        let name = text(&vector["name"]);
        let request = &vector["request"];
        let expected = &vector["expected"];
        let mut parameters = pairs(&request["parameters"]);
        // The signature is never part of what it signs.
        parameters.push(("Signature", "anything"));
        let to_sign = v1::string_to_sign(text(&request["method"]), &parameters);
        assert_eq!(to_sign, text(&expected["string_to_sign"]), "{name}");
        let signature = v1::signature(&Secret::new(text(&vector["secret"])), &to_sign);
        assert_eq!(signature, text(&expected["signature"]), "{name}");
    }
}

#[test]
fn the_order_and_the_padding_of_headers_do_not_matter() {
    let tidy = [("host", "h"), ("x-acs-action", "A"), ("x-acs-date", "D")];
    let untidy = [
        ("x-acs-date", " D\t"),
        ("host", "h "),
        ("x-acs-action", "A"),
    ];
    let canonical = |headers: &[(&str, &str)]| v3::canonical_request("POST", "/", "", headers, "");
    assert_eq!(canonical(&tidy), canonical(&untidy));
    assert_eq!(v3::signed_headers(&untidy), "host;x-acs-action;x-acs-date");
}

#[test]
fn the_constant_is_the_digest_of_nothing() {
    assert_eq!(sha256_hex(b""), v3::EMPTY_PAYLOAD_SHA256);
    assert_eq!(hex(&[0x00, 0x9a, 0xff]), "009aff");
}

#[test]
fn keys_are_sorted_before_they_are_encoded() {
    // Encoded, `_` (0x5f) would come after `%5B`; raw, `[` (0x5b) comes first.
    let canonical = query(&[("a_", "1"), ("a[", "2"), ("a.10", "3"), ("a.2", "4")]);
    assert_eq!(canonical, "a.10=3&a.2=4&a%5B=2&a_=1");
}

#[test]
fn a_query_is_decoded_as_the_sdk_writes_it() {
    let decoded = |raw: &str| {
        let pairs = decode_query(raw)?;
        let joined = pairs.iter().map(|(key, value)| format!("{key}={value}"));
        Ok(joined.collect::<Vec<_>>().join("|"))
    };
    for (raw, expected) in [
        ("", Ok("")),
        ("a=1", Ok("a=1")),
        ("a", Ok("a=")),
        ("=", Ok("=")),
        ("&&a=1&", Ok("a=1")),
        ("a=b=c", Ok("a=b=c")),
        ("UserName=a+b%2Bc~%2A%40x.com", Ok("UserName=a b+c~*@x.com")),
        ("a=%c3%A9", Ok("a=é")),
        ("a=%", Err(DecodeError::Escape { position: 1 })),
        ("a=1&b=%4", Err(DecodeError::Escape { position: 2 })),
        ("a=%+1", Err(DecodeError::Escape { position: 1 })),
        ("%zz=1", Err(DecodeError::Escape { position: 1 })),
        ("a=%ff", Err(DecodeError::Utf8 { position: 1 })),
    ] {
        assert_eq!(decoded(raw), expected.map(str::to_owned), "{raw}");
    }
}

proptest! {
    #[test]
    fn a_canonical_query_decodes_to_the_sorted_pairs(
        mut pairs in prop::collection::vec((any::<String>(), any::<String>()), 0..8)
    ) {
        let canonical = query(&pairs);
        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        prop_assert_eq!(decode_query(&canonical), Ok(pairs));
    }

    #[test]
    fn an_encoded_text_holds_unreserved_characters_and_escapes_only(text in any::<String>()) {
        let encoded = encode(&text);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~%".contains(&b);
        prop_assert!(encoded.bytes().all(plain), "{}", encoded);
    }

    #[test]
    fn no_bytes_make_decoding_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let raw = String::from_utf8_lossy(&bytes);
        if let Ok(pairs) = decode_query(&raw) {
            // What was understood is understood again from its canonical form.
            let again = decode_query(&query(&pairs)).unwrap();
            prop_assert_eq!(again.len(), pairs.len());
        }
    }

    #[test]
    fn every_text_can_be_signed(secret in any::<String>(), request in any::<String>()) {
        let secret = Secret::new(secret);
        prop_assert_eq!(v3::signature(&secret, &request).len(), 64);
        prop_assert_eq!(v1::signature(&secret, &request).len(), 28);
    }
}

/// The vectors of one version; their number guards against losing some.
fn vectors(version: &str, expected: usize) -> Vec<Value> {
    let mut vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let Value::Array(vectors) = vectors[version].take() else {
        panic!("{version} is a list");
    };
    assert_eq!(vectors.len(), expected);
    vectors
}

fn pairs(list: &Value) -> Vec<(&str, &str)> {
    let pairs = list.as_array().unwrap().iter();
    pairs.map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
