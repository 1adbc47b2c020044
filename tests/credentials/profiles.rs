//! Profiles of the command line tool and sections of the credentials file.

use sag_exporter::openapi::CredentialSource;

use crate::world::World;

const CLI: &str = r#"{"current": "role", "profiles": [
        {"name": "key", "mode": "AK", "access_key_id": "cli", "access_key_secret": "s"},
        {"name": "role", "mode": "RamRoleArn", "access_key_id": "cli", "access_key_secret": "s",
         "ram_role_arn": "x/cli-role", "expired_seconds": 1800, "sts_region": "cn-z"},
        {"name": "server", "mode": "EcsRamRole", "ram_role_name": "named"},
        {"name": "oidc", "mode": "OIDC", "ram_role_arn": "x/cli-oidc", "oidc_provider_arn": "p",
         "oidc_token_file": "HOME/token"},
        {"name": "chain", "mode": "ChainableRamRoleArn", "source_profile": "role",
         "ram_role_arn": "x/outer"},
        {"name": "program", "mode": "External", "process_command": "cat 'HOME/the output'"},
        {"name": "circle", "mode": "ChainableRamRoleArn", "source_profile": "circle",
         "ram_role_arn": "x/outer"},
        {"name": "sso", "mode": "CloudSSO"}, {"name": "oauth", "mode": "OAuth"},
        {"name": "odd", "mode": "Odd"},
        {"name": "short", "mode": "RamRoleArn", "access_key_id": "cli", "access_key_secret": "s",
         "ram_role_arn": "x/r", "expired_seconds": 60}]}"#;

const INI: &str = "[i-role]\ntype = ram_role_arn\naccess_key_id = i\naccess_key_secret = s\n\
        role_arn = x/ini-role\n[i-oidc]\ntype = oidc_role_arn\nrole_arn = x/ini-oidc\n\
        oidc_provider_arn = p\noidc_token_file_path = HOME/token\n[i-server]\n\
        type = ecs_ram_role\n[i-rsa]\ntype = rsa_key_pair\n[i-odd]\ntype = sts\n";

const OUTPUT: &str = r#"{"mode":"AK","access_key_id":"printed","access_key_secret":"s"}"#;

#[tokio::test]
async fn profiles_and_sections_lead_to_every_kind() {
    for (name, expected) in [
        ("key", Ok("cli/")),
        ("role", Ok("STS.cli-role/")),
        ("server", Ok("STS.named/")),
        ("oidc", Ok("STS.cli-oidc/")),
        ("chain", Ok("STS.outer/")),
        ("program", Ok("printed/")),
        (
            "circle",
            Err("source_profile: expected an end after a few profiles"),
        ),
        (
            "sso",
            Err("mode CloudSSO needs a person who signs in: expected AK, StsToken, "),
        ),
        (
            "oauth",
            Err("mode OAuth needs a person who signs in: expected AK, StsToken, "),
        ),
        ("odd", Err("mode \"Odd\": expected AK, StsToken, ")),
        ("short", Err("a session of 60 s: expected 900 s or more")),
        ("i-role", Ok("STS.ini-role/")),
        ("i-oidc", Ok("STS.ini-oidc/")),
        ("i-server", Ok("STS.discovered/")),
        (
            "i-rsa",
            Err("type rsa_key_pair is not supported: expected access_key, "),
        ),
        ("i-odd", Err("type \"sts\": expected access_key, ")),
    ] {
        let world = World::new()
            .write("token", "t")
            .write("the output", OUTPUT)
            .write(".aliyun/config.json", CLI)
            .write(".alibabacloud/credentials.ini", INI);
        let found = world
            .outcome(&CredentialSource::Profile(name.to_owned()))
            .await;
        match expected {
            Ok(start) => assert!(
                found.as_ref().unwrap().starts_with(start),
                "{name} {found:?}"
            ),
            Err(part) => assert!(
                found.as_ref().unwrap_err().contains(part),
                "{name} {found:?}"
            ),
        }
    }
}

#[tokio::test]
async fn a_program_is_held_to_its_limits() {
    for (command, expected) in [
        ("", "process_command: expected a command line"),
        (
            "cat 'unbalanced",
            "process_command: expected a command line with balanced quotes",
        ),
        (
            "/no/such/program",
            "the program of process_command cannot be run: No such file",
        ),
        (
            "false --secret-MARK",
            "the program \"false\" ended with exit status: 1",
        ),
        (
            "yes secret-MARK",
            "the output of the program \"yes\": expected at most 64 KiB",
        ),
        (
            "echo secret-MARK",
            "the output of the program \"echo\": line 1: ",
        ),
        // No shell: the words after the first are arguments, whatever they are.
        (
            "echo a; echo b",
            "the output of the program \"echo\": line 1: ",
        ),
        (
            "echo $HOME `id`",
            "the output of the program \"echo\": line 1: ",
        ),
    ] {
        let config = serde_json::json!({"current": "p", "profiles": [
            {"name": "p", "mode": "External", "process_command": command}]});
        let world = World::new().write(".aliyun/config.json", &config.to_string());
        let error = world
            .outcome(&CredentialSource::Profile("p".into()))
            .await
            .unwrap_err();
        assert!(error.contains(expected), "{command}: {error}");
        assert!(!error.contains("MARK"), "{error}");
    }
}

#[tokio::test]
async fn files_that_are_none_are_refused() {
    for (content, expected) in [
        ("x".repeat((1 << 20) + 1), "expected at most 1 MiB"),
        (String::new(), "line 1: expected a JSON object"),
    ] {
        let world = World::new().write(".aliyun/config.json", &content);
        let error = world
            .outcome(&CredentialSource::Profile("p".into()))
            .await
            .unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    let world = World::new().write(".aliyun/config.json/x", "");
    let error = world
        .outcome(&CredentialSource::Profile("p".into()))
        .await
        .unwrap_err();
    assert!(error.contains("expected a regular file"), "{error}");
}
