//! Fleets to publish.

use std::sync::Arc;

use jiff::Timestamp;
use sag_exporter::fleet::{
    Accounts, Collected, Finding, Fleet, InstanceObservation, Marks, Observation, Options,
    Pseudonyms, SessionState, Sessions, Snapshot, UserSessions,
};
use sag_exporter::model::{
    AccountName, ClientUser, FailureKind, Instance, Region, Rule, SagId, SweepOutcome, UserName,
    UserState,
};
use sag_exporter::secret::Secret;

/// The fleet after these pieces of news.
pub(crate) fn after(news: impl IntoIterator<Item = Observation>) -> Arc<Snapshot> {
    let mut fleet = Fleet::new(Options { retain: 3 });
    for observation in news {
        fleet.apply(observation);
    }
    fleet.snapshot()
}

/// A sweep ended like this.
pub(crate) fn swept(outcome: SweepOutcome) -> Observation {
    Observation::SweepEnded {
        account: account(),
        outcome,
        at: at(),
    }
}

/// An instance with two users, one of whom is offline; of the other nothing is
/// known.
pub(crate) fn partly_read(sag_id: &str, name: &str) -> Observation {
    let mut report = report(sag_id);
    report.instance.name = Some(name.to_owned());
    report.sessions = Collected::Partial(
        Sessions {
            users: vec![
                sessions("a", SessionState::Sessions(Vec::new())),
                sessions("b", SessionState::Unknown(FailureKind::Timeout)),
            ],
        },
        FailureKind::Timeout,
    );
    Observation::Instance(Box::new(report))
}

/// An instance with two users, both offline.
pub(crate) fn wholly_read(sag_id: &str) -> Observation {
    Observation::Instance(Box::new(report(sag_id)))
}

/// An instance with so many users, all of them enabled or all disabled.
pub(crate) fn crowd(sag_id: &str, users: u32, enabled: bool) -> Observation {
    let mut report = report(sag_id);
    let state = if enabled {
        UserState::Enabled
    } else {
        UserState::Disabled
    };
    let user = |number| ClientUser {
        state: Some(state),
        ..user(&format!("user.{number:06}"))
    };
    report.accounts = Collected::Complete(Accounts {
        expected: u64::from(users),
        users: (0..users).map(user).collect(),
    });
    report.sessions = Collected::NotDue;
    Observation::Instance(Box::new(report))
}

/// An instance with these users, of each of whom a rule found something.
pub(crate) fn with_anomalies(sag_id: &str, users: &[&str], rule: Rule) -> Arc<Snapshot> {
    judged(sag_id, users, rule).snapshot()
}

/// The same under pseudonyms, and that of the first user.
pub(crate) fn with_pseudonyms(sag_id: &str, users: &[&str], rule: Rule) -> (Arc<Snapshot>, String) {
    let pseudonyms = Pseudonyms::new(&Secret::new("0123456789abcdef"));
    let mut fleet = judged(sag_id, users, rule);
    fleet.change_pseudonyms(Some(pseudonyms.clone()));
    (fleet.snapshot(), pseudonyms.of(users[0]))
}

pub(crate) fn judged(sag_id: &str, users: &[&str], rule: Rule) -> Fleet {
    let mut fleet = Fleet::new(Options { retain: 3 });
    let mut report = report(sag_id);
    report.accounts = Collected::Complete(Accounts {
        expected: u64::try_from(users.len()).unwrap(),
        users: users.iter().map(|name| user(name)).collect(),
    });
    report.sessions = Collected::NotDue;
    fleet.apply(Observation::Instance(Box::new(report)));
    let finding = |row| Finding {
        rule,
        row: Some(row),
        since: at(),
        reason: "for a <good> reason: 10.0.0.1".into(),
    };
    let findings = (0..users.len()).map(finding).collect();
    fleet.mark(sag_id, Marks::new(findings, Arc::default()));
    fleet.apply(swept(SweepOutcome::Complete));
    fleet
}

pub(crate) fn sag_id(text: &str) -> SagId {
    SagId::parse(text).unwrap()
}

fn report(sag_id: &str) -> InstanceObservation {
    let region = Region::parse("cn-shanghai").unwrap();
    let offline = |name| sessions(name, SessionState::Sessions(Vec::new()));
    InstanceObservation {
        instance: Instance::new(SagId::parse(sag_id).unwrap(), account(), region),
        at: at(),
        accounts: Collected::Complete(Accounts {
            expected: 2,
            users: vec![user("a"), user("b")],
        }),
        sessions: Collected::Complete(Sessions {
            users: vec![offline("a"), offline("b")],
        }),
        facts: Collected::Complete(()),
        traffic: Collected::NotDue,
        reported_clients: None,
    }
}

fn user(name: &str) -> ClientUser {
    ClientUser {
        name: UserName::parse(name).unwrap(),
        state: Some(UserState::Enabled),
        bandwidth: None,
        acceleration_bandwidth: None,
        client_ip: None,
        static_ip: None,
    }
}

fn sessions(name: &str, state: SessionState) -> UserSessions {
    UserSessions {
        user: UserName::parse(name).unwrap(),
        state,
    }
}

pub(crate) fn account() -> AccountName {
    AccountName::parse("R&D").unwrap()
}

/// When everything was seen.
pub(crate) fn at() -> Timestamp {
    Timestamp::from_millisecond(1_700_000_000_123).unwrap()
}
