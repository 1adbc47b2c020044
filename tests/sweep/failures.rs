//! Calls that fail: what is still reported, and which calls are not made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use sag_exporter::fleet::{Collected, Observation, SessionState, Sessions};
use sag_exporter::model::FailureKind::{self, Remote};
use sag_exporter::model::SweepOutcome;
use sag_exporter::sweep::Options;

use crate::fake::{Call, Fake, Fault};
use crate::rig::{Rig, account, account_with, of_instance, options};

fn is_session(call: &Call) -> bool {
    matches!(call, Call::Sessions { .. })
}

fn is_about(call: &Call, instance: &str) -> bool {
    match call {
        Call::Users { sag_id, .. }
        | Call::Sessions { sag_id, .. }
        | Call::Counts { sag_id, .. }
        | Call::Traffic { sag_id, .. } => sag_id == instance,
        Call::Gateways { .. } | Call::InstanceCounts { .. } | Call::Regions => false,
    }
}

fn states(sessions: &Sessions) -> BTreeMap<String, SessionState> {
    let users = sessions.users.iter();
    users
        .map(|one| (one.user.to_string(), one.state.clone()))
        .collect()
}

/// The users of whom the sweep knows whether they are online.
fn observed(sessions: &Sessions) -> BTreeSet<String> {
    let known = states(sessions).into_iter();
    let known = known.filter(|(_, state)| matches!(state, SessionState::Sessions(_)));
    known.map(|(user, _)| user).collect()
}

#[tokio::test(start_paused = true)]
async fn online_offline_and_unknown_are_three_things() {
    let fake = Fake::with_users("sag-a", 3);
    fake.world().online.insert("user-0000".to_owned());
    fake.fail(|call| match call {
        Call::Sessions { user, .. } if user == "user-0002" => Some(FailureKind::Timeout),
        _ => None,
    });
    let (outcome, news) = Rig::new(&fake, account()).sweep().await;
    let seen = of_instance(&news, "sag-a").expect("a report");
    let Collected::Partial(sessions, FailureKind::Timeout) = seen.sessions else {
        panic!("{:?}", seen.sessions);
    };
    let states = states(&sessions);
    assert!(matches!(&states["user-0000"], SessionState::Sessions(list) if list.len() == 1));
    assert_eq!(states["user-0001"], SessionState::Sessions(Vec::new()));
    assert_eq!(
        states["user-0002"],
        SessionState::Unknown(FailureKind::Timeout)
    );
    assert_eq!(outcome, SweepOutcome::Partial);
}

/// Without a list there is nobody whose traffic could be asked for. That all of
/// nobody was read was reported as a success.
#[tokio::test(start_paused = true)]
async fn traffic_of_an_instance_that_does_not_exist_is_not_read() {
    let fake = Fake::with_users("sag-a", 3);
    let account = account_with(&["cn-shanghai"], &["sag-none"]);
    let options = Options {
        traffic_interval: Duration::from_secs(900),
        ..options()
    };
    let mut rig = Rig::with(&fake, account, options, Arc::new(()));
    for _ in 0..2 {
        let seen = rig.sweep_one("sag-none").await;
        assert_eq!(seen.accounts, Collected::Failed(FailureKind::NotFound));
        assert_eq!(seen.traffic, Collected::Failed(FailureKind::NotFound));
        tokio::time::advance(Duration::from_secs(60)).await;
    }
    // Once it is there, nobody waits for its traffic for a quarter of an hour.
    fake.add("sag-none", "cn-shanghai", 2);
    let seen = rig.sweep_one("sag-none").await;
    let Collected::Complete(traffic) = seen.traffic else {
        panic!("{:?}", seen.traffic);
    };
    assert_eq!(traffic.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_user_deleted_after_the_list_is_gone() {
    let fake = Fake::with_users("sag-a", 3);
    let mut rig = Rig::new(&fake, account());
    rig.sweep().await;
    fake.world()
        .users
        .get_mut("sag-a")
        .expect("an instance")
        .remove(1);
    let seen = rig.sweep_one("sag-a").await;
    let Collected::Complete(sessions) = seen.sessions else {
        panic!("{:?}", seen.sessions);
    };
    assert_eq!(states(&sessions)["user-0001"], SessionState::Gone);
    // It is not asked for again.
    let seen = rig.sweep_one("sag-a").await;
    assert!(matches!(seen.sessions, Collected::Complete(list) if list.users.len() == 2));
}

#[tokio::test(start_paused = true)]
async fn a_user_that_is_listed_but_never_found_is_unknown() {
    let fake = Fake::with_users("sag-a", 2);
    fake.world().disowned.insert("user-0001".to_owned());
    let mut rig = Rig::new(&fake, account());
    let first = rig.sweep_one("sag-a").await;
    let Collected::Complete(sessions) = first.sessions else {
        panic!("{:?}", first.sessions);
    };
    assert_eq!(states(&sessions)["user-0001"], SessionState::Gone);
    // The next list has it again, so it was never gone.
    tokio::time::advance(Duration::from_secs(300)).await;
    for _ in 0..2 {
        let seen = rig.sweep_one("sag-a").await;
        let Collected::Partial(sessions, FailureKind::NotFound) = seen.sessions else {
            panic!("{:?}", seen.sessions);
        };
        let unknown = SessionState::Unknown(FailureKind::NotFound);
        assert_eq!(states(&sessions)["user-0001"], unknown);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_all_fail_alike_are_given_up() {
    use FailureKind as Kind;
    for (kind, least, most) in [
        // Four calls are under way at once when the verdict comes.
        (Kind::Denied, 1, 4),
        (Kind::NotFound, 5, 8),
        (Kind::Auth, 1, 4),
        (Kind::Timeout, 5, 8),
        (Kind::Transport, 5, 8),
        (Remote, 5, 8),
        (Kind::Decode, 5, 8),
        (Kind::Throttled, 20, 23),
    ] {
        let fake = Fake::with_users("sag-a", 200);
        fake.fail(move |call| is_session(call).then_some(kind));
        let seen = Rig::new(&fake, account()).sweep_one("sag-a").await;
        assert_eq!(seen.sessions, Collected::Failed(kind));
        assert!(matches!(seen.accounts, Collected::Complete(_)), "{kind}");
        let calls = fake.count(is_session);
        assert!((least..=most).contains(&calls), "{kind}: {calls} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_of_broken_users_does_not_hide_the_others() {
    let fake = Fake::with_users("sag-a", 200);
    let broken = "user-0100".."user-0120";
    fake.fail(move |call| match call {
        Call::Sessions { user, .. } => broken.contains(&user.as_str()).then_some(Remote),
        _ => None,
    });
    let seen = Rig::new(&fake, account()).sweep_one("sag-a").await;
    let Collected::Partial(sessions, Remote) = seen.sessions else {
        panic!("{:?}", seen.sessions);
    };
    assert_eq!(sessions.users.len(), 200);
    assert_eq!(observed(&sessions).len(), 180);
}

#[tokio::test(start_paused = true)]
async fn users_that_were_not_asked_for_come_first_next_time() {
    let fake = Fake::with_users("sag-a", 100);
    let mut rig = Rig::new(&fake, account());
    let mut seen_ever = BTreeSet::new();
    for sweep in 1..=3 {
        let mut calls = 0;
        fake.fail(move |call| {
            calls += usize::from(is_session(call));
            (calls > 20).then_some(Remote)
        });
        let seen = rig.sweep_one("sag-a").await;
        let Collected::Partial(sessions, Remote) = seen.sessions else {
            panic!("{:?}", seen.sessions);
        };
        assert_eq!(sessions.users.len(), 100);
        seen_ever.extend(observed(&sessions));
        assert_eq!(seen_ever.len(), 20 * sweep);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_stops_all_calls_of_the_sweep() {
    let fake = Fake::new();
    for n in 0..50 {
        fake.add(&format!("sag-{n:02}"), "cn-shanghai", 20);
    }
    let mut rig = Rig::new(&fake, account());
    rig.sweep().await;
    let before = fake.world().calls.len();
    fake.fail(|_| Some(FailureKind::Auth));
    let (outcome, news) = rig.sweep().await;
    let calls = fake.world().calls.len() - before;
    assert!(calls <= 4, "{calls} calls");
    assert_eq!(outcome, SweepOutcome::Failed);
    let failed = news.iter().filter(|observation| {
        matches!(observation, Observation::Instance(seen)
            if seen.sessions == Collected::Failed(FailureKind::Auth))
    });
    assert_eq!(failed.count(), 50);
    // The next sweep tries anew.
    fake.fail(|_| None);
    assert_eq!(rig.sweep().await.0, SweepOutcome::Complete);
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_region_is_given_up_for_the_sweep() {
    let fake = Fake::new();
    for n in 0..100 {
        fake.add(&format!("sag-{n:02}"), "cn-shanghai", 1);
    }
    let mut rig = Rig::new(&fake, account());
    rig.sweep().await;
    let before = fake.world().calls.len();
    fake.fail(|_| Some(FailureKind::Transport));
    let (outcome, news) = rig.sweep().await;
    let calls = fake.world().calls.len() - before;
    assert!((20..30).contains(&calls), "{calls} calls");
    assert_eq!(outcome, SweepOutcome::Failed);
    assert_eq!(news.len(), 101);
}

#[tokio::test(start_paused = true)]
async fn one_broken_instance_holds_up_no_other() {
    let fake = Fake::new();
    fake.add("sag-bad", "cn-shanghai", 500);
    for n in 0..5 {
        fake.add(&format!("sag-good-{n}"), "cn-shanghai", 40);
    }
    let fault = Fault {
        kind: FailureKind::Timeout,
        after: Duration::from_secs(30),
    };
    fake.world().faults = Some(Box::new(move |call| {
        is_about(call, "sag-bad").then_some(fault)
    }));
    let mut rig = Rig::new(&fake, account());
    let begun = tokio::time::Instant::now();
    let (outcome, news) = rig.sweep().await;
    assert_eq!(outcome, SweepOutcome::Partial);
    let Some((Observation::Instance(last), good)) = news[..news.len() - 1].split_last() else {
        panic!("{news:?}");
    };
    assert_eq!(last.instance.sag_id.as_str(), "sag-bad");
    assert_eq!(good.len(), 5);
    for observation in good {
        let Observation::Instance(seen) = observation else {
            panic!("{observation:?}");
        };
        assert!(matches!(seen.sessions, Collected::Complete(_)), "{seen:?}");
        // 200 users at 100 ms, with at least two permits left for the good.
        let took = sag_exporter::clock::between(crate::rig::start(), seen.at);
        assert!(took < Duration::from_secs(15), "{took:?}");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(40),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_is_partial_and_its_users_are_still_queried() {
    let fake = Fake::with_users("sag-a", 35);
    let mut rig = Rig::new(&fake, account());
    fake.fail(|call| matches!(call, Call::Users { page: 3, .. }).then_some(Remote));
    let seen = rig.sweep_one("sag-a").await;
    let Collected::Partial(list, Remote) = &seen.accounts else {
        panic!("{:?}", seen.accounts);
    };
    assert_eq!((list.expected, list.users.len()), (35, 20));
    // Nobody knows of the other 15, so the sessions are not complete either.
    let Collected::Partial(sessions, Remote) = &seen.sessions else {
        panic!("{:?}", seen.sessions);
    };
    assert_eq!(sessions.users.len(), 20);
    // The list is due again at once, and nobody is forgotten when it breaks.
    fake.fail(|_| None);
    let seen = rig.sweep_one("sag-a").await;
    assert!(matches!(seen.accounts, Collected::Complete(_)), "{seen:?}");
    fake.fail(|call| matches!(call, Call::Users { page: 2, .. }).then_some(FailureKind::Denied));
    tokio::time::advance(Duration::from_secs(300)).await;
    let seen = rig.sweep_one("sag-a").await;
    assert!(
        matches!(seen.accounts, Collected::Partial(_, FailureKind::Denied)),
        "{seen:?}"
    );
    assert!(matches!(seen.sessions, Collected::Complete(list) if list.users.len() == 35));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_fails_at_once_leaves_nothing_to_query_the_first_time() {
    let fake = Fake::with_users("sag-a", 5);
    fake.fail(|call| matches!(call, Call::Users { .. }).then_some(FailureKind::Denied));
    let (outcome, news) = Rig::new(&fake, account()).sweep().await;
    let seen = of_instance(&news, "sag-a").expect("a report");
    assert_eq!(seen.accounts, Collected::Failed(FailureKind::Denied));
    assert_eq!(seen.sessions, Collected::Failed(FailureKind::Denied));
    assert_eq!(outcome, SweepOutcome::Partial);
    assert_eq!(fake.count(is_session), 0);
}
