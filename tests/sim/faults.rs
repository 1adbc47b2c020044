//! Everything that can go wrong, in process and under virtual time.

use std::time::Duration;

use sag_exporter::model::Action;
use sag_exporter::secret::Secret;
use sag_exporter::sim::{
    Broken, Calls, Cloud, Credential, Effect, Hint, ListShape, NumberShape, Options, Rule,
    Scenario, Throttling,
};
use serde_json::json;
use tokio::time::Instant;

use crate::caller::{Caller, cloud, date, items, quiet, text};

const LIST: &str = "DescribeSmartAccessGatewayClientUsers";
const KICK: &str = "KickOutClients";

fn first(cloud: &Cloud) -> String {
    cloud.instances()[0].0.clone()
}

#[tokio::test(start_paused = true)]
async fn errors_take_the_place_of_the_answer() {
    let cloud = quiet(1, 3);
    let caller = Caller::new();
    let error = |status, code: &str| Effect::Error {
        status,
        code: code.to_owned(),
    };
    for (effect, status, code) in [
        (error(500, "InternalError"), 500, "InternalError"),
        (error(503, "ServiceUnavailable"), 503, "ServiceUnavailable"),
        (
            Effect::MissingOperation("InvalidApi.NotFound".to_owned()),
            404,
            "InvalidApi.NotFound",
        ),
        (
            Effect::Denied("NoPermission".to_owned()),
            403,
            "NoPermission",
        ),
        (
            Effect::Denied("Forbidden.RAM".to_owned()),
            403,
            "Forbidden.RAM",
        ),
        (
            Effect::Throttle(Throttling::default(), Duration::from_secs(2)),
            400,
            "Throttling.User",
        ),
    ] {
        cloud.set_faults(vec![Rule::new(effect).times(1)]);
        let found = caller.refusal(&cloud, "DescribeRegions", &[]).await;
        assert_eq!(found, (status, code.to_owned()));
        caller.ok(&cloud, "DescribeRegions", &[]).await;
    }
    cloud.set_faults(vec![Rule::new(Effect::BadGateway)]);
    let request = caller.v3("DescribeRegions", &[], &date(cloud.now()));
    let response = cloud.handle(request).await.unwrap();
    assert_eq!(response.status(), 502);
    assert!(response.body().starts_with(b"<html>"));
}

#[tokio::test(start_paused = true)]
async fn connections_break() {
    let cloud = quiet(1, 3);
    let caller = Caller::new();
    let sag_id = first(&cloud);
    let user = cloud.truth(cloud.now()).instances[0].users[0].name.clone();
    let parameters = [("SmartAGId", sag_id.as_str()), ("Username", user.as_str())];
    let online = || {
        cloud
            .user(&sag_id, &user, cloud.now())
            .unwrap()
            .sessions
            .len()
    };
    for (effect, broken, still_online) in [
        (Effect::Drop, Broken::Dropped, 1),
        (Effect::DropReply, Broken::Dropped, 0),
        (Effect::Truncate(5), Broken::Truncated, 0),
    ] {
        cloud.logout(&sag_id, &user).unwrap();
        cloud.login(&sag_id, &user, None).unwrap();
        cloud.set_faults(vec![Rule::new(effect.clone())]);
        let found = caller.call(&cloud, KICK, &parameters).await.unwrap_err();
        assert_eq!(found, broken);
        assert_eq!(online(), still_online, "{effect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn answers_are_slow() {
    let cloud = quiet(1, 3);
    let caller = Caller::new();
    let second = Duration::from_secs(1);
    cloud.add_fault(Rule::new(Effect::Latency(second)));
    cloud.add_fault(Rule::new(Effect::Latency(second)));
    cloud.add_fault(Rule::new(Effect::Drip(3 * second)));
    let start = Instant::now();
    caller.ok(&cloud, "DescribeRegions", &[]).await;
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_the_cloud_can_be_off() {
    let cloud = quiet(1, 3);
    let caller = Caller::new();
    for (skew, passes) in [(-890, true), (890, true), (1_200, false), (-1_200, false)] {
        cloud.set_faults(vec![Rule::new(Effect::ClockSkew(skew))]);
        let reply = caller.call(&cloud, "DescribeRegions", &[]).await.unwrap();
        assert_eq!(reply.status == 200, passes, "{skew}");
        if !passes {
            assert_eq!(reply.refusal().1, "InvalidTimeStamp.Expired");
        }
        let sent = text_of(&reply.headers, "date");
        let sent = jiff::fmt::rfc2822::parse(&sent).unwrap().timestamp();
        assert_eq!(sent.as_second() - cloud.now().as_second(), skew);
    }
}

fn text_of(headers: &hyper::HeaderMap, name: &str) -> String {
    headers.get(name).unwrap().to_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn replies_are_spelled_differently() {
    let cloud = quiet(1, 3);
    let caller = Caller::new();
    let sag_id = first(&cloud);
    let parameters = [("SmartAGId", sag_id.as_str()), ("PageSize", "1")];
    let plain = caller.ok(&cloud, LIST, &parameters).await;
    let user = items(&plain, "Users", "User")[0].clone();
    let body = async |effects: &[Effect]| {
        cloud.set_faults(effects.iter().cloned().map(Rule::new).collect());
        caller.ok(&cloud, LIST, &parameters).await
    };
    for (shape, expected) in [
        (ListShape::Single, json!({"User": user})),
        (ListShape::ArrayOfLists, json!([{"User": [user]}])),
        (ListShape::ArrayOfWrapped, json!([{"User": user}])),
        (ListShape::Bare, json!([user])),
        (ListShape::Null, json!({"User": [user]})),
    ] {
        assert_eq!(body(&[Effect::List(shape)]).await["Users"], expected);
    }
    let strings = body(&[Effect::Numbers(NumberShape::Strings)]).await;
    assert_eq!(strings["TotalCount"], "3");
    assert!(strings["Users"]["User"][0]["Bandwidth"].is_string());
    let bools = body(&[
        Effect::Numbers(NumberShape::Bools),
        Effect::List(ListShape::Bare),
    ])
    .await;
    assert!(bools["Users"][0]["IsStaticIp"].is_boolean());
    let odd = body(&[
        Effect::HidePageSize,
        Effect::TotalOff(2),
        Effect::TotalAsText,
    ])
    .await;
    assert_eq!(odd["TotalCount"], "5");
    assert_eq!(odd.get("PageSize"), None);
    let parameters = [("SmartAGId", sag_id.as_str()), ("PageNumber", "9")];
    for (shape, expected) in [
        (ListShape::EmptyObject, Some(json!({}))),
        (ListShape::Null, Some(json!(null))),
        (ListShape::Absent, None),
    ] {
        cloud.set_faults(vec![Rule::new(Effect::List(shape))]);
        let body = caller.ok(&cloud, LIST, &parameters).await;
        assert_eq!(body.get("Users"), expected.as_ref());
    }
}

#[tokio::test(start_paused = true)]
async fn users_come_and_go_while_a_client_pages() {
    for (delete, create, total) in [(1, 0, 9), (0, 1, 11), (2, 2, 10)] {
        let cloud = quiet(1, 10);
        let caller = Caller::new();
        let sag_id = first(&cloud);
        cloud.add_fault(
            Rule::new(Effect::Churn { delete, create })
                .after(1)
                .times(1),
        );
        let mut names = Vec::new();
        for number in ["1", "2"] {
            let parameters = [
                ("SmartAGId", sag_id.as_str()),
                ("PageSize", "5"),
                ("PageNumber", number),
            ];
            let body = caller.ok(&cloud, LIST, &parameters).await;
            let found = items(&body, "Users", "User");
            names.extend(found.iter().map(|user| text(&user["UserName"]).to_owned()));
            assert_eq!(body["TotalCount"], if number == "1" { 10 } else { total });
        }
        let seen = names.len();
        names.sort();
        names.dedup();
        let duplicates = create > delete;
        assert_eq!(names.len() < seen, duplicates, "{delete} {create}");
        let truth = cloud.truth(cloud.now());
        let real: Vec<_> = truth.instances[0]
            .users
            .iter()
            .map(|user| user.name.clone())
            .collect();
        let holes = real.iter().filter(|name| !names.contains(name)).count();
        assert!(
            holes > 0,
            "{delete} {create}: the two pages happen to be right"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn quotas_are_counted_by_account_and_operation() {
    let key = |id: &str| Credential::new(id, Secret::new("secret"));
    let cloud = cloud(Options {
        instances: 1,
        users: 3,
        quota: 2.0,
        credentials: vec![key("a"), key("b"), key("other").of_account("2")],
        scenario: Scenario::Quiet,
        ..Options::default()
    });
    let callers = ["a", "b", "other"].map(|id| Caller::with(id, "secret"));
    for caller in &callers[..2] {
        caller.ok(&cloud, "DescribeRegions", &[]).await;
    }
    let reply = callers[0]
        .call(&cloud, "DescribeRegions", &[])
        .await
        .unwrap();
    assert_eq!(reply.refusal(), (400, "Throttling.User".to_owned()));
    assert_eq!(text_of(&reply.headers, "x-acs-retry-after"), "500");
    let limit = text_of(&reply.headers, "x-ratelimit-user-api");
    assert_eq!(limit, "Limit:1,Remain:0,TimeLeft:500");
    callers[2].ok(&cloud, "DescribeRegions", &[]).await;
    callers[0]
        .ok(&cloud, "DescribeSmartAccessGateways", &[])
        .await;
    tokio::time::advance(Duration::from_millis(500)).await;
    callers[0].ok(&cloud, "DescribeRegions", &[]).await;
    let calls = cloud.calls(Action::DescribeRegions);
    assert_eq!(
        calls,
        Calls {
            answered: 4,
            throttled: 1,
            refused: 0
        }
    );

    cloud.set_throttling(Throttling {
        code: "Throttling".to_owned(),
        status: 429,
        hints: vec![Hint::RetryAfter, Hint::RateLimitUser],
    });
    cloud.set_quota(Some(Action::DescribeRegions), 0.1);
    let reply = callers[0]
        .call(&cloud, "DescribeRegions", &[])
        .await
        .unwrap();
    assert_eq!(reply.refusal(), (429, "Throttling".to_owned()));
    assert_eq!(text_of(&reply.headers, "retry-after"), "10");
    cloud.set_quota(None, 0.0);
    callers[0].ok(&cloud, "DescribeRegions", &[]).await;
}
