use std::time::Duration;

use super::*;
use crate::sim::{Hint, ListShape, NumberShape, Throttling};

#[test]
fn every_effect_can_be_written() {
    let throttling = Throttling {
        code: "Throttling.Api".to_owned(),
        status: 429,
        hints: vec![Hint::RetryAfter],
    };
    for (text, effect) in [
        (
            "{latency: 1500ms}",
            Effect::Latency(Duration::from_millis(1_500)),
        ),
        (
            "{error: {status: 503, code: ServiceUnavailable}}",
            Effect::Error {
                status: 503,
                code: "ServiceUnavailable".to_owned(),
            },
        ),
        (
            "{error: {}}",
            Effect::Error {
                status: 500,
                code: "InternalError".to_owned(),
            },
        ),
        ("bad_gateway", Effect::BadGateway),
        ("{truncate: 20}", Effect::Truncate(20)),
        ("{drip: 5s}", Effect::Drip(Duration::from_secs(5))),
        ("drop", Effect::Drop),
        ("drop_reply", Effect::DropReply),
        (
            "missing_operation",
            Effect::MissingOperation("InvalidApi.NotFound".to_owned()),
        ),
        (
            "{missing_operation: InvalidAction.NotFound}",
            Effect::MissingOperation("InvalidAction.NotFound".to_owned()),
        ),
        ("denied", Effect::Denied("NoPermission".to_owned())),
        (
            "{denied: Forbidden.RAM}",
            Effect::Denied("Forbidden.RAM".to_owned()),
        ),
        (
            "throttle",
            Effect::Throttle(Throttling::default(), Duration::from_secs(1)),
        ),
        (
            "{throttle: {code: Throttling.Api, status: 429, wait: 2s, hints: [retry-after]}}",
            Effect::Throttle(throttling, Duration::from_secs(2)),
        ),
        ("{clock_skew: 20m}", Effect::ClockSkew(1_200)),
        ("{clock_skew: -20m}", Effect::ClockSkew(-1_200)),
        ("{numbers: bools}", Effect::Numbers(NumberShape::Bools)),
        ("{list: \"null\"}", Effect::List(ListShape::Null)),
        ("hide_page_size", Effect::HidePageSize),
        ("total_as_text", Effect::TotalAsText),
        ("{total_off: -2}", Effect::TotalOff(-2)),
        (
            "{churn: {delete: 1, create: 2}}",
            Effect::Churn {
                delete: 1,
                create: 2,
            },
        ),
    ] {
        let script = Script::parse("f", &format!("rules: [{{effect: {text}}}]"));
        assert_eq!(script.unwrap().rules, [Rule::new(effect)], "{text}");
    }
}

#[test]
fn conditions_and_json_are_understood() {
    let text = r#"{"rules": [{"action": "KickOutClients", "sag_id": "sag-1", "user": "a b",
        "after": 10, "times": 5, "probability": 0.5, "effect": "drop"}]}"#;
    let rule = Rule::new(Effect::Drop)
        .on(Action::KickOutClients)
        .sag_id("sag-1")
        .user("a b")
        .after(10)
        .times(5)
        .chance(0.5);
    assert_eq!(Script::parse("f", text).unwrap().rules, [rule]);
}

#[test]
fn problems_name_file_line_and_expectation() {
    for (text, expected) in [
        ("", "f:1: expected one document with the key rules"),
        ("- a", "f:1: expected one document with the key rules"),
        ("rule: []", "f:1: unknown key \"rule\": expected rules"),
        (
            "rules: 1",
            "f:1: rules is no list: expected a list of rules",
        ),
        (
            "rules:\n  - {times: 1}",
            "f:2: the rule has no effect: expected the key effect",
        ),
        ("rules:\n  - 1", "f:2: expected a rule with the key effect"),
        (
            "rules:\n  - effect: drop\n    sag: x",
            "f:3: unknown key \"sag\": expected action, sag_id",
        ),
        (
            "rules:\n  - effect: drop\n    action: X",
            "f:3: unknown action: expected one of DescribeSmart",
        ),
        (
            "rules:\n  - effect: drop\n    times: -1",
            "f:3: found \"-1\": expected a number of calls",
        ),
        (
            "rules:\n  - effect: drop\n    probability: 2",
            "f:3: probability out of range: expected 0 to 1",
        ),
    ] {
        check_problem(text, expected);
    }
}

#[test]
fn problems_of_an_effect_name_the_effect() {
    for (text, expected) in [
        (
            "rules:\n  - effect: boom",
            "f:2: unknown effect \"boom\": expected one of bad_gateway",
        ),
        (
            "rules:\n  - effect: {boom: 1}",
            "f:2: unknown key \"boom\": expected one of latency",
        ),
        (
            "rules:\n  - effect: {latency: fast}",
            "f:2: found \"fast\": expected a duration",
        ),
        (
            "rules:\n  - effect: {latency: }",
            "f:2: found nothing: expected a duration",
        ),
        (
            "rules:\n  - effect: {clock_skew: x}",
            "f:2: found \"x\": expected a duration such as",
        ),
        (
            "rules:\n  - effect: {error: {status: 200}}",
            "f:2: found 200: expected an HTTP status",
        ),
        (
            "rules:\n  - effect: {error: 3}",
            "f:2: expected the argument as keys and values",
        ),
        (
            "rules:\n  - effect: {list: odd}",
            "f:2: found \"odd\": expected one of documented, single",
        ),
        (
            "rules:\n  - effect: {throttle: {hints: x}}",
            "f:2: expected a list of header names",
        ),
        (
            "rules:\n  - effect: [drop]",
            "f:2: expected an effect: a word",
        ),
        ("rules: [", "f:"),
    ] {
        check_problem(text, expected);
    }
}

fn check_problem(text: &str, expected: &str) {
    let error = Script::parse("f", text).unwrap_err().to_string();
    assert!(error.starts_with(expected), "{text:?} says {error}");
}

#[test]
fn all_problems_are_reported_at_once() {
    let text = "rules:\n  - effect: boom\n  - effect: drop\n    times: x\n";
    let Err(ScriptError::Content(problems)) = Script::parse("f", text) else {
        panic!("expected problems");
    };
    assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [2, 4]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Script::load(Path::new("/nonexistent/faults.yaml")).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/faults.yaml"));
    assert!(std::error::Error::source(&error).is_some());
    let large = "#".repeat(LIMIT_BYTES + 1);
    assert!(matches!(
        Script::parse("f", &large),
        Err(ScriptError::TooLarge { .. })
    ));
}
