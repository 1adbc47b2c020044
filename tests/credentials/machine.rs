//! The metadata service and a credentials URI: what they are asked, and what
//! they may answer instead.

use std::time::{Duration, Instant};

use sag_exporter::openapi::CredentialSource;
use sag_exporter::secret::Secret;

use crate::double::{Answer, Asked};
use crate::world::{ROLES, World, flat, good};

fn server() -> CredentialSource {
    CredentialSource::EcsRamRole(None)
}

/// Method and path of each request; with a plus sign if it carried a token.
fn lines(asked: &[Asked]) -> Vec<String> {
    let line = |asked: &Asked| {
        assert_eq!(asked.host(), "100.100.100.200");
        let token = !asked.header("x-aliyun-ecs-metadata-token").is_empty();
        let mark = if token { "+" } else { "" };
        let path = asked.path.replace(ROLES, "roles/");
        format!("{}{mark} {path}", asked.method)
    };
    asked.iter().map(line).collect()
}

/// A service that knows no tokens.
pub(crate) fn without_token(asked: &Asked) -> Answer {
    match asked.method.as_str() {
        "PUT" => Answer::Reply(404, String::new()),
        _ => good(asked),
    }
}

/// A service that hands out tokens and takes none.
pub(crate) fn token_refused(asked: &Asked) -> Answer {
    match asked.header("x-aliyun-ecs-metadata-token") {
        "" => good(asked),
        _ => Answer::Reply(403, String::new()),
    }
}

#[tokio::test]
async fn the_metadata_service_is_asked_with_a_token_and_then_without() {
    type Script = fn(&Asked) -> Answer;
    let token = "PUT /latest/api/token";
    let fallback = vec![
        token,
        "GET+ roles/",
        "GET roles/",
        "GET+ roles/discovered",
        "GET roles/discovered",
    ];
    for (script, switch, expected) in [
        (
            good as Script,
            "false",
            Ok(vec![token, "GET+ roles/", "GET+ roles/discovered"]),
        ),
        (
            without_token,
            "false",
            Ok(vec![token, "GET roles/", "GET roles/discovered"]),
        ),
        (
            without_token,
            "true",
            Err("the metadata service: status 404"),
        ),
        (token_refused, "", Ok(fallback)),
        (
            token_refused,
            "True",
            Err("the metadata service: status 403"),
        ),
    ] {
        let world = World::with(script).set("IMDSV1_DISABLED", switch);
        let found = world.outcome(&server()).await;
        let seen = lines(&world.double.take());
        match expected {
            Ok(expected) => assert_eq!(
                (found.is_ok(), seen),
                (true, expected.iter().map(ToString::to_string).collect())
            ),
            Err(expected) => assert_eq!(found, Err(expected.to_owned())),
        }
    }
}

#[tokio::test]
async fn a_role_name_that_is_given_is_not_asked_for() {
    let world = World::new();
    let by_name = CredentialSource::EcsRamRole(Some("my role/x".to_owned()));
    world.outcome(&by_name).await.unwrap();
    let asked = world.double.take();
    let expected = ["PUT /latest/api/token", "GET+ roles/my%20role%2Fx"];
    assert_eq!(lines(&asked), expected);
    let lifetime = asked[0].header("x-aliyun-ecs-metadata-token-ttl-seconds");
    assert_eq!(lifetime, "21600");
}

#[tokio::test]
async fn a_server_without_metadata_is_left_alone() {
    let world = World::new().set("ECS_METADATA_DISABLED", "true");
    let found = world.outcome(&server()).await;
    let expected = "switched off by the environment variable ALIBABA_CLOUD_ECS_METADATA_DISABLED";
    assert_eq!(found, Err(expected.to_owned()));
    assert!(world.double.take().is_empty());
}

#[tokio::test]
async fn bad_answers_of_a_uri_are_explained() {
    for (answer, expected) in [
        (
            Answer::Reply(500, "secret-MARK".to_owned()),
            "the credentials URI: status 500",
        ),
        (
            Answer::Reply(403, r#"{"Code":"No","Message":"not you"}"#.to_owned()),
            "the credentials URI: status 403, code No: not you",
        ),
        (
            Answer::ok(flat("x").replace("Success", "Failed")),
            "the answer of the credentials URI: the answer says Failed: expected Success",
        ),
        (
            Answer::ok("<html>token-MARK</html>"),
            "the answer of the credentials URI: line 1: \
             expected a JSON object with texts in the usual places",
        ),
        (
            Answer::ok(ended(&flat("x"))),
            "the credentials URI handed out a credential that ended at 2001-02-03T04:05:06Z",
        ),
        (
            Answer::ok("x".repeat(70_000)),
            "the credentials URI: the answer of 127.0.0.1:",
        ),
        (
            Answer::Cut(flat("x")),
            "the credentials URI: the connection to 127.0.0.1:",
        ),
        (
            Answer::Reply(302, String::new()),
            "the credentials URI: status 302",
        ),
    ] {
        let world = World::with(move |_| answer.clone());
        let url = Secret::new(format!("{}/uri?key=query-MARK", world.double.url()));
        let error = world
            .outcome(&CredentialSource::Uri(url))
            .await
            .unwrap_err();
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains("MARK"), "{error}");
    }
    for bad in ["", "/uri", "ftp://x/", "http://me:secret-MARK@127.0.0.1/"] {
        let source = CredentialSource::Uri(Secret::new(bad));
        let error = World::new().outcome(&source).await.unwrap_err();
        let expected = "the credentials URI: expected a URL with http or https, \
                        without user name and password";
        assert_eq!(error, expected);
    }
}

/// The same answer with an end long ago.
fn ended(body: &str) -> String {
    let mut body: serde_json::Value = serde_json::from_str(body).unwrap();
    body["Expiration"] = "2001-02-03T04:05:06Z".into();
    body.to_string()
}

#[tokio::test]
async fn a_slow_metadata_service_is_given_up_after_a_second_each() {
    let world = World::with(|_| Answer::Stall).set("IMDSV1_DISABLED", "true");
    let began = Instant::now();
    let error = world.outcome(&server()).await.unwrap_err();
    assert!(error.ends_with("within 1s"), "{error}");
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
}
