//! No bytes make the file's reader panic or talk.

use std::path::Path;

use proptest::prelude::*;
use sag_exporter::config::web_config;

/// Words of the format, so that chance comes deep into it.
const WORDS: [&str; 32] = [
    "tls_server_config:",
    "http_server_config:",
    "basic_auth_users:",
    "rate_limit:",
    "cert_file:",
    "key_file:",
    "cert:",
    "key:",
    "client_ca:",
    "client_auth_type:",
    "client_allowed_sans:",
    "min_version:",
    "max_version:",
    "cipher_suites:",
    "curve_preferences:",
    "http2:",
    "headers:",
    "X-Frame-Options:",
    "interval:",
    "burst:",
    " TLS12",
    " RequireAndVerifyClientCert",
    " CurveP256",
    " 1h",
    " -----BEGIN CERTIFICATE-----",
    " -----END CERTIFICATE-----",
    " |",
    "\n",
    "\n  ",
    "\n    ",
    "- ",
    "[",
];

proptest! {
    #[test]
    fn bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes);
    }

    #[test]
    fn words_are_read_or_refused(
        words in proptest::collection::vec(proptest::sample::select(&WORDS[..]), 0..40)
    ) {
        read(words.concat().as_bytes());
    }

    #[test]
    fn passwords_are_never_told(password in "[a-zA-Z0-9]{12,60}") {
        let text = format!("basic_auth_users:\n  alice: {password}\n");
        let error = web_config::parse(text.as_bytes(), Path::new("web.yml")).unwrap_err();
        prop_assert!(!error.to_string().contains(&password), "{error}");
    }

    #[test]
    fn keys_are_never_told(key in "[a-zA-Z0-9]{12,60}") {
        let text = format!("tls_server_config: {{cert: x, key: '-----BEGIN {key}'}}\n");
        let error = web_config::parse(text.as_bytes(), Path::new("web.yml")).unwrap_err();
        prop_assert!(!error.to_string().contains(&key), "{error}");
    }
}

fn read(bytes: &[u8]) {
    match web_config::parse(bytes, Path::new("nowhere/web.yml")) {
        Ok(config) => assert!(!format!("{config:?}").is_empty()),
        Err(errors) => assert!(!errors.problems().is_empty()),
    }
}
