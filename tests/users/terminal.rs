//! At a pseudo-terminal: questions, colours, bars.

use std::process::Command;
use std::time::Duration;

use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};
use sag_exporter::model::Action;
use sag_exporter::sim::{Effect, Rule};
use tokio::task::spawn_blocking;

use crate::rig::{PATIENCE, PROGRAM, Rig};

const MODIFY: Action = Action::ModifySmartAccessGatewayClientUser;

/// Starts `users` at a terminal of its own, and talks to it.
async fn at_terminal<T: Send + 'static>(
    rig: &Rig,
    arguments: &[&str],
    variables: &[(&str, &str)],
    talk: impl FnOnce(PtySession) -> T + Send + 'static,
) -> T {
    let mut command = Command::new(PROGRAM);
    command.arg("users").args(arguments).arg(rig.config_flag());
    command.env_clear().env("TERM", "xterm-256color");
    command.envs(variables.iter().copied());
    let talk = move || {
        let patience = u64::try_from(PATIENCE.as_millis()).unwrap();
        talk(spawn_command(command, Some(patience)).unwrap())
    };
    spawn_blocking(talk).await.unwrap()
}

/// Reads to the end; gives the exit code too.
fn finish(mut session: PtySession) -> (String, i32) {
    let text = session.exp_eof().unwrap();
    match session.process().wait().unwrap() {
        WaitStatus::Exited(_, code) => (text, code),
        other => panic!("{other:?} after {text}"),
    }
}

async fn world() -> (Rig, String) {
    let rig = Rig::quiet(1, 3).await;
    let sag_id = rig.sag_id();
    rig.create(&sag_id, "bob", 1000);
    (rig, sag_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_shown_then_asked_for_then_made() {
    let (rig, sag_id) = world().await;
    let arguments = ["set", "bob", "--bandwidth=3000"];
    let check = async |answer: &'static str, code: i32, said: &'static str| {
        let (text, found) = at_terminal(&rig, &arguments, &[], move |mut session| {
            let before = session.exp_string("Change 1 account? [y/N] ").unwrap();
            // Bytes arrive one by one, so an arrow is not an arrow here.
            let shown = before.contains("bob: 1000 ") && before.contains(" 3000 Kbit/s");
            assert!(shown, "{before}");
            session.send_line(answer).unwrap();
            finish(session)
        })
        .await;
        assert_eq!(found, code, "{answer:?}: {text}");
        assert!(text.contains(said), "{answer:?}: {text}");
    };
    for answer in ["n", "", "no", "yess", "yes please", "j"] {
        check(answer, 1, "error: declined; nothing was changed").await;
    }
    assert_eq!((rig.calls(MODIFY), rig.kbps(&sag_id, "bob")), (0, 1000));
    check("y", 0, "1 changed, 0 failed, 0 unknown, 0 left.").await;
    assert_eq!((rig.calls(MODIFY), rig.kbps(&sag_id, "bob")), (1, 3000));
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_and_the_end_of_input_at_the_question_are_no() {
    let (rig, _) = world().await;
    for control in ['c', 'd'] {
        let arguments = ["set", "bob", "--bandwidth=3000"];
        let (text, code) = at_terminal(&rig, &arguments, &[], move |mut session| {
            session.exp_string("Change 1 account? [y/N] ").unwrap();
            session.send_control(control).unwrap();
            finish(session)
        })
        .await;
        assert_eq!(code, 1, "{text}");
        assert!(text.contains("declined; nothing was changed"), "{text}");
    }
    assert_eq!(rig.writes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kick_is_asked_for_too() {
    let (rig, sag_id) = world().await;
    let address = Some("10.9.8.1".parse().unwrap());
    rig.cloud.login(&sag_id, "bob", address).unwrap();
    for (answer, code, left) in [("n", 1, 1), ("yes", 0, 0)] {
        let (text, found) = at_terminal(&rig, &["kick", "bob"], &[], move |mut session| {
            let before = session.exp_string("Cut 1 session? [y/N] ").unwrap();
            assert!(before.contains("10.9.8.1"), "{before}");
            session.send_line(answer).unwrap();
            finish(session)
        })
        .await;
        assert_eq!(found, code, "{text}");
        assert_eq!(rig.truth(&sag_id, "bob").sessions.len(), left, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_are_for_terminals_that_want_them() {
    let (rig, sag_id) = world().await;
    rig.cloud.set_enabled(&sag_id, "bob", false).unwrap();
    let heading = "\x1b[1mSAG_ID\x1b[0m";
    for (variables, coloured) in [
        (&[][..], true),
        (&[("NO_COLOR", "")][..], true),
        (&[("NO_COLOR", "1")][..], false),
        (&[("TERM", "dumb")][..], false),
    ] {
        let (text, code) = at_terminal(&rig, &["list", "-o", "table"], variables, finish).await;
        assert_eq!(code, 0, "{text}");
        assert_eq!(text.contains(heading), coloured, "{variables:?}: {text:?}");
        assert_eq!(text.contains("\x1b[31mno\x1b[0m"), coloured, "{text:?}");
    }
    for format in ["json", "csv"] {
        let (text, _) = at_terminal(&rig, &["list", "-o", format], &[], finish).await;
        assert!(
            !text.contains("\x1b[1m") && !text.contains("\x1b[31m"),
            "{text:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bar_shows_how_far_reading_and_changing_are() {
    let rig = Rig::quiet(1, 200).await;
    let slow = |action| Rule::new(Effect::Latency(Duration::from_millis(300))).on(action);
    rig.cloud.set_faults(vec![
        slow(Action::DescribeSmartAccessGatewayClientUsers),
        slow(Action::DescribeUserOnlineClientStatistics),
    ]);
    let (text, code) = at_terminal(&rig, &["list"], &[], |mut session| {
        session.exp_string("reading users").unwrap();
        session.exp_string("/200 users").unwrap();
        session.exp_string("counting clients").unwrap();
        finish(session)
    })
    .await;
    assert_eq!(code, 0, "{text}");
    rig.cloud.set_faults(vec![slow(MODIFY)]);
    let name = rig.cloud.truth(rig.cloud.now()).instances[0].users[0]
        .name
        .clone();
    let glob = format!("{}*", name.chars().next().unwrap());
    let arguments = ["set", &glob, "--bandwidth=19", "--yes"];
    let (text, code) = at_terminal(&rig, &arguments, &[], |mut session| {
        session.exp_string("Plan: ").unwrap();
        session.exp_string("changing").unwrap();
        session.exp_string("Kbit/s").unwrap();
        finish(session)
    })
    .await;
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains(" changed, 0 failed, 0 unknown, 0 left."),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_in_the_middle_says_what_is_left() {
    let rig = Rig::quiet(1, 20).await;
    let latency = Effect::Latency(Duration::from_millis(300));
    rig.cloud.set_faults(vec![Rule::new(latency).on(MODIFY)]);
    let arguments = ["set", "*", "--bandwidth=17", "--yes"];
    let (text, code) = at_terminal(&rig, &arguments, &[], |mut session| {
        session.exp_string("17 Kbit/s\r\n").unwrap();
        session.exp_string("\u{1b}[32mchanged").unwrap();
        session.send_control('c').unwrap();
        finish(session)
    })
    .await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("error: interrupted: "), "{text}");
    assert!(text.contains(" left; the same command again"), "{text}");
    let users = rig.cloud.truth(rig.cloud.now());
    let users = users.instances[0].users.iter();
    let changed = users.filter(|user| user.bandwidth_kbps == 17).count();
    let summary = format!(
        "{changed} changed, 0 failed, 0 unknown, {} left.",
        20 - changed
    );
    assert!(text.contains(&summary), "{summary}: {text}");
}
