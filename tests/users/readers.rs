//! Who only reads: the daemon, and every command but `set` and `kick`.

use std::process::Stdio;
use std::time::Duration;

use sag_exporter::model::Action;
use sag_exporter::sim::{Options, Scenario};

use crate::rig::{Rig, command, run, within};

/// Drift, disabled users who are online, too many sessions: all that a person
/// would do something about.
async fn troubled_world() -> Rig {
    let rig = Rig::start(Options {
        instances: 2,
        users: 20,
        scenario: Scenario::Mixed,
        ..Options::default()
    })
    .await;
    rig.configure(
        "sweep: {interval: 1s, accounts_interval: 1s, traffic_interval: 1s}\n\
         policy:\n- {match: \"*\", sessions: 1, bandwidth: 1, session_length: 1m, dormant: 1m}\n",
    );
    rig
}

#[tokio::test]
async fn the_daemon_never_changes_anything() {
    let rig = troubled_world().await;
    let ids = rig.sag_ids();
    let config = rig.config_flag();
    let mut daemon = command(&["serve", &config, "--web.listen-address=127.0.0.1:0"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lists = Action::DescribeSmartAccessGatewayClientUsers;
    let before = rig.cloud.truth(rig.cloud.now());
    // Ten sweeps of both instances, while people come and go.
    let sweeps = async {
        while rig.calls(lists) < 20 {
            for id in &ids {
                let user = &before.instance(id).unwrap().users[0].name;
                rig.cloud.login(id, user, None).unwrap();
                rig.cloud.set_enabled(id, user, false).unwrap();
                rig.cloud.set_bandwidth(id, user, 4_000).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    within(sweeps).await;
    daemon.start_kill().unwrap();
    within(daemon.wait()).await.unwrap();
    for action in Action::ALL {
        let reads = action.as_str().starts_with("Describe");
        assert_eq!(reads, !action.is_write(), "{action:?}");
        assert!(reads || rig.calls(action) == 0, "{action:?} was called");
    }
    for id in &ids {
        let user = &before.instance(id).unwrap().users[0].name;
        assert_eq!(rig.kbps(id, user), 4_000);
        assert!(!rig.truth(id, user).sessions.is_empty());
    }
}

#[tokio::test]
async fn no_other_command_changes_anything() {
    let rig = troubled_world().await;
    let config = rig.config_flag();
    for arguments in [
        &["once"][..],
        &["check", "--live"],
        &["plan", "--live"],
        &["users", "list"],
        &["users", "show", "nobody"],
        &["users", "set", "*", "--bandwidth=5", "--dry-run"],
        &["users", "set", "--from-policy"],
    ] {
        let ran = run(&[arguments, &[&config]].concat()).await;
        assert!(
            ran.code.is_some_and(|code| code < 2),
            "{arguments:?}: {ran:?}"
        );
    }
    assert_eq!(rig.writes(), 0);
}
