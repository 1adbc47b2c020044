//! The verdict on every file of `tests/data/webconfig`. Most of them state a
//! case of exporter-toolkit's own tests anew, and the verdict is the
//! toolkit's; [`STRICTER`] lists where it is not, with the reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sag_exporter::config::web_config::{Watched, WebConfig};
use tempfile::TempDir;

use crate::certificates::{Authority, client_params, self_made};

#[test]
fn good_files_are_accepted() {
    check("good", &GOOD, |name, read, (has_tls, notices)| {
        let config = read.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(config.tls.is_some(), *has_tls, "{name}");
        let found: Vec<_> = config
            .notices
            .iter()
            .map(|notice| format!("{}: {}", notice.line.unwrap_or(0), notice.text))
            .collect();
        assert_eq!(found.len(), notices.len(), "{name}: {found:?}");
        for (found, expected) in found.iter().zip(*notices) {
            assert!(found.starts_with(expected), "{name}: {found:?}");
        }
    });
}

#[test]
fn bad_files_are_refused_with_the_line_and_the_reason() {
    check("bad", &BAD, |name, read, expected| {
        let error = read.err().unwrap_or_else(|| panic!("{name} was accepted"));
        assert!(error.contains(expected), "{name}: {error}");
        assert!(!error.contains("hunter2"), "{name}: {error}");
        assert!(!error.contains("alice"), "{name}: {error}");
    });
}

#[test]
fn all_problems_are_told_at_once() {
    let dir = dir_with_certificates();
    let error = read(dir.path(), "bad", "everything").err().unwrap();
    for expected in [
        ":2: tls_server_config.cert_file: ",
        ":4: tls_server_config.min_version: TLS10 is not supported: RFC 8996",
        ":5: tls_server_config.cipher_suites[0]: \"A\" is unknown",
        ":5: tls_server_config.cipher_suites[2]: \"B\" is unknown",
        ":8: http_server_config.headers[0]: a header that cannot be configured",
        ":10: basic_auth_users[0]: not a bcrypt hash",
        ":12: rate_limit.interval: \"soon\" is not a duration",
        ":13: the key unknown is unknown",
    ] {
        assert!(error.contains(expected), "{expected:?} is not in\n{error}");
    }
    assert_eq!(error.lines().count(), 8, "{error}");
}

#[test]
fn where_the_verdict_is_not_the_toolkits_is_known() {
    let bad: BTreeSet<&str> = BAD.iter().map(|(name, _)| *name).collect();
    for (name, _) in STRICTER {
        assert!(bad.contains(name), "{name}");
    }
}

#[test]
fn a_file_that_does_not_exist_is_refused() {
    let dir = TempDir::new().unwrap();
    let error = Watched::open(dir.path().join("web.yml")).unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
}

/// Judges every file of a folder by the row of its name.
fn check<T>(folder: &str, rows: &[(&str, T)], judge: impl Fn(&str, Result<WebConfig, String>, &T)) {
    let dir = dir_with_certificates();
    let data = Path::new(DATA).join(folder);
    let files: BTreeSet<String> = fs::read_dir(data)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let named: BTreeSet<String> = rows.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, named, "files and rows differ");
    for (name, expected) in rows {
        judge(name, read(dir.path(), folder, name), expected);
    }
}

fn read(dir: &Path, folder: &str, name: &str) -> Result<WebConfig, String> {
    let path = dir.join(format!("{name}.yml"));
    fs::copy(
        Path::new(DATA).join(folder).join(format!("{name}.yml")),
        &path,
    )
    .unwrap();
    match Watched::open(path) {
        Ok((_, config)) => Ok(config),
        Err(errors) => Err(errors.to_string()),
    }
}

fn dir_with_certificates() -> TempDir {
    let dir = TempDir::new().unwrap();
    Authority::new("the operator")
        .server()
        .write(dir.path(), "server");
    self_made(client_params(Vec::new())).write(dir.path(), "client");
    fs::write(dir.path().join("empty"), "").unwrap();
    dir
}

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/webconfig");

/// Each file, whether it asks for TLS, and the notices with their lines.
const GOOD: [(&str, (bool, &[&str])); 28] = [
    ("all_curves", (true, &["4: CurveP521 is left out"])),
    (
        "all_suites_of_go",
        (
            true,
            &[
                "14: TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA is left out",
                "15: TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA is left out",
                "16: TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA is left out",
                "17: TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA is left out",
            ],
        ),
    ),
    ("allowed_names", (true, &[])),
    ("blank_headers", (false, &[])),
    ("blank_values", (true, &[])),
    ("comment", (false, &[])),
    ("empty", (false, &[])),
    (
        "file_and_inline",
        (
            true,
            &[
                "4: not used, because cert_file is given",
                "5: not used, because key_file is given",
            ],
        ),
    ),
    ("headers", (false, &[])),
    (
        "no_certificate_no_tls",
        (false, &["2: without a certificate"]),
    ),
    ("no_client_cert", (true, &[])),
    ("no_users", (false, &[])),
    ("one_curve", (true, &[])),
    ("rate_limit", (false, &["2: without a burst"])),
    ("rate_limit_off", (false, &[])),
    ("rate_limit_with_burst", (false, &[])),
    ("request", (true, &[])),
    ("require_and_verify", (true, &[])),
    (
        "require_and_verify_without_authority",
        (true, &["2: without client_ca_file"]),
    ),
    ("require_any", (true, &[])),
    ("require_any_by_its_old_name", (true, &[])),
    ("some_suites", (true, &[])),
    ("some_suites_by_the_order_of_the_client", (true, &[])),
    ("suite_of_http1", (true, &[])),
    ("tls", (true, &[])),
    ("users", (false, &[])),
    ("users_with_tls", (true, &[])),
    (
        "verify_if_given_without_authority",
        (true, &["2: without client_ca_file"]),
    ),
];

/// Each file, and what the refusal contains.
const BAD: [(&str, &str); 49] = [
    ("a_directory", ":2: tls_server_config.cert_file: "),
    (
        "allowed_names_without_client_auth",
        ":2: tls_server_config: client_allowed_sans are given",
    ),
    (
        "authority_without_client_auth",
        ":4: tls_server_config.client_ca_file: authorities of clients are given",
    ),
    (
        "certificate_as_key",
        ":3: tls_server_config.key_file: no private key is in it",
    ),
    (
        "content_type_options",
        ":3: http_server_config.headers[0]: not a value of X-Content-Type-Options: expected nosniff",
    ),
    (
        "duplicate_key",
        ":4: tls_server_config.key_file: the key is given twice",
    ),
    (
        "empty_authority",
        ":5: tls_server_config.client_ca_file: no certificate is in it",
    ),
    ("everything", ":13: "),
    (
        "frame_options",
        "not a value of X-Frame-Options: expected deny or sameorigin",
    ),
    ("header_of_two_lines", "expected one line of text"),
    (
        "http2_is_no_boolean",
        ":2: http_server_config.http2: \"maybe\" is unknown",
    ),
    (
        "inline_rubbish",
        ":2: tls_server_config.cert: no certificate is in it",
    ),
    (
        "insecure_suite",
        ":4: tls_server_config.cipher_suites[0]: \"TLS_RSA_WITH_RC4_128_SHA\" is unknown",
    ),
    (
        "key_as_certificate",
        ":2: tls_server_config.cert_file: no certificate is in it",
    ),
    (
        "key_of_another",
        ":3: tls_server_config.key_file: the private key does not belong",
    ),
    (
        "missing_authority_file",
        ":5: tls_server_config.client_ca_file: ",
    ),
    (
        "missing_certificate_file",
        ":2: tls_server_config.cert_file: ",
    ),
    ("missing_files", ":3: tls_server_config.key_file: "),
    ("missing_key_file", "nowhere.key: cannot be read"),
    ("negative_burst", ":3: rate_limit.burst: "),
    (
        "negative_rate",
        ":2: rate_limit.interval: \"-1s\" is not a duration",
    ),
    (
        "no_certificate",
        ": tls_server_config: the certificate is missing",
    ),
    (
        "no_certificate_no_key",
        ":4: tls_server_config.client_auth_type: \"x\" is unknown",
    ),
    (
        "no_inline_certificate",
        ": tls_server_config: the certificate is missing",
    ),
    ("no_inline_key", ": tls_server_config: the key is missing"),
    ("no_key", ": tls_server_config: the key is missing"),
    ("no_password", ":2: basic_auth_users[0]: not a bcrypt hash"),
    (
        "no_suite_for_http2",
        ": tls_server_config: the cipher suites lack the one that HTTP/2 requires",
    ),
    (
        "no_suite_for_the_version",
        ": tls_server_config: no cipher suite is left for TLS 1.2",
    ),
    ("not_yaml", "not YAML"),
    (
        "old_version",
        ":4: tls_server_config.min_version: TLS11 is not supported",
    ),
    (
        "only_client_auth",
        ": tls_server_config: the certificate with its key is missing",
    ),
    (
        "only_curves_that_ring_lacks",
        ":5: tls_server_config.curve_preferences: rustls has none of these",
    ),
    (
        "only_suites_that_rustls_lacks",
        ":4: tls_server_config.cipher_suites: rustls has none of these",
    ),
    (
        "other_header",
        ":3: http_server_config.headers[0]: a header that cannot be configured",
    ),
    (
        "password_in_the_clear",
        ":5: basic_auth_users[0]: not a bcrypt hash",
    ),
    (
        "password_of_high_cost",
        ":2: basic_auth_users[0]: a bcrypt hash of cost 31: expected a cost of 4 to 20",
    ),
    (
        "rate_without_unit",
        ":2: rate_limit.interval: \"5\" is not a duration",
    ),
    ("text", ":1: found text: expected"),
    ("two_documents", ":2: a second document starts"),
    (
        "unknown_client_auth",
        ":4: tls_server_config.client_auth_type: \"Sometimes\" is unknown",
    ),
    (
        "unknown_curve",
        ":4: tls_server_config.curve_preferences[0]: \"CurveP257\" is unknown",
    ),
    (
        "unknown_key",
        ":2: tls_server_config: the key cert_fille is unknown: did you mean cert_file?",
    ),
    (
        "unknown_section",
        ":1: the key tls_server_configuration is unknown",
    ),
    (
        "unknown_suite",
        ":5: tls_server_config.cipher_suites[0]: \"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA2048\"",
    ),
    (
        "unknown_version",
        ":4: tls_server_config.min_version: \"TLS111\" is unknown",
    ),
    ("user_twice", ":3: basic_auth_users[1]: "),
    ("users_as_a_list", ":1: basic_auth_users: found a list"),
    (
        "versions_that_exclude_each_other",
        ": tls_server_config: no version of TLS is left",
    ),
];

/// What the toolkit accepts and this program does not, with the reason.
const STRICTER: [(&str, &str); 10] = [
    ("old_version", "rustls speaks nothing before TLS 1.2"),
    ("only_curves_that_ring_lacks", "ring has no curve P-521"),
    (
        "only_suites_that_rustls_lacks",
        "rustls has no suites in CBC mode",
    ),
    (
        "versions_that_exclude_each_other",
        "the toolkit starts and answers nobody",
    ),
    (
        "no_suite_for_the_version",
        "the toolkit starts and answers nobody",
    ),
    ("empty_authority", "the toolkit starts and answers nobody"),
    (
        "allowed_names_without_client_auth",
        "the toolkit lets everyone in",
    ),
    ("password_of_high_cost", "one login would take days"),
    ("rate_without_unit", "the toolkit takes it for nanoseconds"),
    ("negative_rate", "the toolkit takes it for no limit"),
];
