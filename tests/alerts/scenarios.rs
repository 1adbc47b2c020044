//! Each scenario of the simulated cloud ends as an alert that is delivered, and
//! the healthy world beside them delivers none.

use std::collections::BTreeMap;

use sag_exporter::sim::{Options, Scenario, Tempo};

use crate::daemon::Config;
use crate::delivery::{INTERVAL, Stage, words};
use crate::outlook::{self, Outlook};
use crate::receiver::Delivered;
use crate::simulator::{Simulator, quiet};

/// A scenario and what it ends as.
struct Case {
    scenario: Scenario,
    /// Whether the scenario shows from now on, for as long as this test may take.
    shows: fn(&Outlook) -> bool,
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
    let cases = CASES.iter().map(|case| (case.scenario, case.shows));
    let healthy: (_, fn(&Outlook) -> bool) = (Scenario::Steady, outlook::any);
    for (seed, (scenario, shows)) in (1..).zip(cases.chain([healthy])) {
        let world = Options {
            seed,
            instances: 1,
            users: users(scenario),
            scenario,
            ..Options::default()
        };
        let tempo = outlook::tempo(&world, shows);
        let simulator = Simulator::start(Options { tempo, ..world }).await;
        let name = scenario.to_string();
        config = config.account(&name, simulator.address, "testsecret");
        policy.push_str(&entries(scenario, tempo, &simulator));
        simulators.insert(name, simulator);
    }
    // The list is the last section, so that the policy may follow it.
    let config = config
        .interval(INTERVAL)
        .sweep_key(&format!("traffic_interval: 0s\npolicy:\n{policy}"));
    let stage = Stage::with(Simulator::start(quiet(1, 1)).await, &config).await;
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
        let account = alert.labels.get("account");
        let case = CASES
            .iter()
            .find(|case| Some(&case.scenario.to_string()) == account);
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

/// No more than it takes: all of them are queried in each sweep.
fn users(scenario: Scenario) -> usize {
    match scenario {
        // Half of those online must be ten.
        Scenario::MassDisconnect => 80,
        _ => 25,
    }
}

/// What the policy says of one instance.
fn entries(scenario: Scenario, tempo: Tempo, simulator: &Simulator) -> String {
    let case = CASES.iter().find(|case| case.scenario == scenario);
    let sag_id = simulator.sag_ids().remove(0);
    if scenario != Scenario::BandwidthDrift {
        let expected = case.map_or("sessions: 2", |case| case.policy);
        return format!("- {{match: '*', sag_id: {sag_id}, {expected}}}\n");
    }
    // What everybody has in the half of the day that is usual.
    let now = simulator.cloud.now();
    let half = sag_exporter::clock::after(now, tempo.day() / 2);
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

const CASES: &[Case] = &[
    Case {
        scenario: Scenario::DisabledOnline,
        shows: outlook::first_is_online,
        alert: "SagDisabledUserOnline",
        rule: "disabled_online",
        severity: "critical",
        policy: "sessions: 2",
    },
    Case {
        scenario: Scenario::SharedAccount,
        shows: outlook::first_has_six_sessions,
        alert: "SagConcurrentSessions",
        rule: "concurrent_sessions",
        severity: "warning",
        policy: "sessions: 2",
    },
    Case {
        scenario: Scenario::LongSession,
        shows: outlook::first_is_online_for_long,
        alert: "SagLongSession",
        rule: "long_session",
        severity: "info",
        policy: "session_length: 15m",
    },
    Case {
        scenario: Scenario::Flapping,
        shows: outlook::any,
        alert: "SagFlapping",
        rule: "flapping",
        severity: "warning",
        policy: "sessions: 2",
    },
    Case {
        scenario: Scenario::MassDisconnect,
        shows: outlook::many_are_cut_off_soon,
        alert: "SagMassDisconnect",
        rule: "mass_disconnect",
        severity: "critical",
        policy: "sessions: 2",
    },
    Case {
        scenario: Scenario::DuplicateIp,
        shows: outlook::first_two_share_an_address,
        alert: "SagDuplicateIp",
        rule: "duplicate_ip",
        severity: "warning",
        policy: "sessions: 2",
    },
    Case {
        scenario: Scenario::StaticIpMismatch,
        shows: outlook::first_is_online,
        alert: "SagStaticIpMismatch",
        rule: "static_ip_mismatch",
        severity: "warning",
        policy: "sessions: 2",
    },
    Case {
        scenario: Scenario::ClockSkew,
        shows: outlook::some_just_came,
        alert: "SagClockSkew",
        rule: "clock_skew",
        severity: "warning",
        policy: "sessions: 2",
    },
    Case {
        scenario: Scenario::Dormant,
        shows: outlook::any,
        alert: "SagDormantUsers",
        rule: "dormant",
        severity: "info",
        policy: "dormant: 1m",
    },
    Case {
        scenario: Scenario::BandwidthDrift,
        shows: outlook::first_has_more_bandwidth,
        alert: "SagBandwidthDrift",
        rule: "bandwidth_drift",
        severity: "info",
        policy: "",
    },
];
