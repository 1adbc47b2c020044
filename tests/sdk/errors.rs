//! Errors of the simulator arrive as the exceptions of the SDKs.

use std::time::Duration;

use jiff::Timestamp;
use sag_exporter::model::Action;
use sag_exporter::secret::Secret;
use sag_exporter::sim::{Credential, Effect, Options, Rule, Throttling};
use serde_json::{Value, json};

use crate::leash::{Identity, Leash, Sdk, Server};

const ALL: [Sdk; 3] = [Sdk::New, Sdk::NewWithV1, Sdk::Old];

#[tokio::test]
async fn refusals_are_raised_with_status_and_code() {
    let server = Server::start(Options::default()).await;
    let sag_id = server.cloud.instances()[0].0.clone();
    for kind in ALL {
        let mut sdk = Leash::start(kind, &server, Identity::DEFAULT).await;
        let parameters = |id: &str, user: &str| json!({"RegionId": "cn-shanghai", "SmartAGId": id, "UserName": user});
        for (parameters, code) in [
            (parameters("", "a"), "SAG.InstanceIdEmpty"),
            (parameters("sag-none", "a"), "SAG.InstanceNoFound"),
            (parameters(&sag_id, ""), "ClientUser.NameEmpty"),
            (parameters(&sag_id, "nobody"), "ClientUser.NameInvalid"),
        ] {
            let error = sdk.error("DescribeUserOnlineClients", parameters).await;
            assert_eq!(
                (&error["code"], &error["status"]),
                (&json!(code), &json!(400)),
                "{kind:?}"
            );
        }
        for (effect, status, code) in [
            (
                Effect::Denied("NoPermission".to_owned()),
                403,
                "NoPermission",
            ),
            (
                Effect::MissingOperation("InvalidApi.NotFound".to_owned()),
                404,
                "InvalidApi.NotFound",
            ),
            (
                Effect::Error {
                    status: 503,
                    code: "ServiceUnavailable".to_owned(),
                },
                503,
                "ServiceUnavailable",
            ),
        ] {
            server.cloud.set_faults(vec![Rule::new(effect)]);
            let error = sdk.error("DescribeRegions", json!({})).await;
            assert_eq!(
                (&error["code"], &error["status"]),
                (&json!(code), &json!(status)),
                "{kind:?}"
            );
        }
        for effect in [Effect::Drop, Effect::BadGateway, Effect::Truncate(10)] {
            server.cloud.set_faults(vec![Rule::new(effect.clone())]);
            let error = sdk.error("DescribeRegions", json!({})).await;
            assert!(error["class"].is_string(), "{kind:?} {effect:?}: {error}");
        }
        server.cloud.set_faults(Vec::new());
        sdk.ok("DescribeRegions", json!({})).await;
        sdk.stop().await;
    }
    server.stop().await;
}

#[tokio::test]
async fn throttling_is_raised_as_throttling() {
    let server = Server::start(Options::default()).await;
    for kind in ALL {
        let mut sdk = Leash::start(kind, &server, Identity::DEFAULT).await;
        server.cloud.set_quota(None, 0.0);
        sdk.ok("DescribeRegions", json!({})).await;
        server.cloud.set_faults(vec![Rule::new(Effect::Throttle(
            Throttling::default(),
            Duration::from_secs(7),
        ))]);
        check_throttled(kind, &sdk.error("DescribeRegions", json!({})).await, 7_000);
        server.cloud.set_faults(Vec::new());
        let action = Action::DescribeRegions;
        // So slow that the second call comes before the quota is back.
        server.cloud.set_quota(Some(action), 0.001);
        let mut throttled = None;
        for _ in 0..2 {
            throttled = sdk.call("DescribeRegions", json!({})).await.err();
        }
        let throttled = throttled.unwrap();
        assert_eq!(throttled["code"], "Throttling.User", "{kind:?}");
        sdk.stop().await;
    }
    server.stop().await;
}

fn check_throttled(kind: Sdk, error: &Value, wait_millis: u64) {
    assert_eq!(error["code"], "Throttling.User", "{kind:?}: {error}");
    assert_eq!(error["status"], 400, "{kind:?}: {error}");
    if kind != Sdk::Old {
        assert_eq!(error["class"], "ThrottlingException", "{error}");
        assert_eq!(error["retry_after"], wait_millis, "{error}");
    }
}

#[tokio::test]
async fn only_those_who_prove_who_they_are_get_in() {
    let at = |off| Timestamp::from_second(now() + off).unwrap();
    let key = |id: &str| Credential::new(id, Secret::new("secret"));
    let token = || Secret::new("to/ken+=");
    let credentials = vec![
        key("plain"),
        key("off").inactive(),
        key("fresh").with_token(token(), at(3_600)),
        key("stale").with_token(token(), at(-1)),
    ];
    let server = Server::start(Options {
        credentials,
        ..Options::default()
    })
    .await;
    let with = |key_id, secret, token| Identity {
        key_id,
        secret,
        token,
    };
    for kind in ALL {
        for (identity, code) in [
            (with("plain", "secret", None), None),
            (with("plain", "guess", None), Some("SignatureDoesNotMatch")),
            (
                with("unknown", "secret", None),
                Some("InvalidAccessKeyId.NotFound"),
            ),
            (
                with("off", "secret", None),
                Some("InvalidAccessKeyId.Inactive"),
            ),
            (with("fresh", "secret", Some("to/ken+=")), None),
            (
                with("stale", "secret", Some("to/ken+=")),
                Some("InvalidSecurityToken.Expired"),
            ),
        ] {
            let mut sdk = Leash::start(kind, &server, identity).await;
            let answer = sdk.call("DescribeRegions", json!({})).await;
            let found = answer.as_ref().err().map(|error| error["code"].clone());
            let code = code.map(|code| {
                if kind == Sdk::Old {
                    as_the_old_sdk_says(code)
                } else {
                    code
                }
            });
            assert_eq!(
                found,
                code.map(Value::from),
                "{kind:?} {identity:?} {answer:?}"
            );
            sdk.stop().await;
        }
    }
    server.stop().await;
}

/// The old SDK compares the text that the cloud signed with its own, and finds
/// out that the secret is to blame.
fn as_the_old_sdk_says(code: &'static str) -> &'static str {
    match code {
        "SignatureDoesNotMatch" => "InvalidAccessKeySecret",
        code => code,
    }
}

fn now() -> i64 {
    sag_exporter::clock::Clock::system().now().as_second()
}
