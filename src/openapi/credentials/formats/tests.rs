//! Each format with what is read from it and how it is refused.

use proptest::prelude::*;

use super::*;

const WHOLE: &str = r#"{"Code": "Success", "AccessKeyId": "STS.k", "AccessKeySecret": "s",
    "SecurityToken": "t+/=", "Expiration": "2026-01-31T23:59:59Z", "LastUpdated": "x"}"#;

/// Stands for any line that cannot be decoded.
const NO_JSON: &str = "no JSON";

/// As text: `id/secret/token/end`, or the error.
fn outcome(grant: Result<Grant, FormatError>) -> Result<String, String> {
    let grant = grant.map_err(|error| match error {
        FormatError::Line { .. } => NO_JSON.to_owned(),
        other => other.to_string(),
    })?;
    let credential = grant.credential;
    let token = credential.security_token().map_or("-", Secret::reveal);
    let secret = credential.access_key_secret().reveal();
    let end = grant.expires.map_or("-".to_owned(), |end| end.to_string());
    Ok(format!(
        "{}/{secret}/{token}/{end}",
        credential.access_key_id()
    ))
}

#[test]
fn an_end_is_a_time_in_utc_and_nothing_else() {
    for (text, valid) in [
        ("2026-01-31T23:59:59Z", true),
        ("1970-01-01T00:00:00Z", true),
        ("2026-02-30T00:00:00Z", false),
        ("2026-01-31T25:00:00Z", false),
        ("2026-01-31T23:59:59", false),
        ("2026-01-31T23:59:59+08:00", false),
        ("2026-01-31T23:59:59.5Z", false),
        ("2026-01-31 23:59:59Z", false),
        ("1769903999", false),
        ("٢٠٢٦-01-31T23:59:59Z", false),
        ("", false),
    ] {
        assert_eq!(expiration::parse(text).is_some(), valid, "{text}");
    }
}

#[test]
fn the_metadata_service_and_a_uri_say_success() {
    let with = |from: &str, to: &str| WHOLE.replace(from, to);
    for (body, expected) in [
        (WHOLE.to_owned(), Ok("STS.k/s/t+/=/2026-01-31T23:59:59Z")),
        (
            with("Success", "InvalidRole"),
            Err("the answer says InvalidRole: expected Success"),
        ),
        (
            with("Success", "no <b>word</b>"),
            Err("the answer says something else: expected Success"),
        ),
        (with("Code", "code"), Err("Code: expected Success")),
        (
            with("\"s\"", "\"\""),
            Err("AccessKeySecret: expected a text"),
        ),
        (
            with("\"s\"", "null"),
            Err("AccessKeySecret: expected a text"),
        ),
        (
            with("SecurityToken", "Token"),
            Err("SecurityToken: expected a text"),
        ),
        (
            with("23:59:59Z", "soon"),
            Err("Expiration: expected a time in UTC such as 2026-01-31T23:59:59Z"),
        ),
        (
            with("Expiration", "End"),
            Err("Expiration: expected a time in UTC such as 2026-01-31T23:59:59Z"),
        ),
        (
            with("STS.k", "two words"),
            Err(
                "AccessKeyId: expected key, secret and token of printable ASCII without spaces and commas",
            ),
        ),
        (with("\"s\"", "17"), Err(NO_JSON)),
        (WHOLE.replace('}', ""), Err(NO_JSON)),
        ("[]".to_owned(), Err(NO_JSON)),
        ("<html>busy</html>".to_owned(), Err(NO_JSON)),
    ] {
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(
            outcome(metadata::parse(body.as_bytes())),
            expected,
            "{body}"
        );
    }
}

#[test]
fn sts_wraps_the_credential() {
    let inner = WHOLE.replace(r#""Code": "Success", "#, "");
    let body = format!(r#"{{"RequestId": "x", "Credentials": {inner}}}"#);
    let found = outcome(sts::parse(body.as_bytes()));
    assert_eq!(found.as_deref(), Ok("STS.k/s/t+/=/2026-01-31T23:59:59Z"));
    for body in ["{}", r#"{"Credentials": null}"#] {
        let found = outcome(sts::parse(body.as_bytes()));
        assert_eq!(found, Err("Credentials: expected an object".to_owned()));
    }
}

#[test]
fn a_role_name_is_one_word() {
    let long = "x".repeat(129);
    for (body, expected) in [
        ("my-role", Some("my-role")),
        ("my-role\n", Some("my-role")),
        ("", None),
        ("two\nroles", None),
        ("<html> no </html>", None),
        (long.as_str(), None),
    ] {
        let found = metadata::role_name(body.as_bytes()).ok();
        assert_eq!(found.as_deref(), expected, "{body}");
    }
}

#[test]
fn a_program_prints_what_a_profile_holds() {
    for (output, expected) in [
        (
            r#"{"mode":"AK","access_key_id":"k","access_key_secret":"s"}"#,
            Ok("k/s/-/-"),
        ),
        (
            r#"{"mode":"StsToken","access_key_id":"k","access_key_secret":"s","sts_token":"t","expiration":"2026-01-31T23:59:59Z"}"#,
            Ok("k/s/t/2026-01-31T23:59:59Z"),
        ),
        (
            r#"{"mode":"StsToken","access_key_id":"k","access_key_secret":"s"}"#,
            Err("sts_token: expected a text, as the mode is StsToken"),
        ),
        (
            r#"{"access_key_id":"k","access_key_secret":"s","expiration":"tomorrow"}"#,
            Err("expiration: expected a time in UTC such as 2026-01-31T23:59:59Z"),
        ),
        (
            r#"{"access_key_id":"k"}"#,
            Err("access_key_secret: expected a text"),
        ),
        ("", Err(NO_JSON)),
    ] {
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(
            outcome(external::parse(output.as_bytes())),
            expected,
            "{output}"
        );
    }
}

#[test]
fn a_cli_configuration_may_hold_null_and_more_than_is_known() {
    let text = r#"{"current": "", "meta_path": "", "profiles": [
        {"name": "a", "mode": "AK", "access_key_id": "", "access_key_secret": null,
         "expired_seconds": null, "enable_vpc": null, "unknown": [1]},
        {"name": "b", "mode": null, "expired_seconds": 900, "enable_vpc": true},
        {"name": "a", "mode": "StsToken"}]}"#;
    let config = CliConfig::parse(text.as_bytes()).unwrap();
    assert_eq!(config.current(), None);
    let first = config.profile("a").unwrap();
    assert_eq!(first.mode.as_deref(), Some("AK"));
    assert_eq!(first.access_key_id, None);
    let second = config.profile("b").unwrap();
    assert_eq!(
        (second.expired_seconds, second.enable_vpc),
        (Some(900), Some(true))
    );
    assert_eq!(config.profile("c"), None);
    for bad in [
        "",
        "[",
        r#"{"profiles": "secret-MARK"}"#,
        r#"{"profiles": [{"name": 1}]}"#,
    ] {
        let error = CliConfig::parse(bad.as_bytes()).unwrap_err().to_string();
        assert!(!error.contains("MARK"), "{error}");
    }
    assert!(CliConfig::parse(br#"{"profiles": null}"#).is_ok());
}

#[test]
fn an_ini_file_is_read_as_the_official_library_reads_it() {
    let text = "\u{feff}# comment\n\n[default]\nType = access_key # why\nkey: a=b\n; x\n\
        policy = {\n  \"a\": 1\n  }\nempty =\n[ other ]\nkey=%(x)s\n[DEFAULT]\nshared = all\n";
    let ini = Ini::parse(text.as_bytes()).unwrap();
    for (section, key, expected) in [
        ("default", "type", Some("access_key")),
        ("default", "key", Some("a=b")),
        ("default", "policy", Some("{\n\"a\": 1\n}")),
        ("default", "empty", None),
        ("default", "shared", Some("all")),
        (" other ", "key", Some("%(x)s")),
        ("other", "key", None),
        ("missing", "shared", None),
    ] {
        let found = ini.value(section, key).map(Secret::reveal);
        assert_eq!(found, expected, "{section} {key}");
    }
    assert!(ini.has("default") && !ini.has("missing"));
}

#[test]
fn a_bad_line_of_an_ini_file_is_named_and_not_shown() {
    for (text, expected) in [
        ("[a]\nhunter2\n", "line 2: expected key = value"),
        (
            "key = hunter2\n",
            "line 1: expected [a section] before the first key",
        ),
        (
            "[a]\nk = 1\n[hunter2\n",
            "line 3: expected ] after the name of a section",
        ),
        ("[a]\n[b]\n[a]\n", "line 3: expected each section once"),
        (
            "[a]\nk = 1\nK = hunter2\n",
            "line 3: expected each key once in a section",
        ),
    ] {
        let error = Ini::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
    let error = Ini::parse(b"[a]\nk = \xff\n").unwrap_err();
    assert_eq!(error.to_string(), "line 2: expected UTF-8");
}

proptest! {
    #[test]
    fn no_bytes_make_a_format_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        feed(&bytes);
    }

    #[test]
    fn no_damage_makes_a_format_panic(at in 0..400_usize, byte: u8, keep in 0..400_usize) {
        let ini = "[default]\ntype = access_key\n  more\nkey: v # x\n[DEFAULT]\nx=1\n";
        let cli = r#"{"current":"a","profiles":[{"name":"a","mode":"AK","enable_vpc":true}]}"#;
        for text in [WHOLE, ini, cli] {
            let mut bytes = text.as_bytes().to_vec();
            let place = at % bytes.len();
            bytes[place] = byte;
            feed(&bytes);
            bytes.truncate(keep % text.len());
            feed(&bytes);
        }
    }
}

/// Everything that reads bytes, for errors too.
fn feed(bytes: &[u8]) {
    let grants = [
        sts::parse(bytes),
        metadata::parse(bytes),
        external::parse(bytes),
    ];
    let shown = format!(
        "{grants:?} {:?} {:?}",
        CliConfig::parse(bytes),
        Ini::parse(bytes)
    );
    assert!(!shown.is_empty());
    let names = [metadata::role_name(bytes), metadata::token(bytes)];
    for name in names.into_iter().flatten() {
        assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "{name:?}");
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let end = expiration::parse(text).map(|end| end.to_string());
        assert!(end.is_none_or(|end| end == text));
    }
}
