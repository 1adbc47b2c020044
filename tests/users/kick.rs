//! `users kick`.

use sag_exporter::model::Action;
use sag_exporter::sim::{Effect, Rule};
use serde_json::json;

use crate::rig::Rig;
use crate::sdk;

const KICK: Action = Action::KickOutClients;

async fn world() -> (Rig, String) {
    let rig = Rig::quiet(2, 3).await;
    let sag_id = rig.sag_ids().remove(1);
    rig.create(&sag_id, "bob", 1000);
    (rig, sag_id)
}

#[tokio::test]
async fn the_sessions_are_shown_and_cut_and_the_sdk_finds_nobody() {
    let (rig, sag_id) = world().await;
    for last in 1..=2 {
        let address = format!("10.9.8.{last}").parse().unwrap();
        rig.cloud.login(&sag_id, "bob", Some(address)).unwrap();
    }
    let dry = rig.users(&["kick", "bob", "--dry-run"]).await;
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(
        dry.out.contains("has 2 sessions:\n") && dry.out.contains("10.9.8.2"),
        "{dry:?}"
    );
    rig.users(&["kick", "bob"])
        .await
        .ended(1, "there is no terminal to ask at");
    assert_eq!(rig.writes(), 0);
    let ran = rig.users(&["kick", "bob", "--yes"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("2 sessions cut:\n"), "{ran:?}");
    let parameters = json!({"RegionId": "cn-shanghai", "SmartAGId": sag_id, "UserName": "bob"});
    let answer = sdk::call(&rig, "DescribeUserOnlineClients", parameters).await;
    assert_eq!(answer["Users"]["User"], json!([]), "{answer}");
    assert_eq!(rig.calls(KICK), 1);

    let again = rig.users(&["kick", "bob"]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(
        again.out.contains("has no session: nothing to cut."),
        "{again:?}"
    );
    assert_eq!(rig.calls(KICK), 1);
}

#[tokio::test]
async fn the_result_is_the_same_for_programs() {
    let (rig, sag_id) = world().await;
    let address = Some("10.9.8.1".parse().unwrap());
    let session = rig.cloud.login(&sag_id, "bob", address).unwrap();
    let rows = rig.rows(&["kick", "bob", "--yes"]).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    for (key, expected) in [
        ("sag_id", json!(sag_id)),
        ("user", json!("bob")),
        ("client_ip", json!("10.9.8.1")),
        ("started", json!(session.started.to_string())),
        ("result", json!("cut")),
    ] {
        assert_eq!(rows[0][key], expected, "{key}");
    }
    rig.cloud.login(&sag_id, "bob", None).unwrap();
    let csv = rig.users(&["kick", "bob", "--dry-run", "-o", "csv"]).await;
    let heading = "sag_id,user,client_ip,started,age_seconds,result\n";
    assert!(
        csv.out.starts_with(heading) && csv.out.ends_with(",planned\n"),
        "{csv:?}"
    );
    assert_eq!(csv.out.lines().count(), 2);
}

#[tokio::test]
async fn a_kick_whose_reply_is_lost_is_read_back_and_not_repeated() {
    let (rig, sag_id) = world().await;
    rig.cloud.login(&sag_id, "bob", None).unwrap();
    rig.cloud
        .set_faults(vec![Rule::new(Effect::Drop).on(KICK).times(1)]);
    let ran = rig.users(&["kick", "bob", "--yes"]).await;
    ran.ended(1, "error: 1 session still there\n");
    assert!(
        ran.out
            .contains("The outcome of the call was unknown (KickOut"),
        "{ran:?}"
    );
    assert_eq!(rig.calls(KICK), 1);

    rig.cloud
        .set_faults(vec![Rule::new(Effect::DropReply).on(KICK).times(1)]);
    let ran = rig.users(&["kick", "bob", "--yes"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("was unknown") && ran.out.contains("1 session cut:"),
        "{ran:?}"
    );
    assert_eq!(rig.calls(KICK), 2);
}

#[tokio::test]
async fn a_kick_that_is_refused_cuts_nothing() {
    let (rig, sag_id) = world().await;
    rig.cloud.login(&sag_id, "bob", None).unwrap();
    let denied = Effect::Denied("Forbidden.RAM".to_owned());
    rig.cloud.set_faults(vec![Rule::new(denied).on(KICK)]);
    let ran = rig.users(&["kick", "bob", "--yes"]).await;
    ran.ended(1, "error: nothing was cut: KickOutClients: not permitted");
    assert_eq!(rig.truth(&sag_id, "bob").sessions.len(), 1);
}
