//! The fleets that the tests look at.

use std::sync::Arc;

use jiff::Timestamp;
use sag_exporter::fleet::{
    self, Accounts, Collected, Finding, Fleet, InstanceObservation, Marks, Observation,
    SessionState, Sessions, Snapshot, UserSessions, UserTraffic,
};
use sag_exporter::model::{
    AccountName, ClientUser, FailureKind, Instance, Kbps, Region, Rule, SagId, Session, UserName,
    UserState,
};

/// A user with what one sweep sees of it.
pub struct User {
    pub name: String,
    pub state: Option<UserState>,
    pub bandwidth: Option<Kbps>,
    pub static_ip: Option<bool>,
    pub sessions: SessionState,
}

pub fn user(name: &str) -> User {
    User {
        name: name.to_owned(),
        state: None,
        bandwidth: None,
        static_ip: None,
        sessions: SessionState::Unknown(FailureKind::Timeout),
    }
}

pub fn state(enabled: bool) -> UserState {
    if enabled {
        UserState::Enabled
    } else {
        UserState::Disabled
    }
}

fn session(started: i64) -> Session {
    Session {
        started: Some(moment(started)),
        client_ip: Some([10, 0, 0, 1].into()),
    }
}

/// A session of which no more is known than the address, if that.
pub fn session_from(address: Option<u8>) -> Session {
    Session {
        started: None,
        client_ip: address.map(|last| [10, 0, 0, last].into()),
    }
}

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn instance(sag_id: &str) -> Instance {
    Instance::new(
        SagId::parse(sag_id).unwrap(),
        AccountName::parse("main \"cloud\"").unwrap(),
        Region::parse("cn-shanghai").unwrap(),
    )
}

/// A complete sweep that found these users.
fn sweep(instance: &Instance, second: i64, users: &[User]) -> Observation {
    let name = |user: &User| UserName::parse(&user.name).unwrap();
    let accounts = users.iter().map(|user| ClientUser {
        name: name(user),
        state: user.state,
        bandwidth: user.bandwidth,
        acceleration_bandwidth: user.bandwidth,
        client_ip: None,
        static_ip: user.static_ip,
    });
    let accounts = accounts.collect();
    let sessions = users.iter().map(|user| UserSessions {
        user: name(user),
        state: user.sessions.clone(),
    });
    Observation::Instance(Box::new(InstanceObservation {
        instance: instance.clone(),
        at: moment(second),
        sessions: Collected::Complete(Sessions {
            users: sessions.collect(),
        }),
        accounts: Collected::Complete(Accounts {
            expected: users.len() as u64,
            users: accounts,
        }),
        facts: Collected::Complete(()),
        traffic: Collected::NotDue,
        reported_clients: None,
    }))
}

pub fn fleet_with(sag_id: &str, users: &[User]) -> Arc<Snapshot> {
    let mut fleet = Fleet::new(fleet::Options { retain: 1 });
    fleet.apply(sweep(&instance(sag_id), 1_800_000_000, users));
    fleet.snapshot()
}

pub fn fleet_of(users: u32, sag_id: &str) -> Arc<Snapshot> {
    let users = (0..users).map(|number| User {
        state: Some(state(number % 3 != 0)),
        bandwidth: (number % 7 != 0).then_some(Kbps(number * 1_000_000)),
        sessions: SessionState::Count(number % 4),
        ..user(&format!("user{number}"))
    });
    fleet_with(sag_id, &users.collect::<Vec<_>>())
}

/// Two sweeps of an office with people of all kinds, and an instance that could
/// not be read.
pub fn small_fleet() -> Arc<Snapshot> {
    let mut office = instance("sag-office");
    office.name = Some("Büro \\ \"Nord\"".to_owned());
    office.expires = Some(moment(1_900_000_000));
    office.account_quota = Some(5);
    office.bandwidth_limit_bytes_per_second = Some(6_250_000);
    let mut fleet = Fleet::new(fleet::Options { retain: 3 });
    let now = 1_800_000_000;
    let sweeps = [
        (now, vec![session(now - 7_000)], vec![session(now - 30_000)]),
        (now + 60, Vec::new(), vec![session(now - 30_000); 2]),
    ];
    for (second, of_bob, of_alice) in sweeps {
        let bob = User {
            state: Some(UserState::Disabled),
            bandwidth: Some(Kbps(0)),
            static_ip: Some(false),
            sessions: SessionState::Sessions(of_bob),
            ..user("bob@example.com")
        };
        let alice = User {
            state: Some(UserState::Enabled),
            bandwidth: Some(Kbps(2_000)),
            static_ip: Some(true),
            sessions: SessionState::Sessions(of_alice),
            ..user("alice")
        };
        let nasty = User {
            sessions: SessionState::Count(1),
            ..user("na\"s\\ty} 黒")
        };
        let users = [bob, alice, nasty, user("vague")];
        fleet.apply(with_traffic(sweep(&office, second, &users)));
    }
    // Rows are in the order of the names: alice, bob, and the others.
    let finding = |rule, row| Finding {
        rule,
        row,
        since: moment(now),
        reason: "seen".into(),
    };
    let findings = vec![
        finding(Rule::ClockSkew, None),
        finding(Rule::Dormant, Some(1)),
        finding(Rule::ConcurrentSessions, Some(2)),
        finding(Rule::ConcurrentSessions, Some(0)),
    ];
    fleet.mark("sag-office", Marks::new(findings, [1, 0, 2, 2].into()));
    fleet.apply(failing_sweep());
    fleet.snapshot()
}

/// What else may be known: the traffic of some, and the cloud's own count.
fn with_traffic(mut news: Observation) -> Observation {
    let traffic = |user: &str, bytes, left| UserTraffic {
        user: UserName::parse(user).unwrap(),
        bytes,
        allowance_remaining_bytes: left,
    };
    if let Observation::Instance(seen) = &mut news {
        seen.reported_clients = Some(4);
        seen.traffic = Collected::Complete(vec![
            traffic("alice", Some(123_456_789_012), Some(0)),
            traffic("bob@example.com", Some(0), None),
        ]);
    }
    news
}

pub fn failing_fleet() -> Arc<Snapshot> {
    let mut fleet = Fleet::new(fleet::Options { retain: 3 });
    fleet.apply(failing_sweep());
    fleet.snapshot()
}

fn failing_sweep() -> Observation {
    let instance = instance("sag-depot");
    Observation::Instance(Box::new(InstanceObservation {
        instance,
        at: moment(1_800_000_070),
        accounts: Collected::Failed(FailureKind::Throttled),
        sessions: Collected::Failed(FailureKind::Throttled),
        facts: Collected::NotDue,
        traffic: Collected::NotDue,
        reported_clients: None,
    }))
}
