//! `users set` for many: globs, the policy, the pace.

use sag_exporter::model::Action;
use sag_exporter::sim::{Effect, Rule};

use crate::rig::Rig;

const MODIFY: Action = Action::ModifySmartAccessGatewayClientUser;

#[tokio::test]
async fn a_glob_changes_those_who_differ_wherever_they_are() {
    let rig = Rig::quiet(2, 0).await;
    let ids = rig.sag_ids();
    for (id, name, kbps) in [(0, "ann", 1), (0, "al", 9), (0, "bob", 1), (1, "ann", 2)] {
        rig.create(&ids[id], name, kbps);
    }
    let ran = rig
        .users(&["set", "a*", "--bandwidth=9", "--yes", "-o", "csv"])
        .await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err
            .contains("Plan: 2 to change, 1 unchanged, 0 refused."),
        "{ran:?}"
    );
    let mut lines: Vec<&str> = ran.out.lines().skip(1).collect();
    lines.sort_unstable();
    let mut expected = [
        format!("{},al,9,9,false,unchanged,", ids[0]),
        format!("{},ann,1,9,false,changed,", ids[0]),
        format!("{},ann,2,9,false,changed,", ids[1]),
    ];
    expected.sort();
    assert_eq!(lines, expected);
    assert_eq!((rig.kbps(&ids[0], "bob"), rig.calls(MODIFY)), (1, 2));
}

#[tokio::test]
async fn the_policy_closes_the_drift_that_the_rule_shows() {
    let rig = Rig::quiet(2, 10).await;
    let ids = rig.sag_ids();
    rig.configure(&format!(
        "policy:\n- {{match: \"guest*\"}}\n- {{match: \"*\", sag_id: {}, bandwidth: 300}}\n\
         - {{match: \"*\", bandwidth: 500}}\n",
        ids[0]
    ));
    rig.create(&ids[0], "guest1", 77);
    rig.create(&ids[1], "bob", 500);
    let drift = async || {
        let config = rig.config_flag();
        let page = crate::rig::run(&["once", &config]).await.out;
        let drift = |line: &&str| {
            line.starts_with("sag_user_anomaly{") && line.contains("\"bandwidth_drift\"")
        };
        page.lines().filter(drift).count()
    };
    let before = drift().await;
    assert!(before > 10, "{before}");
    let dry = rig.users(&["set", "--from-policy", "--dry-run"]).await;
    let plan = format!("Plan: {before} to change, ");
    assert!(dry.out.contains(&plan), "{plan}: {dry:?}");
    let ran = rig.users(&["set", "--from-policy", "--yes"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(drift().await, 0);
    assert_eq!(rig.calls(MODIFY), u64::try_from(before).unwrap());
    assert_eq!(rig.kbps(&ids[0], "guest1"), 77);
    let again = rig.users(&["set", "--from-policy"]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    // A name narrows it.
    rig.cloud.set_bandwidth(&ids[1], "bob", 1).unwrap();
    rig.cloud.set_bandwidth(&ids[0], "guest1", 1).unwrap();
    for (name, expected) in [("guest1", 1), ("b?b", 500)] {
        let ran = rig.users(&["set", name, "--from-policy", "--yes"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let id = if name == "guest1" { &ids[0] } else { &ids[1] };
        assert_eq!(rig.kbps(id, &name.replace('?', "o")), expected);
    }
}

#[tokio::test]
async fn changes_keep_the_pace_of_the_configuration() {
    let rig = Rig::quiet(1, 30).await;
    // The quota would refuse whoever is faster than that.
    rig.cloud.set_quota(None, 25.0);
    rig.configure_at("20", "");
    let ran = rig.users(&["set", "*", "--bandwidth=17", "--yes"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let calls = rig.cloud.calls(MODIFY);
    assert_eq!((calls.answered, calls.throttled), (30, 0));
}

#[tokio::test]
async fn one_failure_does_not_keep_the_others_from_being_changed() {
    let rig = Rig::quiet(1, 0).await;
    let sag_id = rig.sag_id();
    for name in ["ann", "bob", "carl"] {
        rig.create(&sag_id, name, 1);
    }
    let denied = Effect::Denied("Forbidden.RAM".to_owned());
    rig.cloud
        .add_fault(Rule::new(denied).on(MODIFY).user("bob"));
    let ran = rig
        .users(&["set", "*", "--bandwidth=2", "--yes", "-o", "json"])
        .await;
    ran.ended(1, "not everything is as wanted: 1 failed");
    let results = ran.results();
    let results: Vec<_> = results
        .iter()
        .map(|(u, r)| (u.as_str(), r.as_str()))
        .collect();
    assert_eq!(
        results,
        [("ann", "changed"), ("bob", "failed"), ("carl", "changed")]
    );
}
