//! Each scenario of the simulated cloud ends as an alert that is delivered, and
//! the healthy world beside them delivers none.

use std::collections::BTreeMap;
use std::time::Duration;

use sag_exporter::sim::{Options, Scenario, Tempo};

use crate::daemon::Config;
use crate::delivery::{Stage, words};
use crate::receiver::Delivered;
use crate::simulator::Simulator;

/// A scenario and what it ends as.
struct Case {
    scenario: Scenario,
    /// Days so short that the scenario shows soon, so long that habits look healthy.
    day_seconds: u64,
    alert: &'static str,
    rule: &'static str,
    severity: &'static str,
    /// What the policy says of the instance.
    policy: &'static str,
}

/// All of them at once, each a cloud account of its own.
#[tokio::test]
async fn each_scenario_ends_as_its_alert_and_the_healthy_world_as_none() {
    let mut simulators = BTreeMap::new();
    let mut config = Config::default();
    let mut policy = String::new();
    let scenarios = CASES.iter().map(|case| (case.scenario, case.day_seconds));
    for (seed, (scenario, day)) in (1..).zip(scenarios.chain([(Scenario::Steady, SHORT)])) {
        let world = Options {
            seed,
            instances: 1,
            users: users(scenario),
            scenario,
            tempo: Tempo::of_day(Duration::from_secs(day)),
            ..Options::default()
        };
        let simulator = Simulator::start(world).await;
        let name = scenario.to_string();
        config = config.account(&name, simulator.address, "testsecret");
        policy.push_str(&entries(scenario, &simulator));
        simulators.insert(name, simulator);
    }
    // The list is the last section, so that the policy may follow it.
    let config = config.sweep_key(&format!("traffic_interval: 0s\npolicy:\n{policy}"));
    let stage = Stage::with(
        Simulator::start(crate::simulator::quiet(1, 1)).await,
        &config,
    )
    .await;
    for case in CASES {
        let account = case.scenario.to_string();
        let alert = stage.delivers_of(case.alert, &account).await;
        assert_eq!(
            alert.labels,
            labels(case, &account, simulators.get(&account).unwrap())
        );
    }
    let mut unexpected: Vec<Delivered> = stage.receiver.alerts();
    unexpected.retain(|alert| {
        let account = alert.labels.get("account").unwrap();
        let case = CASES
            .iter()
            .find(|case| case.scenario.to_string() == *account);
        case.is_none_or(|case| alert.labels.get("alertname").unwrap() != case.alert)
    });
    assert_eq!(unexpected, []);
}

fn labels(case: &Case, account: &str, simulator: &Simulator) -> BTreeMap<String, String> {
    let truth = simulator.truth();
    let instance = truth.instances.first().unwrap();
    words(&[
        ("alertname", case.alert),
        ("severity", case.severity),
        ("rule", case.rule),
        ("sag_id", &instance.sag_id),
        ("account", account),
        ("region", &instance.region),
        ("name", &instance.name),
    ])
}

/// No more than it takes: all of them are swept every second.
fn users(scenario: Scenario) -> usize {
    match scenario {
        // Half of those online must be ten.
        Scenario::MassDisconnect => 80,
        // Some of the long ones must have begun on another day.
        Scenario::LongSession => 60,
        _ => 25,
    }
}

/// What the policy says of one instance.
fn entries(scenario: Scenario, simulator: &Simulator) -> String {
    let case = CASES.iter().find(|case| case.scenario == scenario);
    let sag_id = simulator.sag_ids().remove(0);
    if scenario != Scenario::BandwidthDrift {
        let expected = case.map_or("sessions: 2", |case| case.policy);
        return format!("- {{match: '*', sag_id: {sag_id}, {expected}}}\n");
    }
    // What everybody has in the half of the day that is usual.
    let now = simulator.cloud.now();
    let half = sag_exporter::clock::after(now, Duration::from_secs(SHORTEST / 2));
    let (one, other) = (simulator.truth(), simulator.cloud.truth(half));
    let users = one.instances.iter().flat_map(|instance| &instance.users);
    let others = other.instances.iter().flat_map(|instance| &instance.users);
    let expected = users.zip(others).map(|(one, other)| {
        let kbps = one.bandwidth_kbps.min(other.bandwidth_kbps);
        format!(
            "- {{match: {:?}, sag_id: {sag_id}, bandwidth: {kbps}}}\n",
            one.name
        )
    });
    expected.collect()
}

const REAL: u64 = 86_400;

const SHORT: u64 = 600;

/// Half a day is a minute, so that drift shows in time.
const SHORTEST: u64 = 120;

const CASES: &[Case] = &[
    Case {
        scenario: Scenario::DisabledOnline,
        day_seconds: REAL,
        alert: "SagDisabledUserOnline",
        rule: "disabled_online",
        severity: "critical",
        policy: "sessions: 2",
    },
    Case {
        scenario: Scenario::SharedAccount,
        day_seconds: SHORT,
        alert: "SagConcurrentSessions",
        rule: "concurrent_sessions",
        severity: "warning",
        policy: "sessions: 2",
    },
    Case {
        scenario: Scenario::LongSession,
        day_seconds: SHORT,
        alert: "SagLongSession",
        rule: "long_session",
        severity: "info",
        policy: "session_length: 6m",
    },
    Case {
        scenario: Scenario::Flapping,
        day_seconds: SHORT,
        alert: "SagFlapping",
        rule: "flapping",
        severity: "warning",
        policy: "sessions: 2",
    },
    Case {
        scenario: Scenario::MassDisconnect,
        day_seconds: SHORT,
        alert: "SagMassDisconnect",
        rule: "mass_disconnect",
        severity: "critical",
        policy: "sessions: 2",
    },
    Case {
        scenario: Scenario::DuplicateIp,
        day_seconds: REAL,
        alert: "SagDuplicateIp",
        rule: "duplicate_ip",
        severity: "warning",
        policy: "sessions: 2",
    },
    Case {
        scenario: Scenario::StaticIpMismatch,
        day_seconds: REAL,
        alert: "SagStaticIpMismatch",
        rule: "static_ip_mismatch",
        severity: "warning",
        policy: "sessions: 2",
    },
    Case {
        scenario: Scenario::ClockSkew,
        day_seconds: SHORT,
        alert: "SagClockSkew",
        rule: "clock_skew",
        severity: "warning",
        policy: "sessions: 2",
    },
    Case {
        scenario: Scenario::Dormant,
        day_seconds: REAL,
        alert: "SagDormantUsers",
        rule: "dormant",
        severity: "info",
        policy: "dormant: 1m",
    },
    Case {
        scenario: Scenario::BandwidthDrift,
        day_seconds: SHORTEST,
        alert: "SagBandwidthDrift",
        rule: "bandwidth_drift",
        severity: "info",
        policy: "",
    },
];
