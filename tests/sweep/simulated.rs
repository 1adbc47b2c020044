//! Sweeps through the real client over the simulated cloud.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sag_exporter::clock::Clock;
use sag_exporter::fleet::{Collected, InstanceObservation, Observation, SessionState};
use sag_exporter::model::{Action, FailureKind, SagId, Session, SweepOutcome, UserState};
use sag_exporter::sim::{
    Cloud, Effect, InstanceTruth, ListShape, NumberShape, Options, Rule, Scenario,
};
use sag_exporter::sweep::{AccountOptions, Context, Sweeper};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::in_process::{client, cloud, noon, telemetry};
use crate::rig::{account, options, region};

const USERS: Action = Action::DescribeSmartAccessGatewayClientUsers;
const SESSIONS: Action = Action::DescribeUserOnlineClients;
const GATEWAYS: Action = Action::DescribeSmartAccessGateways;

#[tokio::test(start_paused = true)]
async fn a_sweep_sees_the_world_in_every_shape_of_reply() {
    let lists = [
        ListShape::Documented,
        ListShape::Single,
        ListShape::ArrayOfLists,
        ListShape::ArrayOfWrapped,
        ListShape::Bare,
        ListShape::EmptyObject,
        ListShape::Null,
        ListShape::Absent,
    ];
    let numbers = [
        NumberShape::Documented,
        NumberShape::Numbers,
        NumberShape::Strings,
        NumberShape::Bools,
    ];
    for list in lists {
        for number in numbers {
            let cloud = world(2, 25);
            cloud.add_fault(Rule::new(Effect::List(list)));
            cloud.add_fault(Rule::new(Effect::Numbers(number)));
            let (outcome, seen) = sweep(&cloud, None).await;
            assert_eq!(outcome, SweepOutcome::Complete, "{list:?} {number:?}");
            assert_eq!(seen.len(), 2);
            for one in &seen {
                agrees(one, &cloud);
            }
        }
    }
}

/// What a fault makes of the sweep of a world with one instance.
struct Case {
    rule: Rule,
    outcome: SweepOutcome,
    accounts: Option<FailureKind>,
    sessions: Option<FailureKind>,
    facts: Option<FailureKind>,
}

/// Blips that the client gets over, and oddities that change nothing.
fn harmless() -> Vec<Case> {
    let gone = error(400, "ResourceNotFound.User");
    [
        Rule::new(Effect::BadGateway).times(2),
        Rule::new(Effect::Drop).times(2),
        Rule::new(Effect::Truncate(20)).times(2),
        Rule::new(Effect::Latency(Duration::from_secs(1))),
        Rule::new(Effect::HidePageSize).on(USERS),
        Rule::new(Effect::TotalAsText).on(USERS),
        Rule::new(gone).on(SESSIONS).times(3),
    ]
    .into_iter()
    .map(|rule| Case {
        rule,
        outcome: SweepOutcome::Complete,
        accounts: None,
        sessions: None,
        facts: None,
    })
    .collect()
}

/// What the client does not get over. The instance is configured, so that a
/// sweep needs no discovery.
fn lasting() -> Vec<Case> {
    use FailureKind::{Auth, Denied, NotFound, Remote, Transport};
    use SweepOutcome::{Complete, Failed, Partial};
    let denied = || Effect::Denied("NoPermission".to_owned());
    let missing = || Effect::MissingOperation("InvalidApi.NotFound".to_owned());
    let no_instance = |status| error(status, "SAG.InstanceNoFound");
    let everywhere = |effect, kind| Case {
        rule: Rule::new(effect),
        outcome: Failed,
        accounts: Some(kind),
        sessions: Some(kind),
        facts: Some(kind),
    };
    // Without a list there is nobody to ask about.
    let users = |effect, kind| Case {
        rule: Rule::new(effect).on(USERS),
        outcome: Partial,
        facts: None,
        ..everywhere(Effect::Drop, kind)
    };
    let sessions = |effect, kind| Case {
        rule: Rule::new(effect).on(SESSIONS),
        accounts: None,
        ..users(Effect::Drop, kind)
    };
    // The facts are a bonus here.
    let facts = |effect| Case {
        rule: Rule::new(effect).on(GATEWAYS),
        outcome: Complete,
        accounts: None,
        sessions: None,
        facts: None,
    };
    vec![
        facts(denied()),
        facts(missing()),
        users(denied(), Denied),
        users(no_instance(400), NotFound),
        users(no_instance(200), NotFound),
        users(Effect::TotalOff(1), Remote),
        users(Effect::TotalOff(-1), Remote),
        users(Effect::Truncate(30), Transport),
        sessions(denied(), Denied),
        sessions(missing(), NotFound),
        sessions(Effect::BadGateway, Remote),
        sessions(Effect::Drop, Transport),
        everywhere(Effect::ClockSkew(3600), Auth),
        everywhere(Effect::BadGateway, Remote),
    ]
}

fn error(status: u16, code: &str) -> Effect {
    let code = code.to_owned();
    Effect::Error { status, code }
}

#[tokio::test(start_paused = true)]
async fn every_fault_ends_in_the_truth_or_in_a_word_about_it() {
    for case in harmless().into_iter().chain(lasting()) {
        let cloud = world(1, 25);
        let told = format!("{:?}", case.rule);
        cloud.set_faults(vec![case.rule]);
        let (sag_id, _) = cloud.instances().remove(0);
        let account = AccountOptions {
            instances: vec![SagId::parse(&sag_id).expect("an id")],
            ..account()
        };
        let (outcome, seen) = sweep_account(&cloud, account, None).await;
        let [one] = seen.as_slice() else {
            panic!("{told}: {seen:?}");
        };
        assert_eq!(failure(&one.accounts), case.accounts, "{told}");
        assert_eq!(failure(&one.sessions), case.sessions, "{told}");
        assert_eq!(failure(&one.facts), case.facts, "{told}");
        assert_eq!(outcome, case.outcome, "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn churn_on_every_page_is_never_taken_for_a_whole_list() {
    for (delete, create) in [(1, 0), (0, 1), (1, 1), (3, 1)] {
        let cloud = world(1, 35);
        let churn = Rule::new(Effect::Churn { delete, create }).on(USERS);
        cloud.add_fault(churn);
        let (outcome, seen) = sweep(&cloud, None).await;
        assert_eq!(outcome, SweepOutcome::Partial, "{delete} {create}");
        let kind = Some(FailureKind::Remote);
        assert_eq!(failure(&seen[0].accounts), kind, "{delete} {create}");
    }
}

#[tokio::test(start_paused = true)]
async fn churn_that_ends_is_got_over_in_the_same_sweep() {
    for (delete, create) in [(1, 0), (0, 1), (1, 1), (3, 1)] {
        let cloud = world(1, 35);
        let churn = Rule::new(Effect::Churn { delete, create }).on(USERS);
        cloud.add_fault(churn.after(1).times(1));
        let (outcome, seen) = sweep(&cloud, None).await;
        assert_eq!(outcome, SweepOutcome::Complete, "{delete} {create}");
        agrees(&seen[0], &cloud);
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_slows_a_sweep_down_and_loses_nobody() {
    let cloud = world(1, 200);
    cloud.set_quota(None, 20.0);
    // The configured rate is twice what the cloud grants.
    let begun = tokio::time::Instant::now();
    let (outcome, seen) = sweep(&cloud, Some(40.0)).await;
    assert_eq!(outcome, SweepOutcome::Complete);
    let Collected::Complete(sessions) = &seen[0].sessions else {
        panic!("{:?}", seen[0].sessions);
    };
    assert_eq!(sessions.users.len(), 200);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
    let calls = cloud.calls(SESSIONS);
    assert_eq!(calls.answered, 200);
    assert!(calls.throttled < 40, "{calls:?}");
}

/// A quiet world in cn-shanghai at noon, with some users online.
fn world(instances: usize, users: usize) -> Arc<Cloud> {
    let cloud = cloud(Options {
        instances,
        users,
        scenario: Scenario::Quiet,
        ..Options::default()
    });
    for instance in cloud.truth(noon()).instances {
        for (user, sessions) in instance.users.iter().zip([1, 0, 2, 0, 1]) {
            for _ in 0..sessions {
                let login = cloud.login(&instance.sag_id, &user.name, None);
                login.expect("a login");
            }
        }
    }
    cloud
}

async fn sweep(cloud: &Arc<Cloud>, rate: Option<f64>) -> (SweepOutcome, Vec<InstanceObservation>) {
    let places = cloud.instances().into_iter().map(|(_, place)| place);
    let regions: BTreeSet<String> = places.collect();
    let account = AccountOptions {
        regions: regions.iter().map(|name| region(name)).collect(),
        ..account()
    };
    sweep_account(cloud, account, rate).await
}

async fn sweep_account(
    cloud: &Arc<Cloud>,
    account: AccountOptions,
    rate: Option<f64>,
) -> (SweepOutcome, Vec<InstanceObservation>) {
    let (observations, mut news) = mpsc::channel(1000);
    let context = Context {
        clock: Clock::anchored(noon()),
        telemetry: telemetry(),
        observations,
        progress: Arc::new(()),
    };
    let mut sweeper = Sweeper::new(
        options(),
        account,
        client(cloud, rate, telemetry()),
        context,
    );
    let outcome = sweeper.sweep_once(&CancellationToken::new()).await;
    let mut seen = Vec::new();
    while let Ok(observation) = news.try_recv() {
        if let Observation::Instance(one) = observation {
            seen.push(*one);
        }
    }
    (outcome.expect("a whole sweep"), seen)
}

fn failure<T>(collected: &Collected<T>) -> Option<FailureKind> {
    match collected {
        Collected::NotDue | Collected::Unavailable | Collected::Complete(_) => None,
        Collected::Partial(_, kind) | Collected::Failed(kind) => Some(*kind),
    }
}

/// Whether a complete report says what is true now.
fn agrees(seen: &InstanceObservation, cloud: &Cloud) {
    let truth = cloud.truth(cloud.now());
    let id = seen.instance.sag_id.as_str();
    let truth: &InstanceTruth = truth.instance(id).expect("a true instance");
    assert_eq!(seen.instance.name.as_deref(), Some(truth.name.as_str()));
    let (Collected::Complete(accounts), Collected::Complete(sessions)) =
        (&seen.accounts, &seen.sessions)
    else {
        panic!("{seen:?}");
    };
    assert_eq!(accounts.users.len(), truth.users.len());
    assert_eq!(sessions.users.len(), truth.users.len());
    for user in &accounts.users {
        let true_user = truth.user(user.name.as_str()).expect("a true user");
        let state = Some(UserState::Enabled);
        assert_eq!(user.state == state, true_user.enabled, "{user:?}");
        assert_eq!(user.static_ip, Some(true_user.static_ip), "{user:?}");
        let kbps = user.bandwidth.map(|bandwidth| bandwidth.0);
        assert_eq!(kbps, Some(true_user.bandwidth_kbps), "{user:?}");
    }
    for one in &sessions.users {
        let true_user = truth.user(one.user.as_str()).expect("a true user");
        let expected = true_user.sessions.iter().map(|session| Session {
            started: Some(session.started),
            client_ip: Some(session.client_ip.into()),
        });
        let expected = SessionState::Sessions(expected.collect());
        assert_eq!(one.state, expected, "{}", one.user);
    }
}
