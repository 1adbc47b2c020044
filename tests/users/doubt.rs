//! Writes that go wrong: refused, throttled, answered by silence.

use std::time::Duration;

use sag_exporter::model::Action;
use sag_exporter::sim::{Effect, Rule};

use crate::rig::{Rig, command, within};

const MODIFY: Action = Action::ModifySmartAccessGatewayClientUser;

#[tokio::test]
async fn a_lost_reply_is_read_back_and_the_write_is_never_repeated() {
    let rig = Rig::quiet(1, 0).await;
    let sag_id = rig.sag_id();
    rig.create(&sag_id, "bob", 1000);
    rig.cloud
        .add_fault(Rule::new(Effect::DropReply).on(MODIFY).times(1));
    let ran = rig
        .users(&["set", "bob", "--bandwidth=2000", "--yes"])
        .await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("the outcome was unknown (ModifySmart"),
        "{ran:?}"
    );
    assert!(ran.out.contains("read back: it is in force"), "{ran:?}");
    assert_eq!((rig.calls(MODIFY), rig.kbps(&sag_id, "bob")), (1, 2000));
}

#[tokio::test]
async fn a_write_that_never_arrived_is_unknown_and_not_sent_again() {
    let rig = Rig::quiet(1, 0).await;
    let sag_id = rig.sag_id();
    rig.create(&sag_id, "bob", 1000);
    for (effect, kbps) in [
        (Effect::Drop, 2000),
        (Effect::BadGateway, 3000),
        (
            Effect::Error {
                status: 500,
                code: "InternalError".to_owned(),
            },
            4000,
        ),
    ] {
        let before = rig.calls(MODIFY);
        rig.cloud
            .set_faults(vec![Rule::new(effect).on(MODIFY).times(1)]);
        let bandwidth = format!("--bandwidth={kbps}");
        let arguments = ["set", "bob", &bandwidth, "--yes", "-o", "json"];
        let ran = rig.users(&arguments).await;
        ran.ended(1, "error: not everything is as wanted: 1 unknown\n");
        let row = &ran.rows()[0];
        assert_eq!(row["result"], "unknown", "{ran:?}");
        let detail = row["detail"].as_str().unwrap();
        assert!(detail.contains("Kbit/s; not sent again"), "{detail}");
        assert_eq!(rig.calls(MODIFY), before + 1);
        // The next time it is read first, and then changed.
        assert_eq!(rig.users(&arguments).await.code, Some(0));
        assert_eq!(rig.kbps(&sag_id, "bob"), kbps);
    }
}

#[tokio::test]
async fn a_write_of_which_nothing_can_be_read_is_unknown() {
    let rig = Rig::quiet(1, 0).await;
    rig.create(&rig.sag_id(), "bob", 1000);
    let denied = Effect::Denied("Forbidden.RAM".to_owned());
    rig.cloud.set_faults(vec![
        Rule::new(Effect::DropReply).on(MODIFY),
        Rule::new(denied)
            .on(Action::DescribeSmartAccessGatewayClientUsers)
            .after(1),
    ]);
    let ran = rig
        .users(&["set", "bob", "--bandwidth=2000", "--yes"])
        .await;
    ran.ended(1, "1 unknown");
    assert!(ran.out.contains("cannot be read back"), "{ran:?}");
    assert_eq!(rig.calls(MODIFY), 1);
}

#[tokio::test]
async fn a_write_that_is_refused_is_failed_and_one_too_many_comes_again() {
    let rig = Rig::quiet(1, 0).await;
    let sag_id = rig.sag_id();
    rig.create(&sag_id, "bob", 1000);
    let denied = Effect::Denied("Forbidden.RAM".to_owned());
    rig.cloud.set_faults(vec![Rule::new(denied).on(MODIFY)]);
    let ran = rig
        .users(&["set", "bob", "--bandwidth=2000", "--yes"])
        .await;
    ran.ended(1, "1 failed");
    assert!(
        ran.out.contains("failed") && ran.out.contains("Forbidden.RAM"),
        "{ran:?}"
    );
    assert_eq!((rig.calls(MODIFY), rig.kbps(&sag_id, "bob")), (1, 1000));

    let throttled = Effect::Throttle(Default::default(), Duration::from_millis(50));
    rig.cloud
        .set_faults(vec![Rule::new(throttled).on(MODIFY).times(2)]);
    let ran = rig
        .users(&["set", "bob", "--bandwidth=2000", "--yes"])
        .await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!((rig.calls(MODIFY), rig.kbps(&sag_id, "bob")), (4, 2000));
}

#[tokio::test]
async fn a_cloud_that_refuses_everything_is_left_after_a_few_changes() {
    let rig = Rig::quiet(1, 30).await;
    let denied = Effect::Denied("Forbidden.RAM".to_owned());
    rig.cloud.set_faults(vec![Rule::new(denied).on(MODIFY)]);
    let ran = rig.users(&["set", "*", "--bandwidth=17", "--yes"]).await;
    ran.ended(
        1,
        "given up after several failures in a row: 5 failed, 25 left",
    );
    assert_eq!(rig.calls(MODIFY), 5);
}

#[tokio::test]
async fn an_interrupt_ends_after_the_write_in_flight_and_the_next_run_does_the_rest() {
    let rig = Rig::quiet(1, 20).await;
    let sag_id = rig.sag_id();
    let latency = Effect::Latency(Duration::from_millis(300));
    rig.cloud.set_faults(vec![Rule::new(latency).on(MODIFY)]);
    let config = rig.config_flag();
    let arguments = [
        "users",
        "set",
        "*",
        "--bandwidth=17",
        "--yes",
        &config,
        "-o",
        "json",
    ];
    let child = command(&arguments)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id().unwrap().to_string();
    within(async {
        while rig.calls(MODIFY) < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let sent = std::process::Command::new("kill")
        .args(["-s", "INT", &id])
        .status();
    assert!(sent.unwrap().success());
    let output = within(child.wait_with_output()).await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: interrupted: "), "{said}");
    assert!(
        said.contains("left; the same command again does what is left"),
        "{said}"
    );
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let changed: Vec<&str> = (rows.iter().filter(|row| row["result"] == "changed"))
        .map(|row| row["user"].as_str().unwrap())
        .collect();
    assert!((3..20).contains(&changed.len()), "{rows:?}");
    // What it says is what happened, and nothing else did.
    for user in &rig.cloud.truth(rig.cloud.now()).instances[0].users {
        let is_set = user.bandwidth_kbps == 17;
        assert_eq!(is_set, changed.contains(&user.name.as_str()), "{user:?}");
    }
    rig.cloud.set_faults(Vec::new());
    let done = u64::try_from(changed.len()).unwrap();
    assert_eq!(rig.calls(MODIFY), done);
    let ran = rig.users(&["set", "*", "--bandwidth=17", "--yes"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let plan = format!(
        "Plan: {} to change, {done} unchanged, 0 refused.",
        20 - done
    );
    assert!(ran.out.contains(&plan), "{plan}: {ran:?}");
    assert_eq!(rig.calls(MODIFY), 20);
    let users = rig.cloud.truth(rig.cloud.now());
    let users = &users.instance(&sag_id).unwrap().users;
    assert!(users.iter().all(|user| user.bandwidth_kbps == 17));
}
