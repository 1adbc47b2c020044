//! Roles that are assumed: what STS is asked, and what it may answer instead.

use std::time::Duration;

use sag_exporter::openapi::credentials::{OidcRole, Role, StsSite};
use sag_exporter::openapi::{CredentialSource, SecretSource};
use sag_exporter::secret::Secret;
use sag_exporter::signature::v1;

use crate::double::{Answer, Asked};
use crate::world::{World, sts};

const ARN: &str = "acs:ram::1:role/r";

fn key() -> CredentialSource {
    let inline = |text: &str| SecretSource::Inline(Secret::new(text));
    CredentialSource::AccessKey {
        id: inline("base"),
        secret: inline("base-secret-MARK"),
        security_token: Some(inline("base-token-MARK")),
    }
}

fn assumed(base: CredentialSource, role: Role) -> CredentialSource {
    CredentialSource::AssumeRole {
        base: Box::new(base),
        role: Role {
            arn: ARN.to_owned(),
            ..role
        },
    }
}

fn oidc() -> CredentialSource {
    CredentialSource::Oidc(OidcRole {
        arn: Some(ARN.to_owned()),
        provider_arn: Some("p".to_owned()),
        token_file: Some("/dev/null/no".into()),
        ..OidcRole::default()
    })
}

fn server() -> CredentialSource {
    CredentialSource::EcsRamRole(None)
}

#[tokio::test]
async fn a_role_is_assumed_with_a_signed_request() {
    let role = Role {
        session_name: Some("session @+~ name".to_owned()),
        external_id: Some("external".to_owned()),
        policy: Some(r#"{"Version": "1"}"#.to_owned()),
        duration: Some(Duration::from_secs(900)),
        sts: StsSite {
            region: Some("cn-shanghai".to_owned()),
            vpc: Some(true),
        },
        ..Role::default()
    };
    let world = World::new();
    let found = world.outcome(&assumed(key(), role)).await;
    assert_eq!(found.as_deref(), Ok("STS.r/secret-MARK/token-MARK"));
    let asked = world.double.take();
    let [asked] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(asked.line(), "GET sts-vpc.cn-shanghai.aliyuncs.com/");
    for (name, expected) in [
        ("Action", "AssumeRole"),
        ("Version", "2015-04-01"),
        ("Format", "JSON"),
        ("RoleArn", ARN),
        ("RoleSessionName", "session @+~ name"),
        ("ExternalId", "external"),
        ("Policy", r#"{"Version": "1"}"#),
        ("DurationSeconds", "900"),
        ("AccessKeyId", "base"),
        ("SecurityToken", "base-token-MARK"),
    ] {
        assert_eq!(asked.parameter(name), expected, "{name}");
    }
    check_signature(asked, "base-secret-MARK");
}

fn check_signature(asked: &Asked, secret: &str) {
    let parameters: Vec<_> = asked.query.iter().collect();
    let text = v1::string_to_sign("GET", &parameters);
    let signature = v1::signature(&Secret::new(secret), &text);
    assert_eq!(asked.parameter("Signature"), signature);
}

#[tokio::test]
async fn the_site_of_sts_depends_on_region_and_network() {
    let site = |region: Option<&str>, vpc| StsSite {
        region: region.map(str::to_owned),
        vpc,
    };
    for (site, variables, host) in [
        (site(None, None), &[][..], "sts.aliyuncs.com"),
        (site(None, Some(true)), &[], "sts.aliyuncs.com"),
        (site(Some("eu-x"), None), &[], "sts.eu-x.aliyuncs.com"),
        (
            site(None, None),
            &[("STS_REGION", "cn-y"), ("VPC_ENDPOINT_ENABLED", "true")],
            "sts-vpc.cn-y.aliyuncs.com",
        ),
        (
            site(Some("eu-x"), Some(false)),
            &[("STS_REGION", "cn-y"), ("VPC_ENDPOINT_ENABLED", "true")],
            "sts.eu-x.aliyuncs.com",
        ),
    ] {
        let world = World::new().set_all(variables);
        let role = Role {
            sts: site,
            ..Role::default()
        };
        world.outcome(&assumed(key(), role)).await.unwrap();
        assert_eq!(world.double.take()[0].host(), host);
    }
    let role = Role {
        sts: site(Some("evil.example/"), None),
        ..Role::default()
    };
    let world = World::new();
    let error = world.outcome(&assumed(key(), role)).await.unwrap_err();
    assert!(error.contains("is not a valid region"), "{error}");
    assert!(world.double.take().is_empty());
}

#[tokio::test]
async fn a_role_is_assumed_on_top_of_any_source() {
    let world = World::new()
        .write("token", "t")
        .set("ACCESS_KEY_ID", "env")
        .set("ACCESS_KEY_SECRET", "s")
        .set("CREDENTIALS_URI", "URL/uri");
    let url = Secret::new(format!("{}/uri", world.double.url()));
    let inner = assumed(key(), Role::default());
    for (base, id) in [
        (CredentialSource::Chain, "env"),
        (CredentialSource::Environment, "env"),
        (server(), "STS.discovered"),
        (CredentialSource::Uri(url), "STS.uri"),
        (inner, "STS.r"),
    ] {
        world
            .outcome(&assumed(base, Role::default()))
            .await
            .unwrap();
        let last = world.double.take().pop().unwrap();
        assert_eq!(last.parameter("AccessKeyId"), id);
    }
}

#[tokio::test]
async fn a_key_file_below_a_role_is_read_anew() {
    let world = World::new().write("secret", "first-MARK\n");
    let base = CredentialSource::AccessKey {
        id: SecretSource::Inline(Secret::new("base")),
        secret: SecretSource::File(world.home().join("secret")),
        security_token: None,
    };
    let source = assumed(base, Role::default());
    let provider = world.provider(&source);
    let first = provider.credential().await.unwrap();
    let world = world.write("secret", "second-MARK");
    assert!(provider.invalidate(&first));
    provider.credential().await.unwrap();
    let asked = world.double.take();
    for (asked, secret) in asked.iter().zip(["first-MARK", "second-MARK"]) {
        check_signature(asked, secret);
    }
    assert_eq!(asked.len(), 2);
    let world = world.write("secret", " \n");
    let error = world.outcome(&source).await.unwrap_err();
    assert!(
        error.ends_with("expected a file with nothing but the key"),
        "{error}"
    );
}

#[tokio::test]
async fn an_error_of_the_base_is_part_of_the_error() {
    let world = World::with(|_| Answer::Reply(404, String::new()));
    let error = world.outcome(&assumed(server(), Role::default())).await;
    assert_eq!(
        error.unwrap_err(),
        format!("the credential to assume {ARN} with: the metadata service: status 404")
    );
}

#[tokio::test]
async fn sts_is_asked_again_when_it_is_busy_and_not_when_it_refuses() {
    let refused = r#"{"Code":"EntityNotExist.Role","Message":"no role for token base-token-MARK of me@example.com"}"#;
    let throttled = r#"{"Code":"Throttling.User","Message":"slow down"}"#;
    for (status, body, requests, expected) in [
        (
            404,
            refused,
            1,
            "the Security Token Service: status 404, code EntityNotExist.Role: \
             no role for token [secret] of [address]",
        ),
        (
            400,
            throttled,
            3,
            "the Security Token Service: status 400, code Throttling.User: slow down",
        ),
        (
            502,
            "bad gateway",
            3,
            "the Security Token Service: status 502: bad gateway",
        ),
        (
            200,
            "{}",
            1,
            "the answer of the Security Token Service: Credentials: expected an object",
        ),
    ] {
        let world = World::with(move |_| Answer::Reply(status, body.to_owned()));
        let found = world.outcome(&assumed(key(), Role::default())).await;
        assert_eq!(found, Err(expected.to_owned()));
        let asked = world.double.take();
        assert_eq!(asked.len(), requests, "{expected}");
        let mut nonces: Vec<_> = asked
            .iter()
            .map(|a| a.parameter("SignatureNonce"))
            .collect();
        nonces.dedup();
        assert_eq!(
            nonces.len(),
            requests,
            "each attempt has a nonce of its own"
        );
        for asked in &asked {
            check_signature(asked, "base-secret-MARK");
        }
    }
}

#[tokio::test]
async fn an_oidc_token_is_read_anew_and_sent_unsigned() {
    let world = World::new().write("token", "first-MARK\n");
    let source = CredentialSource::Oidc(OidcRole {
        arn: Some(ARN.to_owned()),
        provider_arn: Some("provider".to_owned()),
        token_file: Some(world.home().join("token")),
        session_name: Some("session".to_owned()),
        ..OidcRole::default()
    });
    let provider = world.provider(&source);
    let first = provider.credential().await.unwrap();
    let world = world.write("token", "second-MARK");
    assert!(provider.invalidate(&first));
    provider.credential().await.unwrap();
    let asked = world.double.take();
    let tokens: Vec<_> = asked.iter().map(|a| a.parameter("OIDCToken")).collect();
    assert_eq!(tokens, ["first-MARK", "second-MARK"]);
    let names: Vec<_> = asked[0].query.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "Action",
            "DurationSeconds",
            "Format",
            "OIDCProviderArn",
            "OIDCToken",
            "RoleArn",
            "RoleSessionName",
            "Timestamp",
            "Version"
        ]
    );
    let error = world.outcome(&oidc()).await.unwrap_err();
    assert!(error.starts_with("cannot read /dev/null/no: "), "{error}");
}

#[tokio::test]
async fn nothing_that_is_printed_holds_a_secret() {
    let world = World::new()
        .set("ACCESS_KEY_SECRET", "env-MARK")
        .set("CREDENTIALS_URI", "URL/uri?env-MARK");
    let uri = Secret::new(format!("{}/uri?key=query-MARK", world.double.url()));
    for source in [
        CredentialSource::Chain,
        assumed(key(), Role::default()),
        CredentialSource::Uri(uri),
        server(),
    ] {
        let provider = world.provider(&source);
        let credential = provider.credential().await.unwrap();
        let shown = format!("{source:?} {provider:?} {credential:?}");
        assert!(!shown.contains("MARK"), "{shown}");
    }
    assert!(sts("x").contains("MARK"), "the mark is where it is sought");
}
