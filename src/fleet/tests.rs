//! The fold from outside: what a fleet says after some sweeps.

mod model;
mod restart;

use jiff::Timestamp;

use super::*;
use crate::model::{
    ClientUser, Collector, FailureKind, Instance, Kbps, Region, Session, UserName, UserState,
};

/// A sweep of the only instance: `accounts` as `complete a b`, `partial a`,
/// `failed` or `-` for not due; `sessions` as `complete a:2 b:0 c:#3 d:? e:!`,
/// where a number stands for so many sessions, `#` for a bare count, `?` for
/// unknown and `!` for a user that is gone.
fn sweep(second: i64, accounts: &str, sessions: &str) -> Observation {
    Observation::Instance(Box::new(InstanceObservation {
        instance: Instance::new(
            SagId::parse("sag-1").unwrap(),
            AccountName::parse("main").unwrap(),
            Region::parse("cn-shanghai").unwrap(),
        ),
        at: moment(second),
        accounts: collected(accounts, |names| Accounts {
            expected: names.len() as u64,
            users: names.iter().map(|name| user(name)).collect(),
        }),
        sessions: collected(sessions, |reports| Sessions {
            users: reports.iter().map(|report| user_sessions(report)).collect(),
        }),
        facts: Collected::NotDue,
        traffic: Collected::NotDue,
        reported_clients: None,
    }))
}

fn collected<T>(text: &str, parse: impl Fn(&[&str]) -> T) -> Collected<T> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.split_first() {
        Some((&"complete", rest)) => Collected::Complete(parse(rest)),
        Some((&"partial", rest)) => Collected::Partial(parse(rest), FailureKind::Timeout),
        Some((&"failed", [])) => Collected::Failed(FailureKind::Throttled),
        Some((&"-", [])) => Collected::NotDue,
        _ => panic!("{text}"),
    }
}

fn user(name: &str) -> ClientUser {
    ClientUser {
        name: UserName::parse(name).unwrap(),
        state: Some(UserState::Enabled),
        bandwidth: Some(Kbps(1000)),
        acceleration_bandwidth: None,
        client_ip: None,
        static_ip: Some(true),
    }
}

fn user_sessions(report: &str) -> UserSessions {
    let (name, state) = report.split_once(':').unwrap();
    let state = match state.strip_prefix('#') {
        Some(count) => SessionState::Count(count.parse().unwrap()),
        None if state == "?" => SessionState::Unknown(FailureKind::Timeout),
        None if state == "!" => SessionState::Gone,
        None => SessionState::Sessions((0..state.parse().unwrap()).map(session).collect()),
    };
    UserSessions {
        user: UserName::parse(name).unwrap(),
        state,
    }
}

fn session(number: u8) -> Session {
    Session {
        started: Some(moment(100 + i64::from(number))),
        client_ip: Some([10, 0, 0, number].into()),
    }
}

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn fleet_after(retain: u32, sweeps: &[(&str, &str)]) -> Arc<InstanceSnapshot> {
    let mut fleet = Fleet::new(Options { retain });
    for (number, (accounts, sessions)) in (1..).zip(sweeps) {
        fleet.apply(sweep(1000 * number, accounts, sessions));
    }
    Arc::clone(fleet.snapshot().instance("sag-1").unwrap())
}

/// What is known of the sessions of the users after some sweeps with a
/// retention of 2: `a:1` for a number, `a:?` for a user without.
fn check(sweeps: &[(&str, &str)], expected: &str) {
    let instance = fleet_after(2, sweeps);
    let seen: Vec<String> = instance
        .users()
        .into_iter()
        .flat_map(|users| users.iter())
        .map(|user| {
            let clients = user.online_clients().map_or("?".into(), |n| n.to_string());
            format!("{}:{clients}", user.name())
        })
        .collect();
    assert_eq!(seen.join(" "), expected, "{sweeps:?}");
}

#[test]
fn a_value_that_is_not_observed_outlives_the_retention_and_no_more() {
    let first = ("complete a b", "complete a:2 b:0");
    let silent = ("-", "failed");
    check(&[first], "a:2 b:0");
    check(&[first, silent, silent], "a:2 b:0");
    check(&[first, silent, silent, silent], "a:? b:?");
    check(&[first, ("-", "-"), ("-", "-"), ("-", "-")], "a:2 b:0");
    check(&[first, ("-", "complete a:? b:1")], "a:2 b:1");
    let unknown = ("-", "partial a:? b:1");
    check(&[first, unknown, unknown, unknown], "a:? b:1");
    check(
        &[first, silent, silent, ("-", "complete a:1"), silent],
        "a:1 b:?",
    );
    check(&[("complete a", "failed")], "a:?");
}

#[test]
fn only_a_complete_list_or_the_cloud_takes_a_user_away() {
    let first = ("complete a b", "complete a:1 b:1");
    check(&[first, ("complete b", "-")], "b:1");
    check(&[first, ("partial b", "-")], "a:1 b:1");
    check(&[first, ("partial c", "complete c:1")], "a:1 b:1 c:1");
    check(&[first, ("failed", "-"), ("failed", "-")], "a:1 b:1");
    check(&[first, ("-", "complete a:! b:1")], "b:1");
    check(&[first, ("-", "complete a:! b:!")], "");
    check(&[first, ("complete", "-")], "");
    check(&[first, ("complete a b", "complete x:1")], "a:1 b:1");
}

#[test]
fn a_user_that_no_list_names_any_more_is_hidden_until_one_does() {
    let first = ("complete a b", "complete a:1 b:1");
    let some = ("partial b", "-");
    check(&[first, some, some], "a:1 b:1");
    check(&[first, some, some, some], "b:1");
    check(&[first, some, some, some, ("partial a", "-")], "a:1 b:1");
    let none = ("failed", "complete a:1 b:1");
    let gone = [first, none, none, none];
    check(&gone, "");
    assert!(fleet_after(2, &gone).users().is_none());
    assert_eq!(fleet_after(2, &gone).totals(), &Totals::default());
    assert_eq!(fleet_after(2, &gone).expected_users(), None);
    check(&[first, none, none, none, ("complete a b", "-")], "a:1 b:1");
}

#[test]
fn a_count_that_stayed_the_same_keeps_the_sessions() {
    let user_after = |count: &str| {
        let sessions = format!("complete a:{count}");
        let instance = fleet_after(2, &[("complete a", "complete a:2"), ("-", &sessions)]);
        let user = instance.users().unwrap().find("a").unwrap();
        (
            user.online_clients(),
            user.sessions().count(),
            user.oldest_session_start(),
        )
    };
    assert_eq!(user_after("#2"), (Some(2), 2, Some(moment(100))));
    assert_eq!(user_after("#3"), (Some(3), 0, None));
    assert_eq!(user_after("#0"), (Some(0), 0, None));
    check(&[("complete a", "complete a:#4000000000")], "a:4000000000");
}

#[test]
fn totals_are_zero_only_where_zero_is_known() {
    let online = |sweeps: &[(&str, &str)]| {
        let totals = *fleet_after(1, sweeps).totals();
        (
            totals.online_users,
            totals.online_clients,
            totals.stale_users,
        )
    };
    let listed = "complete a b";
    assert_eq!(online(&[("failed", "failed")]), (None, None, None));
    assert_eq!(online(&[("partial", "-")]), (None, None, None));
    assert_eq!(online(&[("complete", "-")]), (Some(0), Some(0), Some(0)));
    assert_eq!(online(&[(listed, "failed")]), (None, None, Some(2)));
    assert_eq!(
        online(&[(listed, "complete a:0 b:?")]),
        (Some(0), Some(0), Some(1))
    );
    assert_eq!(
        online(&[(listed, "complete a:2 b:0")]),
        (Some(1), Some(2), Some(0))
    );
    let silent = ("-", "failed");
    let seen = (listed, "complete a:2 b:0");
    assert_eq!(online(&[seen, silent]), (Some(1), Some(2), Some(2)));
    assert_eq!(online(&[seen, silent, silent]), (None, None, Some(2)));
}

#[test]
fn attributes_that_are_unknown_are_left_out_of_the_totals() {
    let mut known = user("a");
    known.acceleration_bandwidth = Some(Kbps(8));
    let mut vague = user("b");
    vague.state = None;
    vague.static_ip = None;
    let mut observation = sweep(1, "complete a b", "-");
    let Observation::Instance(instance) = &mut observation else {
        panic!()
    };
    instance.accounts = Collected::Complete(Accounts {
        expected: 2,
        users: vec![vague, known],
    });
    let mut fleet = Fleet::new(Options { retain: 1 });
    fleet.apply(observation);
    let snapshot = fleet.snapshot();
    assert_eq!(
        snapshot.instances()[0].totals(),
        &Totals {
            enabled_users: Some(1),
            disabled_users: Some(0),
            static_ip_users: Some(1),
            stale_users: Some(2),
            bandwidth_bytes_per_second: Some(250_000),
            acceleration_bytes_per_second: Some(1000),
            ..Totals::default()
        }
    );
}

#[test]
fn up_means_that_the_last_run_of_everything_was_complete() {
    for (sweeps, expected) in [
        (&[("complete a", "complete a:0")][..], true),
        (&[("complete a", "-")], true),
        (&[("failed", "-")], false),
        (&[("-", "complete a:0")], false),
        (&[("partial a", "complete a:0")], false),
        (&[("complete a", "complete a:?")], false),
        (&[("complete a", "complete a:0"), ("-", "failed")], false),
        (
            &[("partial a", "complete a:0"), ("-", "complete a:0")],
            false,
        ),
        (
            &[("failed", "failed"), ("complete a", "complete a:0")],
            true,
        ),
    ] {
        assert_eq!(fleet_after(1, sweeps).is_up(), expected, "{sweeps:?}");
    }
}

#[test]
fn collectors_remember_their_last_run_and_their_last_success() {
    let instance = fleet_after(
        1,
        &[
            ("complete a", "failed"),
            ("-", "complete a:0"),
            ("partial", "-"),
        ],
    );
    let status = |collector| {
        let status = instance.collector(collector);
        (
            status.success,
            status.last_success.map(Timestamp::as_second),
        )
    };
    assert_eq!(status(Collector::Accounts), (Some(false), Some(1000)));
    assert_eq!(status(Collector::Sessions), (Some(true), Some(2000)));
    assert_eq!(status(Collector::Traffic), (None, None));
    assert_eq!(instance.at(), moment(3000));
}

#[test]
fn a_list_that_is_shorter_than_the_cloud_says_is_never_complete() {
    let mut observation = sweep(1, "complete a a b", "-");
    let Observation::Instance(instance) = &mut observation else {
        panic!()
    };
    let (id, previous) = ("sag-1", sweep(0, "complete a b c", "-"));
    assert!(matches!(&instance.accounts, Collected::Complete(a) if a.expected == 3));
    let mut fleet = Fleet::new(Options { retain: 1 });
    fleet.apply(previous);
    fleet.apply(observation);
    let snapshot = fleet.snapshot();
    let instance = snapshot.instance(id).unwrap();
    assert!(!instance.is_up());
    assert_eq!(instance.collector(Collector::Accounts).success, Some(false));
    assert_eq!(
        (instance.expected_users(), instance.collected_users()),
        (Some(3), Some(2))
    );
    assert!(instance.users().unwrap().find("c").is_some());
}

#[test]
fn the_sessions_of_a_deleted_user_end_with_it() {
    for second in [("complete b", "-"), ("-", "complete a:! b:0")] {
        let instance = fleet_after(1, &[("complete a b", "complete a:2 b:0"), second]);
        assert_eq!(
            (instance.ledger().started(), instance.ledger().ended()),
            (0, 2)
        );
        assert_eq!(instance.ledger().durations().sum_seconds(), 1900 + 1899);
    }
}

#[test]
fn the_time_last_online_is_that_of_the_last_observation_online() {
    let instance = fleet_after(
        0,
        &[
            ("complete a b c", "complete a:1 b:0"),
            ("complete a b c d", "complete a:0 b:#1"),
            ("-", "failed"),
        ],
    );
    let users = instance.users().unwrap();
    for (name, expected) in [
        ("a", Some(1000)),
        ("b", Some(2000)),
        ("c", None),
        ("d", None),
    ] {
        let last = users.find(name).unwrap().last_online();
        assert_eq!(last.map(Timestamp::as_second), expected, "{name}");
    }
}

#[test]
fn what_did_not_change_is_shared_between_snapshots() {
    let mut fleet = Fleet::new(Options { retain: 1 });
    fleet.apply(sweep(1, "complete a b", "complete a:0 b:0"));
    let before = fleet.snapshot();
    fleet.apply(sweep(2, "complete b a", "complete a:1 b:1"));
    let after = fleet.snapshot();
    let names =
        |snapshot: &Snapshot| std::ptr::from_ref(snapshot.instances()[0].users().unwrap().names());
    assert_eq!(names(&before), names(&after));
    let old = before.instances()[0].users().unwrap().find("a").unwrap();
    assert_eq!(old.online_clients(), Some(0), "a snapshot never changes");
}

#[test]
fn a_fleet_is_ready_from_the_first_sweep_that_was_partly_good() {
    let mut fleet = Fleet::new(Options { retain: 1 });
    let account = AccountName::parse("main").unwrap();
    for (outcome, ready) in [
        (SweepOutcome::Failed, false),
        (SweepOutcome::Partial, true),
        (SweepOutcome::Failed, true),
    ] {
        let (account, at) = (account.clone(), moment(5));
        fleet.apply(Observation::SweepEnded {
            account,
            outcome,
            at,
        });
        assert_eq!(fleet.snapshot().is_ready(), ready);
        assert_eq!(fleet.snapshot().accounts()[0].outcome, outcome);
    }
    fleet.apply(sweep(4, "failed", "failed"));
    assert_eq!(fleet.snapshot().at(), Some(moment(5)));
    fleet.apply(Observation::InstanceGone(SagId::parse("sag-1").unwrap()));
    assert!(fleet.snapshot().instances().is_empty());
}

#[test]
fn facts_outlive_the_retention_and_the_name_outlives_them() {
    let mut fleet = Fleet::new(Options { retain: 1 });
    for (facts, quota) in [
        (Collected::Complete(()), Some(5)),
        (Collected::NotDue, Some(5)),
        (Collected::Failed(FailureKind::Denied), Some(5)),
        (Collected::Failed(FailureKind::Denied), None),
    ] {
        let mut observation = sweep(1, "-", "-");
        let Observation::Instance(sweep) = &mut observation else {
            panic!()
        };
        if facts == Collected::Complete(()) {
            sweep.instance.account_quota = Some(5);
            sweep.instance.name = Some("office".to_owned());
        }
        sweep.facts = facts;
        fleet.apply(observation);
        let snapshot = fleet.snapshot();
        let instance = snapshot.instances()[0].instance();
        assert_eq!(instance.account_quota, quota);
        assert_eq!(instance.name.as_deref(), Some("office"));
    }
}
