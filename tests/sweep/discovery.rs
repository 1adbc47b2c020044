//! Which instances are swept, and what happens when they come and go.

use std::time::Duration;

use sag_exporter::fleet::{Collected, InstanceObservation, Observation};
use sag_exporter::model::{FailureKind, SweepOutcome};
use sag_exporter::sweep::AccountOptions;

use crate::fake::{Call, Fake};
use crate::rig::{Rig, account, account_with, of_instance};

fn is_gateways(call: &Call) -> bool {
    matches!(call, Call::Gateways { .. })
}

/// What was reported: each instance with its region and facts, in order of id.
fn told(news: &[Observation]) -> Vec<String> {
    let mut told: Vec<String> = news
        .iter()
        .filter_map(|observation| match observation {
            Observation::Instance(seen) => Some(tell(seen)),
            Observation::InstanceGone(sag_id) => Some(format!("{sag_id} gone")),
            _ => None,
        })
        .collect();
    told.sort();
    told
}

fn tell(seen: &InstanceObservation) -> String {
    let facts = match seen.facts {
        Collected::NotDue => "not due",
        Collected::Unavailable => "unavailable",
        Collected::Complete(()) => "known",
        Collected::Partial(..) => "partial",
        Collected::Failed(kind) => kind.as_str(),
    };
    let users = match &seen.accounts {
        Collected::Complete(list) => list.users.len().to_string(),
        Collected::NotDue | Collected::Unavailable => "not due".to_owned(),
        Collected::Partial(_, kind) | Collected::Failed(kind) => kind.to_string(),
    };
    let (sag_id, region) = (&seen.instance.sag_id, &seen.instance.region);
    format!("{sag_id} {region} facts={facts} users={users}")
}

struct Case {
    what: &'static str,
    account: AccountOptions,
    /// The region whose discovery is denied.
    denied: &'static str,
    told: &'static [&'static str],
    outcome: SweepOutcome,
}

fn cases() -> Vec<Case> {
    let mut cases = cases_without_list();
    cases.extend(cases_with_list());
    cases
}

fn cases_without_list() -> Vec<Case> {
    use SweepOutcome::{Complete, Failed, Partial};
    let both = ["cn-shanghai", "cn-hangzhou"];
    vec![
        Case {
            what: "all of one region, other hardware left out",
            account: account_with(&["cn-shanghai"], &[]),
            denied: "",
            told: &["sag-a cn-shanghai facts=known users=3"],
            outcome: Complete,
        },
        Case {
            what: "all of two regions",
            account: account_with(&both, &[]),
            denied: "",
            told: &[
                "sag-a cn-shanghai facts=known users=3",
                "sag-b cn-hangzhou facts=known users=2",
            ],
            outcome: Complete,
        },
        Case {
            what: "one region denied",
            account: account_with(&both, &[]),
            denied: "cn-shanghai",
            told: &["sag-b cn-hangzhou facts=known users=2"],
            outcome: Partial,
        },
        Case {
            what: "the only region denied",
            account: account_with(&["cn-shanghai"], &[]),
            denied: "cn-shanghai",
            told: &[],
            outcome: Failed,
        },
    ]
}

fn cases_with_list() -> Vec<Case> {
    use SweepOutcome::{Complete, Failed, Partial};
    let both = ["cn-shanghai", "cn-hangzhou"];
    vec![
        Case {
            what: "a list and one region need no discovery",
            account: account_with(&["cn-shanghai"], &["sag-a"]),
            denied: "cn-shanghai",
            told: &["sag-a cn-shanghai facts=unavailable users=3"],
            outcome: Complete,
        },
        Case {
            what: "a list takes the others out",
            account: account_with(&both, &["sag-b"]),
            denied: "",
            told: &["sag-b cn-hangzhou facts=known users=2"],
            outcome: Complete,
        },
        Case {
            what: "a listed instance that is nowhere",
            account: account_with(&both, &["sag-a", "sag-x"]),
            denied: "",
            told: &[
                "sag-a cn-shanghai facts=known users=3",
                "sag-x cn-shanghai facts=not_found users=not_found",
            ],
            outcome: Partial,
        },
        Case {
            what: "a listed instance that may be where discovery is denied",
            account: account_with(&both, &["sag-b"]),
            denied: "cn-hangzhou",
            told: &["sag-b cn-shanghai facts=denied users=denied"],
            outcome: Failed,
        },
        Case {
            what: "a listed instance that is not in the only region",
            account: account_with(&["cn-shanghai"], &["sag-x"]),
            denied: "",
            told: &["sag-x cn-shanghai facts=not_found users=not_found"],
            outcome: Partial,
        },
    ]
}

#[tokio::test(start_paused = true)]
async fn discovery_finds_what_is_to_be_swept() {
    for case in cases() {
        let fake = world();
        let denied = case.denied;
        fake.fail(move |call| match call {
            Call::Gateways { region, .. } if region == denied => Some(FailureKind::Denied),
            _ => None,
        });
        let (outcome, news) = Rig::new(&fake, case.account).sweep().await;
        assert_eq!(told(&news), case.told, "{}", case.what);
        assert_eq!(outcome, case.outcome, "{}", case.what);
    }
}

#[tokio::test(start_paused = true)]
async fn facts_are_taken_over_and_kept() {
    let mut rig = Rig::new(&world(), account());
    let first = rig.sweep_one("sag-a").await;
    assert_eq!(first.instance.name.as_deref(), Some("name of sag-a"));
    assert_eq!(first.instance.account_quota, Some(2000));
    let second = rig.sweep_one("sag-a").await;
    assert_eq!(second.facts, Collected::NotDue);
    assert_eq!(second.accounts, Collected::NotDue);
    assert_eq!(second.instance, first.instance);
}

#[tokio::test(start_paused = true)]
async fn instances_come_and_go() {
    let fake = world();
    let mut rig = Rig::new(&fake, account());
    rig.sweep().await;
    fake.add("sag-new", "cn-shanghai", 1);
    fake.world().places.remove("sag-a");
    // Not before discovery is due again.
    let (_, news) = rig.sweep().await;
    assert_eq!(
        told(&news),
        ["sag-a cn-shanghai facts=not due users=not due"]
    );
    tokio::time::advance(Duration::from_secs(300)).await;
    let (outcome, news) = rig.sweep().await;
    let expected = ["sag-a gone", "sag-new cn-shanghai facts=known users=1"];
    assert_eq!(told(&news), expected);
    assert_eq!(outcome, SweepOutcome::Complete);
}

#[tokio::test(start_paused = true)]
async fn an_instance_outlives_a_discovery_that_fails() {
    let fake = world();
    let mut rig = Rig::new(&fake, account());
    rig.sweep().await;
    fake.world().places.clear();
    fake.fail(|call| is_gateways(call).then_some(FailureKind::Timeout));
    tokio::time::advance(Duration::from_secs(300)).await;
    let (outcome, news) = rig.sweep().await;
    assert_eq!(told(&news), ["sag-a cn-shanghai facts=timeout users=3"]);
    assert_eq!(outcome, SweepOutcome::Partial);
    // It is tried again in the very next sweep.
    fake.fail(|_| None);
    fake.add("sag-a", "cn-shanghai", 3);
    let (_, news) = rig.sweep().await;
    assert_eq!(told(&news), ["sag-a cn-shanghai facts=known users=not due"]);
}

#[tokio::test(start_paused = true)]
async fn a_listed_instance_that_turns_up_is_swept() {
    let fake = world();
    let regions = ["cn-shanghai", "cn-hangzhou"];
    let mut rig = Rig::new(&fake, account_with(&regions, &["sag-late"]));
    let (_, news) = rig.sweep().await;
    let missing = "sag-late cn-shanghai facts=not_found users=not_found";
    assert_eq!(told(&news), [missing]);
    let seen = of_instance(&news, "sag-late").expect("a report");
    assert_eq!(seen.sessions, Collected::Failed(FailureKind::NotFound));
    fake.add("sag-late", "cn-hangzhou", 2);
    tokio::time::advance(Duration::from_secs(300)).await;
    let (_, news) = rig.sweep().await;
    assert_eq!(told(&news), ["sag-late cn-hangzhou facts=known users=2"]);
}

/// An APP instance in either of two regions, and a box of other hardware.
fn world() -> Fake {
    let fake = Fake::with_users("sag-a", 3);
    fake.add("sag-b", "cn-hangzhou", 2);
    fake.add("sag-box", "cn-shanghai", 1);
    let mut world = fake.world();
    let place = world.places.get_mut("sag-box").expect("a place");
    place.1 = "sag-1000".to_owned();
    drop(world);
    fake
}
