//! Fleets to publish.

use std::sync::Arc;

use jiff::Timestamp;
use sag_exporter::fleet::{
    Accounts, Collected, Fleet, InstanceObservation, Observation, Options, SessionState, Sessions,
    Snapshot, UserSessions,
};
use sag_exporter::model::{
    AccountName, ClientUser, FailureKind, Instance, Region, SagId, SweepOutcome, UserName,
    UserState,
};

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

fn account() -> AccountName {
    AccountName::parse("R&D").unwrap()
}

fn at() -> Timestamp {
    Timestamp::from_millisecond(1_700_000_000_123).unwrap()
}
