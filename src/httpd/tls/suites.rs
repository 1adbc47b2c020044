//! Cipher suites and curves by the names that Go gives them.

use rustls::SupportedCipherSuite;
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::ring::{cipher_suite as suite, kx_group as group};

/// What a name of Go's `crypto/tls` stands for here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name<T> {
    /// Something that rustls has.
    Known(T),
    /// Something that Go has and rustls has not, with the reason.
    Lacking(&'static str),
}

/// A cipher suite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suite(SupportedCipherSuite);

/// A curve of the key exchange.
#[derive(Debug, Clone, Copy)]
pub struct Group(&'static dyn SupportedKxGroup);

impl Suite {
    /// The suite of a name that Go's `tls.CipherSuites` lists; `None` for
    /// other names, the insecure ones among them.
    pub fn by_name(name: &str) -> Option<Name<Self>> {
        let known = KNOWN_SUITES.iter().find(|(known, _)| *known == name);
        if let Some((_, suite)) = known {
            return Some(Name::Known(Self(*suite)));
        }
        LACKING_SUITES
            .contains(&name)
            .then_some(Name::Lacking("rustls has no suites in CBC mode"))
    }

    /// Whether it is a suite of TLS 1.2.
    pub fn is_tls12(self) -> bool {
        self.0.tls13().is_none()
    }

    /// Whether RFC 9113 demands it of whoever speaks HTTP/2 over TLS 1.2; one
    /// for each kind of key.
    pub fn is_required_by_http2(self) -> bool {
        [
            suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        ]
        .contains(&self.0)
    }

    pub(super) fn supported(self) -> SupportedCipherSuite {
        self.0
    }
}

impl Group {
    /// The curve of a name that exporter-toolkit knows; `None` for others.
    pub fn by_name(name: &str) -> Option<Name<Self>> {
        let known: &'static dyn SupportedKxGroup = match name {
            "X25519" => group::X25519,
            "CurveP256" => group::SECP256R1,
            "CurveP384" => group::SECP384R1,
            "CurveP521" => return Some(Name::Lacking("the ring library has no curve P-521")),
            _ => return None,
        };
        Some(Name::Known(Self(known)))
    }

    pub(super) fn supported(self) -> &'static dyn SupportedKxGroup {
        self.0
    }
}

const KNOWN_SUITES: [(&str, SupportedCipherSuite); 9] = [
    ("TLS_AES_128_GCM_SHA256", suite::TLS13_AES_128_GCM_SHA256),
    ("TLS_AES_256_GCM_SHA384", suite::TLS13_AES_256_GCM_SHA384),
    (
        "TLS_CHACHA20_POLY1305_SHA256",
        suite::TLS13_CHACHA20_POLY1305_SHA256,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
    (
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
];

/// In Go's list of secure suites, but weaker than what every client has today.
const LACKING_SUITES: [&str; 4] = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_for_the_suite_of_that_name() {
        for (name, suite) in KNOWN_SUITES {
            let theirs = format!("{:?}", suite.suite()).replace("TLS13_", "TLS_");
            assert_eq!(theirs, name);
            assert_eq!(Suite::by_name(name), Some(Name::Known(Suite(suite))));
        }
        assert_eq!(Suite::by_name("TLS_RSA_WITH_RC4_128_SHA"), None);
        assert!(matches!(
            Suite::by_name("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
            Some(Name::Lacking(_))
        ));
    }

    #[test]
    fn curves_have_names() {
        for (name, expected) in [
            ("X25519", "X25519"),
            ("CurveP256", "secp256r1"),
            ("CurveP384", "secp384r1"),
            ("CurveP521", "lacking"),
            ("CurveP257", "unknown"),
        ] {
            let found = match Group::by_name(name) {
                Some(Name::Known(group)) => format!("{:?}", group.supported().name()),
                Some(Name::Lacking(_)) => "lacking".to_owned(),
                None => "unknown".to_owned(),
            };
            assert_eq!(found, expected, "{name}");
        }
    }
}
