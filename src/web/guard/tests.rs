//! The guard as a whole, before a handler that says yes to everyone.

use std::time::Duration;

use http_body_util::BodyExt;

use super::*;
use crate::telemetry::BuildInfo;

fn guard(settings: Settings) -> Guard<impl Handler> {
    let build = BuildInfo {
        version: "0",
        revision: "0",
        rustversion: "0",
    };
    let yes = |_: Request<()>| async { Response::new(Body::from("yes")) };
    Guard::new(yes, Rules::new(settings), Telemetry::new(build).unwrap())
}

fn settings() -> Settings {
    let hash = bcrypt::hash("one", 4).unwrap();
    Settings {
        headers: vec![Header::parse("X-Frame-Options", "deny").unwrap().unwrap()],
        users: [("alice".to_owned(), PasswordHash::parse(&hash).unwrap())]
            .into_iter()
            .collect(),
        rate_limit: None,
    }
}

async fn ask(guard: &impl Handler, authorization: Option<&str>) -> (u16, HeaderMap, String) {
    let mut request = Request::builder().uri("/any");
    if let Some(value) = authorization {
        request = request.header(AUTHORIZATION, value);
    }
    let (head, body) = guard.handle(request.body(()).unwrap()).await.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    (head.status.as_u16(), head.headers, body)
}

#[tokio::test]
async fn without_settings_everyone_comes_in() {
    let guard = guard(Settings::default());
    let (status, headers, body) = ask(&guard, None).await;
    assert_eq!((status, body.as_str()), (200, "yes"));
    assert!(headers.is_empty(), "{headers:?}");
}

#[tokio::test]
async fn users_must_say_who_they_are() {
    let guard = guard(settings());
    for (authorization, expected) in [
        (None, 401),
        (Some("Basic YWxpY2U6b25l"), 200),
        (Some("Basic YWxpY2U6dHdv"), 401),
        (Some("Basic Ym9iOm9uZQ=="), 401),
        (Some("Bearer YWxpY2U6b25l"), 401),
    ] {
        let (status, headers, _) = ask(&guard, authorization).await;
        assert_eq!(status, expected, "{authorization:?}");
        assert_eq!(headers["x-frame-options"], "deny", "{authorization:?}");
        assert_eq!(headers.contains_key(WWW_AUTHENTICATE), status == 401);
    }
    let text = String::from_utf8(guard.telemetry.encode().unwrap()).unwrap();
    let counted = r#"sag_exporter_http_requests_total{code="401",handler="guard"} 4"#;
    assert!(text.contains(counted), "{text}");
}

#[tokio::test]
async fn other_settings_hold_from_the_next_request_on() {
    let guard = guard(settings());
    assert_eq!(ask(&guard, None).await.0, 401);
    guard.rules.replace(Settings::default());
    let (status, headers, _) = ask(&guard, None).await;
    assert_eq!(status, 200);
    assert!(headers.is_empty(), "{headers:?}");
}

#[tokio::test]
async fn the_rate_outlives_a_change_of_something_else() {
    let limited = |burst| Settings {
        rate_limit: RateLimit::new(Duration::from_secs(3600), burst),
        ..Settings::default()
    };
    let guard = guard(limited(1));
    assert_eq!(ask(&guard, None).await.0, 200);
    let (status, _, body) = ask(&guard, None).await;
    assert_eq!((status, body.as_str()), (429, "Too Many Requests\n"));
    guard.rules.replace(Settings {
        headers: settings().headers,
        ..limited(1)
    });
    assert_eq!(ask(&guard, None).await.0, 429);
    guard.rules.replace(limited(2));
    assert_eq!(ask(&guard, None).await.0, 200);
    guard.rules.replace(Settings::default());
    assert_eq!(ask(&guard, None).await.0, 200);
}
