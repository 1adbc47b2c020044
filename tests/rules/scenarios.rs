//! Each scenario of the simulated world raises its rule and nothing else; the
//! healthy world raises none.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use jiff::Timestamp;
use sag_exporter::clock::{self, Clock};
use sag_exporter::fleet::{
    Accounts, Collected, InstanceObservation, SessionState, Sessions, UserSessions,
};
use sag_exporter::model::{
    AccountName, ClientUser, Instance, Kbps, Region, Rule, SagId, Session, UserName, UserState,
};
use sag_exporter::rules::{Entry, Limits, Options, Pattern, Policy};
use sag_exporter::sim::{self, Cloud, InstanceTruth, Scenario, UserTruth};

use crate::world::Court;

#[tokio::test]
async fn a_healthy_world_raises_nothing() {
    for seed in 1..=3 {
        assert_eq!(rules_raised(Scenario::Steady, seed, MINUTE, 36 * HOUR), []);
        assert_eq!(rules_raised(Scenario::Quiet, seed, MINUTE, HOUR), []);
        let slowly = rules_raised(Scenario::Steady, seed, 20 * MINUTE, 10 * DAY);
        assert_eq!(slowly, []);
    }
}

#[tokio::test]
async fn the_mixed_world_raises_what_concerns_single_users() {
    let mut raised = BTreeSet::new();
    for seed in 1..=4 {
        raised.extend(rules_raised(Scenario::Mixed, seed, 5 * MINUTE, 2 * DAY));
    }
    for rule in [Rule::MassDisconnect, Rule::ClockSkew] {
        assert!(!raised.contains(&rule), "{rule}");
    }
    assert!(raised.len() >= 5, "{raised:?}");
}

#[tokio::test]
async fn each_scenario_raises_its_rule_and_no_other() {
    for (scenario, rule, interval, length) in [
        (
            Scenario::SharedAccount,
            Rule::ConcurrentSessions,
            MINUTE,
            HOUR,
        ),
        (Scenario::DisabledOnline, Rule::DisabledOnline, MINUTE, HOUR),
        (Scenario::Flapping, Rule::Flapping, MINUTE, 3 * HOUR),
        (Scenario::MassDisconnect, Rule::MassDisconnect, MINUTE, DAY),
        (Scenario::DuplicateIp, Rule::DuplicateIp, MINUTE, 2 * DAY),
        (
            Scenario::StaticIpMismatch,
            Rule::StaticIpMismatch,
            MINUTE,
            HOUR,
        ),
        (Scenario::BandwidthDrift, Rule::BandwidthDrift, MINUTE, DAY),
        (Scenario::Dormant, Rule::Dormant, 20 * MINUTE, 10 * DAY),
        (Scenario::LongSession, Rule::LongSession, MINUTE, 2 * DAY),
        (Scenario::ClockSkew, Rule::ClockSkew, MINUTE, DAY),
    ] {
        let raised = rules_raised(scenario, 1, interval, length);
        assert_eq!(raised, [rule], "{scenario}");
    }
}

/// The rules that found anything while the world was watched.
fn rules_raised(scenario: Scenario, seed: u64, interval: Duration, length: Duration) -> Vec<Rule> {
    let start = Timestamp::from_second(1_795_233_600).expect("a time");
    let options = sim::Options {
        seed,
        instances: 1,
        users: 60,
        scenario,
        ..sim::Options::default()
    };
    let cloud = Cloud::new(options, Clock::anchored(start)).expect("a cloud");
    // How far the clock of the cloud is ahead; the test itself takes no time.
    let ahead = clock::between(start, cloud.now());
    let ahead = Duration::from_secs(ahead.as_secs() / 60 * 60);
    let mut court = Court::new(expected(&cloud, start));
    let mut raised = BTreeSet::new();
    let mut at = start;
    for number in 0.. {
        let truth = cloud.truth(clock::after(at, ahead));
        let instance = truth.instances.first().expect("an instance");
        let verdict = court.take(observed(instance, at, number % 5 == 0));
        raised.extend(verdict.raised.iter().map(|turn| turn.rule));
        at = clock::after(at, interval);
        if clock::between(start, at) > length {
            return raised.into_iter().collect();
        }
    }
    Vec::new()
}

/// Two devices, a day, a week, and to everybody the bandwidth that is usual.
fn expected(cloud: &Cloud, start: Timestamp) -> Options {
    let usual = cloud.truth(start);
    let later = cloud.truth(clock::after(start, DAY / 2));
    let entry = |(one, other): (&UserTruth, &UserTruth)| Entry {
        users: Pattern::parse(&one.name).expect("a pattern"),
        sag_id: None,
        limits: Limits {
            sessions: NonZeroU32::new(2),
            session_length: Some(DAY),
            bandwidth: Some(Kbps(one.bandwidth_kbps.min(other.bandwidth_kbps))),
            dormant: Some(8 * DAY),
        },
    };
    let users = usual.instances.iter().flat_map(|instance| &instance.users);
    let others = later.instances.iter().flat_map(|instance| &instance.users);
    Options {
        policy: Policy::new(users.zip(others).map(entry).collect()).expect("a policy"),
        ..Options::default()
    }
}

/// What a complete sweep sees of an instance.
fn observed(truth: &InstanceTruth, at: Timestamp, with_accounts: bool) -> InstanceObservation {
    let accounts = Accounts {
        expected: truth.users.len().try_into().expect("a count"),
        users: truth.users.iter().map(account).collect(),
    };
    let sessions = truth.users.iter().map(|user| UserSessions {
        user: UserName::parse(&user.name).expect("a name"),
        state: SessionState::Sessions(
            user.sessions
                .iter()
                .map(|session| Session {
                    started: Some(session.started),
                    client_ip: Some(session.client_ip.into()),
                })
                .collect(),
        ),
    });
    InstanceObservation {
        instance: Instance::new(
            SagId::parse(&truth.sag_id).expect("an id"),
            AccountName::parse("main").expect("a name"),
            Region::parse(&truth.region).expect("a region"),
        ),
        at,
        accounts: if with_accounts {
            Collected::Complete(accounts)
        } else {
            Collected::NotDue
        },
        sessions: Collected::Complete(Sessions {
            users: sessions.collect(),
        }),
        facts: Collected::NotDue,
        traffic: Collected::NotDue,
        reported_clients: None,
    }
}

fn account(user: &UserTruth) -> ClientUser {
    ClientUser {
        name: UserName::parse(&user.name).expect("a name"),
        state: Some(if user.enabled {
            UserState::Enabled
        } else {
            UserState::Disabled
        }),
        bandwidth: Some(Kbps(user.bandwidth_kbps)),
        acceleration_bandwidth: Some(Kbps(user.acceleration_kbps)),
        client_ip: user.listed_ip.map(Into::into),
        static_ip: Some(user.static_ip),
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
