//! Which provider is chosen, in which order, and what is said if none works.

use sag_exporter::openapi::CredentialSource;

use crate::double::Answer;
use crate::world::World;

const KEY: [(&str, &str); 2] = [("ACCESS_KEY_ID", "env"), ("ACCESS_KEY_SECRET", "s")];
const OIDC: [(&str, &str); 3] = [
    ("ROLE_ARN", "acs:ram::1:role/oidc"),
    ("OIDC_PROVIDER_ARN", "acs:ram::1:oidc-provider/p"),
    ("OIDC_TOKEN_FILE", "HOME/token"),
];
const URI: [(&str, &str); 1] = [("CREDENTIALS_URI", "URL/uri")];
const NO_SERVER: (&str, &str) = ("ECS_METADATA_DISABLED", "true");

const CLI: &str = r#"{"current": "a", "profiles": [
    {"name": "a", "mode": "AK", "access_key_id": "cli-a", "access_key_secret": "s"},
    {"name": "b", "mode": "StsToken", "access_key_id": "cli-b", "access_key_secret": "s",
     "sts_token": "t"}]}"#;
const INI: &str = "[default]\ntype = access_key\naccess_key_id = ini\naccess_key_secret = s\n\
    [b]\ntype = access_key\naccess_key_id = ini-b\naccess_key_secret = s\n\
    [c]\ntype = access_key\naccess_key_id = ini-c\naccess_key_secret = s\n";

/// A world in which everything works that the variables allow.
fn full() -> World {
    World::new()
        .set_all(&KEY)
        .set_all(&OIDC)
        .set_all(&URI)
        .write("token", "oidc-token")
        .write(".aliyun/config.json", CLI)
        .write(".alibabacloud/credentials.ini", INI)
}

fn without(mut world: World, names: &[&str]) -> World {
    for name in names {
        if let Some(file) = name.strip_prefix("~/") {
            std::fs::remove_file(world.home().join(file)).unwrap();
        } else {
            let known = world.variables.remove(&format!("ALIBABA_CLOUD_{name}"));
            assert!(known.is_some(), "{name}");
        }
    }
    world
}

#[tokio::test]
async fn the_chain_has_the_official_order() {
    let mut gone = Vec::new();
    for (then_without, expected) in [
        (&[][..], "env/s/-"),
        (&["ACCESS_KEY_SECRET"], "STS.oidc/secret-MARK/token-MARK"),
        (&["ROLE_ARN"], "cli-a/s/-"),
        (&["~/.aliyun/config.json"], "ini/s/-"),
        (
            &["~/.alibabacloud/credentials.ini"],
            "STS.discovered/secret-MARK/token-MARK",
        ),
    ] {
        gone.extend(then_without);
        let world = without(full(), &gone);
        let found = world.outcome(&CredentialSource::Chain).await;
        assert_eq!(found.as_deref(), Ok(expected), "without {gone:?}");
    }
    let world = without(full(), &gone).set_all(&[NO_SERVER]);
    let found = world.outcome(&CredentialSource::Chain).await;
    assert_eq!(found.as_deref(), Ok("STS.uri/secret-MARK/token-MARK"));
    let asked: Vec<_> = world.double.take().into_iter().map(|a| a.path).collect();
    assert_eq!(asked, ["/uri"]);
}

#[tokio::test]
async fn switches_and_names_steer_the_chain() {
    let gone = ["ACCESS_KEY_ID", "OIDC_TOKEN_FILE"];
    for (variables, expected) in [
        (&[("PROFILE", "b")][..], "cli-b/s/t"),
        (&[("CLI_PROFILE_DISABLED", "TRUE")], "ini/s/-"),
        (&[("CLI_PROFILE_DISABLED", "false")], "cli-a/s/-"),
        (
            &[("CLI_PROFILE_DISABLED", "true"), ("PROFILE", "b")],
            "ini-b/s/-",
        ),
        (&[("PROFILE", "c")], "ini-c/s/-"),
        (
            &[("PROFILE", "nobody"), ("ECS_METADATA", "by-name")],
            "STS.by-name/secret-MARK/token-MARK",
        ),
        (
            &[("PROFILE", "nobody"), NO_SERVER],
            "STS.uri/secret-MARK/token-MARK",
        ),
    ] {
        let world = without(full(), &gone).set_all(variables);
        let found = world.outcome(&CredentialSource::Chain).await;
        assert_eq!(found.as_deref(), Ok(expected), "{variables:?}");
    }
    let world = without(full(), &gone)
        .set("CLI_PROFILE_DISABLED", "true")
        .set("CREDENTIALS_FILE", "HOME/elsewhere.ini")
        .write("elsewhere.ini", &INI.replace("= ini\n", "= elsewhere\n"));
    let found = world.outcome(&CredentialSource::Chain).await;
    assert_eq!(found.as_deref(), Ok("elsewhere/s/-"));
}

#[tokio::test]
async fn a_profile_of_the_configuration_is_sought_in_both_files() {
    for (name, expected) in [
        ("a", Ok("cli-a/s/-")),
        ("b", Ok("cli-b/s/t")),
        ("c", Ok("ini-c/s/-")),
        (
            "d",
            Err("no credential from a profile of the configured name: \
                 CLI profile: profile \"d\": not in the file: expected a profile of this name; \
                 credentials file: section [d]: not in the file: expected a section of this name"),
        ),
    ] {
        let found = full()
            .outcome(&CredentialSource::Profile(name.into()))
            .await;
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(found, expected, "{name}");
    }
}

#[tokio::test]
async fn one_error_names_every_provider_with_its_reason() {
    let world = World::with(|_| Answer::Reply(503, "busy".to_owned()))
        .set("ACCESS_KEY_ID", "k")
        .set("OIDC_TOKEN_FILE", "HOME/token")
        .set_all(&URI)
        .write(".aliyun/config.json", "{\"current\": secret-MARK");
    let error = world.outcome(&CredentialSource::Chain).await.unwrap_err();
    let home = world.home().display();
    let expected = format!(
        "no credential from any provider of the default chain: \
         environment: environment variable ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set: \
         expected the access key secret; \
         OIDC role: environment variable ALIBABA_CLOUD_ROLE_ARN is not set; \
         CLI profile: {home}/.aliyun/config.json: line 1: \
         expected a JSON object with texts in the usual places; \
         credentials file: cannot read {home}/.alibabacloud/credentials.ini: \
         No such file or directory (os error 2); \
         ECS RAM role: the metadata service: status 503; \
         credentials URI: the credentials URI: status 503"
    );
    assert_eq!(error, expected);
}

#[tokio::test]
async fn a_chain_that_chose_stays_with_its_choice() {
    let world = without(full(), &["ACCESS_KEY_ID", "ROLE_ARN"]);
    let provider = world.provider(&CredentialSource::Chain);
    let first = provider.credential().await.unwrap();
    assert_eq!(first.access_key_id(), "cli-a");
    std::fs::remove_file(world.home().join(".aliyun/config.json")).unwrap();

    // The cloud refuses it; the profile is gone, but no other identity is
    // taken in its place.
    assert!(provider.invalidate(&first));
    let second = provider.credential().await.unwrap();
    assert_eq!(second, first);

    let world = world.write(".aliyun/config.json", &CLI.replace("cli-a", "cli-new"));
    assert!(!provider.invalidate(&first), "too soon after a failure");
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(10)).await;
    assert!(provider.invalidate(&first));
    let third = provider.credential().await.unwrap();
    assert_eq!(third.access_key_id(), "cli-new");
    assert!(world.double.take().is_empty());
}
