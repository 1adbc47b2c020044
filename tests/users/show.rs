//! `users show`: one account in full.

use sag_exporter::model::Action;
use sag_exporter::sim::{Effect, Rule};
use serde_json::{Value, json};

use crate::rig::{MAIL, Rig};

const POLICY: &str = "policy:\n- match: \"*\"\n  sessions: 1\n  session_length: 24h\n  \
                      bandwidth: 3000\n  dormant: 30d\n";

#[tokio::test]
async fn it_shows_sessions_limits_and_traffic() {
    let rig = Rig::quiet(2, 3).await;
    rig.configure(POLICY);
    let sag_id = rig.sag_ids().remove(1);
    rig.create(&sag_id, "bob", 2000);
    let first = rig.cloud.login(&sag_id, "bob", None).unwrap();
    let address = "10.9.8.7".parse().unwrap();
    rig.cloud.login(&sag_id, "bob", Some(address)).unwrap();
    let ran = rig.users(&["show", "bob", "-o", "json"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let shown: Value = serde_json::from_str(&ran.out).unwrap();
    let check = |key: &str, expected: Value| assert_eq!(shown[key], expected, "{key}: {shown}");
    check("sag_id", json!(sag_id));
    check("user", json!("bob"));
    check("account", json!("main"));
    check("region", json!("cn-shanghai"));
    check("bandwidth_kbps", json!(2000));
    check("online_clients", json!(2));
    let policy = json!({
        "sessions": 1,
        "session_length_seconds": 86_400,
        "bandwidth_kbps": 3000,
        "dormant_seconds": 2_592_000,
    });
    check("policy", policy);
    assert!(shown["month_traffic_bytes"].is_u64(), "{shown}");
    assert!(
        shown["traffic_allowance_remaining_bytes"].is_u64(),
        "{shown}"
    );
    let sessions = shown["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert!(
        sessions
            .iter()
            .all(|s| s["started"] == json!(first.started.to_string())
                || s["client_ip"] == json!("10.9.8.7"))
    );
    assert!(sessions.iter().all(|s| s["age_seconds"].is_u64()));

    let table = rig.users(&["show", "bob"]).await;
    for part in [
        "bandwidth     2000 Kbit/s (policy: 3000 Kbit/s)\n",
        "sessions      2 (policy: at most 1)",
        "(policy: no longer than 1day)",
        "  10.9.8.7         since 20",
    ] {
        assert!(table.out.contains(part), "{part:?} is not in {}", table.out);
    }
    let csv = rig.users(&["show", "bob", "-o", "csv"]).await;
    let started = format!(",{}\n", first.started);
    assert!(
        csv.out.ends_with(&started) && csv.out.lines().count() == 2,
        "{csv:?}"
    );
    for ran in [ran, table, csv] {
        assert!(!format!("{ran:?}").contains(MAIL), "{ran:?}");
    }
}

#[tokio::test]
async fn a_name_that_is_nobodys_or_several_peoples_is_refused() {
    let rig = Rig::quiet(2, 2).await;
    let ids = rig.sag_ids();
    rig.create(&ids[0], "bob", 1);
    rig.create(&ids[1], "bob", 2);
    rig.create(&ids[1], "bobby", 3);
    for command in [&["show", "bob"][..], &["kick", "bob", "--yes"], &SET_BOB] {
        let ran = rig.users(command).await;
        ran.ended(1, "user bob exists in several instances");
        assert!(
            ids.iter().all(|id| ran.err.contains(id.as_str())),
            "{ran:?}"
        );
        assert!(ran.err.contains("expected --sag.instance=ID"), "{ran:?}");
    }
    for command in [
        &["show", "bo"][..],
        &["kick", "bo", "--yes"],
        &["set", "bo", "--bandwidth=5"],
    ] {
        let ran = rig.users(command).await;
        ran.ended(1, "error: user bo does not exist: looked in 2 instances\n");
    }
    for command in [
        &["show", ""][..],
        &["kick", "", "--yes"],
        &["set", "", "--bandwidth=5"],
    ] {
        let ran = rig.users(command).await;
        ran.ended(2, "\"\" is not a valid user name");
    }
    assert_eq!(rig.writes(), 0);
    let picked = format!("--sag.instance={}", ids[1]);
    let ran = rig.users(&["show", "bob", &picked, "-o", "csv"]).await;
    assert!(
        ran.code == Some(0) && ran.out.contains(&format!("{},bob,", ids[1])),
        "{ran:?}"
    );
    let ran = rig.users(&[&SET_BOB[..], &[&picked]].concat()).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!((rig.kbps(&ids[0], "bob"), rig.kbps(&ids[1], "bob")), (1, 9));
}

#[tokio::test]
async fn traffic_is_a_bonus_and_sessions_are_not() {
    let rig = Rig::quiet(1, 0).await;
    rig.create(&rig.sag_id(), "bob", 1);
    let denied = |action| Rule::new(Effect::Denied("Forbidden.RAM".to_owned())).on(action);
    rig.cloud
        .set_faults(vec![denied(Action::DescribeUserFlowStatistics)]);
    let ran = rig.users(&["show", "bob"]).await;
    ran.ended(
        0,
        "the traffic cannot be read: DescribeUserFlowStatistics: not permitted",
    );
    assert!(ran.out.contains("traffic       - this month"), "{ran:?}");
    rig.cloud
        .set_faults(vec![denied(Action::DescribeUserOnlineClients)]);
    let ran = rig.users(&["show", "bob", "-o", "json"]).await;
    ran.ended(1, "the sessions cannot be read");
    let shown: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(shown["sessions"].is_null() && shown["online_clients"].is_null());
}

const SET_BOB: [&str; 4] = ["set", "bob", "--bandwidth=9", "--yes"];
