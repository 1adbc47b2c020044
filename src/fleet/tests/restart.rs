//! What a fleet knows after a restart, and what it does not pretend to know.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{moment, sweep};
use crate::fleet::{
    Extent, Fleet, InstanceSnapshot, Memory, Observation, Options, Recalled, UserKeys,
};
use crate::model::{AccountName, SweepOutcome};

/// The fleet that a process begins with after this one has ended. What was not
/// observed before is remembered as it was.
pub(super) fn restarted(fleet: &Fleet, extent: Extent, retain: u32) -> Fleet {
    let keys = Arc::new(UserKeys::new([7; 16], None));
    let recall = |memory: Memory| Recalled {
        keys: Arc::clone(&keys),
        memory: Arc::new(memory),
    };
    let mut recalled: BTreeMap<_, _> = fleet.recalled().clone();
    for instance in fleet.snapshot().instances() {
        let memory = instance.remember(&keys, extent);
        recalled.insert(instance.sag_id().clone(), recall(memory));
    }
    let mut fleet = Fleet::new(Options { retain });
    fleet.recall(recalled);
    fleet
}

/// The instance after some sweeps, a restart, and some more. The first sweep
/// after the restart is at second 3000.
fn over_a_restart(
    extent: Extent,
    before: &[(&str, &str)],
    after: &[(&str, &str)],
) -> Arc<InstanceSnapshot> {
    let mut fleet = Fleet::new(Options { retain: 2 });
    for (second, (accounts, sessions)) in (1000..).zip(before) {
        fleet.apply(sweep(second, accounts, sessions));
    }
    fleet = restarted(&fleet, extent, 2);
    for (second, (accounts, sessions)) in (3000..).zip(after) {
        fleet.apply(sweep(second, accounts, sessions));
    }
    Arc::clone(fleet.instance("sag-1").unwrap())
}

/// Users as `NAME:CLIENTS@LAST_ONLINE`, and what the ledger entered.
fn check(
    extent: Extent,
    before: &[(&str, &str)],
    after: &[(&str, &str)],
    users: &str,
    entered: (u64, u64),
) {
    let instance = over_a_restart(extent, before, after);
    let show = |value: Option<i64>| value.map_or("?".to_owned(), |value| value.to_string());
    let seen: Vec<String> = instance
        .users()
        .into_iter()
        .flat_map(|users| users.iter())
        .map(|user| {
            let clients = show(user.online_clients().map(i64::from));
            let last_online = show(user.last_online().map(jiff::Timestamp::as_second));
            format!("{}:{clients}@{last_online}", user.name())
        })
        .collect();
    assert_eq!(seen.join(" "), users, "{before:?} {after:?}");
    let ledger = instance.ledger();
    assert_eq!(
        (ledger.started(), ledger.ended()),
        entered,
        "{before:?} {after:?}"
    );
}

#[test]
fn a_restart_counts_no_one_as_new() {
    let check = |before: &str, after: &str, users: &str, entered| {
        let (before, after) = (format!("complete {before}"), format!("complete {after}"));
        let before = [("complete a b", before.as_str())];
        let after = [("complete a b", after.as_str())];
        check(Extent::Everything, &before, &after, users, entered);
    };
    check("a:2 b:1", "a:2 b:1", "a:2@3000 b:1@3000", (0, 0));
    check("a:2 b:0", "a:1 b:1", "a:1@3000 b:1@3000", (1, 1));
    check("a:#3 b:0", "a:2 b:#0", "a:2@3000 b:0@?", (0, 1));
    check("a:2 b:0", "a:#2 b:#1", "a:2@3000 b:1@3000", (1, 0));
    check("a:? b:1", "a:2 b:?", "a:2@3000 b:?@1000", (0, 0));
}

#[test]
fn after_a_crash_nothing_is_counted_twice() {
    for after in ["complete a:2 b:0", "complete a:0 b:1"] {
        let instance = over_a_restart(
            Extent::Lasting,
            &[("complete a b", "complete a:2 b:1")],
            &[("complete a b", after)],
        );
        let ledger = instance.ledger();
        assert_eq!((ledger.started(), ledger.ended()), (0, 0), "{after}");
        assert!(ledger.changes().is_empty(), "{after}");
    }
}

#[test]
fn what_is_remembered_of_a_user_waits_for_its_first_observation() {
    let before = [("complete a b", "complete a:1 b:0")];
    let check = |after: &[(&str, &str)], users: &str, entered| {
        check(Extent::Everything, &before, after, users, entered);
    };
    let listed = ("complete a b", "failed");
    check(&[listed], "a:?@1000 b:?@?", (0, 0));
    check(
        &[listed, ("-", "complete a:2 b:?")],
        "a:2@3001 b:?@?",
        (1, 0),
    );
    check(
        &[listed, listed, listed, ("-", "complete a:0 b:1")],
        "a:0@1000 b:1@3003",
        (1, 1),
    );
    // A list that is not whole takes nobody away.
    let some = ("partial b", "complete b:0");
    check(
        &[some, ("complete a b", "complete a:0 b:0")],
        "a:0@1000 b:0@?",
        (0, 1),
    );
    // Who was deleted meanwhile comes back as somebody new.
    let without = ("complete b", "complete b:0");
    check(
        &[without, ("complete a b", "complete a:3 b:0")],
        "a:3@3001 b:0@?",
        (0, 0),
    );
    // Who is found deleted by name has ended its sessions.
    let gone = ("partial a b", "partial a:!");
    check(
        &[gone, ("complete a b", "complete a:3 b:0")],
        "a:3@3001 b:0@?",
        (0, 1),
    );
    check(&[("failed", "failed")], "", (0, 0));
}

#[test]
fn what_waits_is_remembered_at_the_next_restart_too() {
    let mut fleet = Fleet::new(Options { retain: 2 });
    fleet.apply(sweep(1000, "complete a b", "complete a:1 b:1"));
    for (accounts, sessions) in [("failed", "failed"), ("complete a b", "complete a:? b:1")] {
        fleet = restarted(&fleet, Extent::Everything, 2);
        // Nothing was observed in between.
        fleet = restarted(&fleet, Extent::Everything, 2);
        fleet.apply(sweep(1100, accounts, sessions));
    }
    fleet = restarted(&fleet, Extent::Everything, 2);
    fleet.apply(sweep(1200, "complete a b", "complete a:0 b:0"));
    let ledger = fleet.instance("sag-1").unwrap().ledger();
    assert_eq!((ledger.started(), ledger.ended()), (0, 2));
}

#[test]
fn what_ended_in_a_long_pause_ended_nobody_knows_when() {
    for (pause, expected) in [(3600, (1, 1)), (3601, (0, 0)), (-1, (0, 0))] {
        let mut fleet = Fleet::new(Options { retain: 2 });
        fleet.apply(sweep(10_000, "complete a b", "complete a:1 b:0"));
        fleet = restarted(&fleet, Extent::Everything, 2);
        fleet.apply(sweep(10_000 + pause, "complete a b", "complete a:0 b:1"));
        let ledger = fleet.instance("sag-1").unwrap().ledger();
        assert_eq!((ledger.started(), ledger.ended()), expected, "{pause}");
        let users = fleet.instance("sag-1").unwrap().users().unwrap();
        let last_online = users.find("a").unwrap().last_online();
        let known = (pause >= 0).then(|| moment(10_000));
        assert_eq!(last_online, known, "a moment in the future is none");
    }
}

#[test]
fn what_ended_in_the_pause_is_told_without_its_address() {
    let instance = over_a_restart(
        Extent::Everything,
        &[("complete a", "complete a:2")],
        &[("complete a", "complete a:1")],
    );
    let change = &instance.ledger().changes()[0];
    assert_eq!((change.started, change.ended), (0, 1));
    let ended = &change.ended_sessions[0];
    assert_eq!(ended.started, Some(moment(101)));
    assert_eq!(ended.client_ip, None, "addresses are not kept");
    assert_eq!(instance.ledger().durations().sum_seconds(), 3000 - 101);
}

#[test]
fn instances_that_are_gone_are_forgotten() {
    let account = AccountName::parse("main").unwrap();
    let ended = |outcome| Observation::SweepEnded {
        account: account.clone(),
        outcome,
        at: moment(2000),
    };
    let check = |news: Observation, waits: bool| {
        let mut fleet = Fleet::new(Options { retain: 2 });
        fleet.apply(sweep(1000, "complete a", "complete a:1"));
        let sag_id = fleet.instance("sag-1").unwrap().sag_id().clone();
        fleet = restarted(&fleet, Extent::Everything, 2);
        fleet.apply(match news {
            Observation::InstanceGone(_) => Observation::InstanceGone(sag_id.clone()),
            news => news,
        });
        assert_eq!(fleet.recalled().contains_key(&sag_id), waits);
        assert!(fleet.snapshot().instances().is_empty());
    };
    check(ended(SweepOutcome::Failed), true);
    check(ended(SweepOutcome::Partial), true);
    check(ended(SweepOutcome::Complete), false);
    check(Observation::AccountGone(account.clone()), false);
    let sag_id = crate::model::SagId::parse("sag-1").unwrap();
    check(Observation::InstanceGone(sag_id), false);
}
