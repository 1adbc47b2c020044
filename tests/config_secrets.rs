//! Keys in a configuration: where they may stand, and what is said of them.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use sag_exporter::config::{self, Config, Errors, Origin, Source};
use sag_exporter::model::SagId;
use sag_exporter::openapi::credentials::{OidcRole, Role, StsSite};
use sag_exporter::openapi::{CredentialSource, SecretSource};
use sag_exporter::secret::Secret;
use sag_exporter::sweep::Shard;

#[test]
fn every_source_of_a_credential_can_be_written() {
    let check = |text: &str, expected: CredentialSource| {
        let file = format!("accounts: [{{name: a, regions: [r], credentials: {text}}}]");
        let config = config::parse(file.as_bytes(), Path::new("/etc/sag/c.yml")).unwrap();
        assert_eq!(only(&config).credentials, expected, "{text}");
    };
    let inline = |text: &str| SecretSource::Inline(Secret::new(text));
    let key = CredentialSource::AccessKey {
        id: inline("LTAI"),
        secret: SecretSource::File("/etc/sag/key".into()),
        security_token: None,
    };
    let role = Role {
        arn: "acs:ram::1:role/r".to_owned(),
        session_name: Some("s".to_owned()),
        external_id: Some("x".to_owned()),
        ..Role::default()
    };
    let on_top_of = |base: CredentialSource, role: &Role| CredentialSource::AssumeRole {
        base: Box::new(base),
        role: role.clone(),
    };
    check(
        "{profile: work}",
        CredentialSource::Profile("work".to_owned()),
    );
    check(
        "{ecs_ram_role: reader}",
        CredentialSource::EcsRamRole(Some("reader".to_owned())),
    );
    check("{ecs_ram_role: '*'}", CredentialSource::EcsRamRole(None));
    check(
        "{uri: 'http://127.0.0.1:1/x'}",
        CredentialSource::Uri(Secret::new("http://127.0.0.1:1/x")),
    );
    check("{oidc: {}}", CredentialSource::Oidc(OidcRole::default()));
    check(
        "{oidc: {role_arn: 'acs:ram::1:role/r', provider_arn: 'acs:ram::1:oidc-provider/p', \
         token_file: token, sts_region: cn-shanghai, sts_vpc: true, duration: 30m}}",
        CredentialSource::Oidc(OidcRole {
            arn: Some("acs:ram::1:role/r".to_owned()),
            provider_arn: Some("acs:ram::1:oidc-provider/p".to_owned()),
            token_file: Some("/etc/sag/token".into()),
            duration: Some(Duration::from_secs(1800)),
            sts: StsSite {
                region: Some("cn-shanghai".to_owned()),
                vpc: Some(true),
            },
            ..OidcRole::default()
        }),
    );
    check(
        "{assume_role: {arn: 'acs:ram::1:role/r', session_name: s, external_id: x}}",
        on_top_of(CredentialSource::Chain, &role),
    );
    check(
        "{access_key_id: LTAI, access_key_secret_file: key, \
         assume_role: {arn: 'acs:ram::1:role/r', session_name: s, external_id: x}}",
        on_top_of(key, &role),
    );
}

#[cfg(unix)]
#[test]
fn keys_that_others_can_read_give_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let check = |modes: [u32; 2], credentials: &str, expected: &[&str]| {
        let text = format!("accounts: [{{name: a, regions: [r], credentials: {credentials}}}]");
        fs::write(path("c.yml"), text).unwrap();
        fs::write(path("key"), "MARKED").unwrap();
        for (name, mode) in ["c.yml", "key"].into_iter().zip(modes) {
            fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        let origin = Origin::File(path("c.yml"));
        let instances = Vec::new();
        let loaded = source(origin, instances).load().unwrap();
        let place = format!("{}/", directory.path().display());
        let found = loaded.warnings.iter();
        let found = found.map(|warning| warning.to_string().replace(&place, ""));
        assert_eq!(found.collect::<Vec<_>>(), expected);
    };
    let in_file = "{access_key_id: LTAI, access_key_secret_file: key}";
    let inline = "{access_key_id: LTAI, access_key_secret: MARKED}";
    check([0o644, 0o600], in_file, &[]);
    check([0o644, 0o640], in_file, &[]);
    check(
        [0o600, 0o644],
        in_file,
        &[
            "accounts[0].credentials.access_key_secret_file: key: others can read this key: \
           expected mode 0600 or 0400",
        ],
    );
    check([0o600, 0o644], inline, &[]);
    check(
        [0o644, 0o600],
        inline,
        &["c.yml: others can read this file, which holds a key: expected mode 0600 or 0400"],
    );
    check([0o644, 0o600], "{profile: work}", &[]);
}

#[test]
fn files_with_a_key_are_checked() {
    let directory = tempfile::tempdir().unwrap();
    let check = |content: &[u8], expected: Option<&str>| {
        fs::write(directory.path().join("key"), content).unwrap();
        let file = directory.path().join("c.yml");
        let text = "accounts: [{name: a, regions: [r], credentials: {access_key_id: LTAI, \
                    access_key_secret_file: key}}]\n";
        fs::write(&file, text).unwrap();
        let found = load(&file)
            .err()
            .map(|errors| errors.problems()[0].text.clone());
        let found = found
            .as_deref()
            .and_then(|text| text.rsplit_once("key: ").map(|(_, t)| t));
        assert_eq!(found.is_some(), expected.is_some());
        assert!(
            found
                .unwrap_or_default()
                .starts_with(expected.unwrap_or_default()),
            "{found:?}"
        );
    };
    check(b"secret\n", None);
    check(b" \n", Some("empty"));
    check(b"\xff\n", Some("not UTF-8"));
    check(&vec![b'x'; 64 * 1024 + 1], Some("longer than 65536 bytes"));
}

#[test]
fn a_pseudonym_key_is_read_where_it_is_used() {
    let directory = tempfile::tempdir().unwrap();
    let check = |user: &str, key: &str, expected: Result<bool, &str>| {
        let file = directory.path().join("c.yml");
        let text = format!(
            "accounts: [{{name: a, regions: [r]}}]\n\
             labels: {{user: {user}, pseudonym_key_file: key}}\n"
        );
        fs::write(&file, text).unwrap();
        fs::write(directory.path().join("key"), key).unwrap();
        let origin = Origin::File(file);
        let instances = Vec::new();
        let loaded = source(origin, instances).load();
        match (loaded, expected) {
            (Ok(loaded), Ok(expected)) => assert_eq!(loaded.pseudonyms.is_some(), expected),
            (Err(errors), Err(expected)) => {
                let text = errors.to_string();
                assert!(text.contains(expected), "{expected:?} is not in {text}");
                assert_no_secret(&text);
            }
            (found, expected) => panic!("{found:?} is not {expected:?}"),
        }
    };
    check("pseudonym", "MARKED-0123456789abcdef\n", Ok(true));
    check("plain", "MARKED-0123456789abcdef\n", Ok(false));
    check("none", "", Ok(false));
    let short = "labels.pseudonym_key_file: ";
    check("pseudonym", "MARKED", Err(short));
    check(
        "pseudonym",
        "MARKED",
        Err("key: shorter than 16 characters: expected random text"),
    );
    check("pseudonym", "", Err(short));
}

fn load(path: &Path) -> Result<Config, Errors> {
    let origin = Origin::File(path.to_owned());
    source(origin, Vec::new())
        .load()
        .map(|loaded| loaded.config)
}

fn source(origin: Origin, instances: Vec<SagId>) -> Source {
    Source {
        origin,
        instances,
        shard: Shard::WHOLE,
    }
}

fn only(config: &Config) -> &config::Account {
    assert_eq!(config.accounts.len(), 1);
    config.accounts.first().unwrap()
}

fn assert_no_secret(text: &str) {
    assert!(!text.contains("MARKED"), "a secret shows in {text}");
}
