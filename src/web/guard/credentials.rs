//! What a client says about who it is: RFC 7617.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use zeroize::Zeroizing;

/// A name with a password. Neither has to be text. There is no `Debug`.
#[derive(PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: Vec<u8>,
    pub(super) password: Zeroizing<Vec<u8>>,
}

impl Credentials {
    /// Reads the header `Authorization`; `None` if it is of another scheme or
    /// malformed.
    pub(super) fn parse(header: &HeaderValue) -> Option<Self> {
        let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = Zeroizing::new(STANDARD.decode(encoded.trim_matches(' ')).ok()?);
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        let (user, password) = decoded.split_at_checked(colon)?;
        Some(Self {
            user: user.to_vec(),
            password: Zeroizing::new(password.get(1..)?.to_vec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_name_and_a_password() {
        for (header, expected) in [
            ("Basic YWxpY2U6c2VjcmV0", Some(("alice", "secret"))),
            ("bAsIc  YWxpY2U6c2VjcmV0 ", Some(("alice", "secret"))),
            ("Basic YTpiOmM=", Some(("a", "b:c"))),
            ("Basic Og==", Some(("", ""))),
            ("Basic YWxpY2U=", None),
            ("Basic YWxpY2U6c2VjcmV", None),
            ("Basic", None),
            ("Basic ", None),
            ("Bearer YWxpY2U6c2VjcmV0", None),
            ("BasicYWxpY2U6c2VjcmV0", None),
        ] {
            let found = Credentials::parse(&HeaderValue::from_static(header));
            let found = found.as_ref().map(|credentials| {
                (
                    std::str::from_utf8(&credentials.user).unwrap(),
                    std::str::from_utf8(&credentials.password).unwrap(),
                )
            });
            assert_eq!(found, expected, "{header:?}");
        }
    }
}
