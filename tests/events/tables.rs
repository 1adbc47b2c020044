//! What a few sweeps tell, event by event.

use jiff::Timestamp;
use sag_exporter::events::Kind;
use sag_exporter::model::SagId;

use crate::observer::{Observer, text};
use crate::world::{policy, sweep};

/// Sweeps a minute apart, from second 1000, as accounts and sessions.
fn check(sweeps: &[(&str, &str)], expected: &[&str]) {
    let mut observer = Observer::new(policy(&["* sessions=1"]));
    let mut told = Vec::new();
    for (number, (accounts, sessions)) in (0..).zip(sweeps) {
        let events = observer.take(sweep(1000 + 60 * number, accounts, sessions));
        told.extend(events.iter().map(text));
    }
    assert_eq!(told, expected, "{sweeps:?}");
}

#[test]
fn a_first_look_is_no_news() {
    check(
        &[("complete a b:disabled", "complete a:10.0.0.1@5 b:#1")],
        &[
        // Except for what is wrong in it.
    ],
    );
    check(
        &[
            ("complete a", "-"),
            ("-", "complete a:10.0.0.1@5"),
            ("-", "complete a:10.0.0.1@5"),
        ],
        &[],
    );
}

#[test]
fn sessions_start_and_end_as_the_ledger_counts_them() {
    check(
        &[
            ("complete a b", "complete a b:10.0.0.2@900"),
            ("-", "complete a:10.0.0.1@1050 b:10.0.0.2@900"),
            ("-", "complete a b"),
        ],
        &[
            "1060 session_started a 10.0.0.1@1050 after 1000",
            "1120 session_ended a 10.0.0.1@1050 after 1060",
            "1120 session_ended b 10.0.0.2@900 after 1060",
        ],
    );
    // A session that is replaced ends before the other one starts.
    check(
        &[
            ("complete a", "complete a:10.0.0.1@5"),
            ("-", "complete a:10.0.0.2@1050"),
        ],
        &[
            "1060 session_ended a 10.0.0.1@5 after 1000",
            "1060 session_started a 10.0.0.2@1050 after 1000",
        ],
    );
}

#[test]
fn sessions_that_are_only_counted_are_told_by_number() {
    check(
        &[
            ("complete a", "complete a"),
            ("-", "complete a:#1"),
            ("-", "complete a:10.0.0.1@1010"),
            ("-", "complete a"),
        ],
        &[
            "1060 session_started a #1 after 1000",
            "1180 session_ended a 10.0.0.1@1010 after 1120",
        ],
    );
    let names: Vec<String> = (0..300)
        .map(|n| format!("10.1.{}.{}@5", n / 250, n % 250))
        .collect();
    let sessions = format!("complete a:{}", names.join(","));
    let mut observer = Observer::new(policy(&[]));
    observer.take(sweep(1000, "complete a", "complete a"));
    let events = observer.take(sweep(1060, "-", &sessions));
    let started = events
        .iter()
        .filter(|event| event.kind() == Kind::SessionStarted);
    let started: Vec<String> = started.map(text).collect();
    // More of one user than are told apart.
    assert_eq!(started.len(), 257);
    assert_eq!(started[256], "1060 session_started a #44 after 1000");
}

#[test]
fn who_was_not_observed_does_nothing() {
    check(
        &[
            ("complete a b", "complete a:10.0.0.1@5 b"),
            ("-", "partial a:? b:10.0.0.2@1050"),
            ("-", "failed"),
            ("failed", "-"),
            ("-", "complete a b:10.0.0.2@1050"),
        ],
        &[
            "1060 session_started b 10.0.0.2@1050 after 1000",
            "1240 session_ended a 10.0.0.1@5 after 1000",
        ],
    );
}

#[test]
fn accounts_come_and_go_with_whole_lists() {
    check(
        &[
            ("complete a b", "complete a b:10.0.0.1@5"),
            ("complete a c:disabled:kbps=9", "-"),
            ("complete a c", "complete a c"),
        ],
        &[
            "1060 account_created c Disabled 9",
            "1060 session_ended b 10.0.0.1@5 after 1000",
            "1060 account_removed b",
            "1120 account_enabled c",
            "1120 bandwidth_changed c 9 2000",
        ],
    );
    check(
        &[("complete a b", "complete a b"), ("-", "complete a b:!")],
        &["1060 account_removed b"],
    );
}

#[test]
fn a_partial_list_removes_nobody_and_creates_nobody_that_it_may_have_missed() {
    check(
        &[
            ("partial a", "-"),
            ("partial b", "-"),
            ("failed", "-"),
            ("complete a b c", "-"),
            ("partial a", "-"),
            ("partial a d", "-"),
            ("failed", "-"),
            ("failed", "-"),
            ("failed", "-"),
            ("complete a b d", "-"),
        ],
        &[
            "1300 account_created d Enabled 2000",
            "1540 account_removed c",
        ],
    );
}

#[test]
fn a_change_is_told_however_long_the_lists_failed() {
    check(
        &[
            ("complete a b:disabled", "-"),
            ("failed", "-"),
            ("failed", "-"),
            ("failed", "-"),
            ("failed", "-"),
            ("partial a:disabled", "-"),
            ("failed", "-"),
            ("failed", "-"),
            ("failed", "-"),
            ("complete a:disabled b:kbps=5", "-"),
        ],
        &[
            "1300 account_disabled a",
            "1540 account_enabled b",
            "1540 bandwidth_changed b 2000 5",
        ],
    );
}

#[test]
fn anomalies_come_and_go() {
    check(
        &[
            ("complete a:disabled b", "complete a b"),
            ("complete a:disabled b", "complete a:10.0.0.1@1050 b"),
            ("complete a:disabled b", "complete a:10.0.0.1@1050 b"),
            ("-", "complete a b"),
            ("-", "complete a b"),
        ],
        &[
            "1060 session_started a 10.0.0.1@1050 after 1000",
            "1120 anomaly_raised a disabled_online 1060",
            "1180 session_ended a 10.0.0.1@1050 after 1120",
            "1180 anomaly_cleared a disabled_online 1060",
        ],
    );
}

#[test]
fn a_removed_user_takes_its_anomalies_along_and_comes_last() {
    check(
        &[
            ("complete a:disabled b", "complete a:10.0.0.1@5 b"),
            ("complete a:disabled b", "complete a:10.0.0.1@5 b"),
            ("complete b", "complete b"),
        ],
        &[
            "1060 anomaly_raised a disabled_online 1000",
            "1120 session_ended a 10.0.0.1@5 after 1060",
            "1120 anomaly_cleared a disabled_online 1000",
            "1120 account_removed a",
        ],
    );
}

#[test]
fn an_instance_that_is_gone_clears_its_anomalies_and_removes_nobody() {
    let mut observer = Observer::new(policy(&[]));
    for second in [1000, 1060] {
        observer.take(sweep(
            second,
            "complete a:disabled b",
            "complete a:10.0.0.1@5 b",
        ));
    }
    let mut other = sweep(1100, "complete x", "-");
    other.instance.sag_id = SagId::parse("sag-2").unwrap();
    observer.take(other);
    let events = observer.forget("sag-1");
    let told: Vec<String> = events.iter().map(text).collect();
    assert_eq!(told, ["1100 anomaly_cleared a disabled_online 1000"]);
    assert_eq!(events[0].origin.sag_id.as_str(), "sag-1");
    assert_eq!(events[0].time, Timestamp::from_second(1100).unwrap());
    assert!(observer.forget("sag-1").is_empty(), "never twice");
    assert!(observer.forget("sag-2").is_empty(), "nothing stood there");
}
