//! What a restart remembers, and what it does not pretend.

use std::os::unix::fs::PermissionsExt as _;

use sag_exporter::model::Action;
use sag_exporter::sim::{Effect, NewUser, Rule};

use crate::exposition::Page;
use crate::house::{Daemon, House};

const LAST_ONLINE: &str = "sag_user_last_online_timestamp_seconds";
const ONLINE: &str = "sag_user_online_clients";
const STARTED: &str = "sag_sessions_started_total";
const ENDED: &str = "sag_sessions_ended_total";
const RESTORED: &str = "sag_exporter_state_restored";
const WRITTEN: &str = "sag_exporter_state_last_write_successful";

/// The users of every test here: one with two sessions, which is an anomaly, one
/// who was online and is not any more, and one who never was.
struct People {
    busy: String,
    gone: &'static str,
    never: String,
}

async fn people(house: &House) -> (Daemon, People) {
    let people = People {
        busy: house.simulator.user(&house.sag_id, 0),
        gone: "carol.marked@example.com",
        never: house.simulator.user(&house.sag_id, 1),
    };
    let cloud = &house.simulator.cloud;
    let sag_id = &house.sag_id;
    cloud
        .create_user(sag_id, people.gone, NewUser::default())
        .unwrap();
    for (user, address) in [
        (people.busy.as_str(), "10.9.8.7"),
        (people.busy.as_str(), "10.9.8.6"),
        (people.gone, "10.9.8.5"),
    ] {
        cloud
            .login(sag_id, user, Some(address.parse().unwrap()))
            .unwrap();
    }
    let daemon = house.start().await;
    daemon
        .page_when("everybody is seen online", |page| {
            house.of_user(page, ONLINE, people.gone) == Some(1.0)
                && is_anomalous(house, page, &people.busy)
        })
        .await;
    cloud.logout(sag_id, people.gone).unwrap();
    daemon
        .page_when("one is seen to leave", |page| {
            house.of_user(page, ONLINE, people.gone) == Some(0.0)
        })
        .await;
    (daemon, people)
}

fn is_anomalous(house: &House, page: &Page, user: &str) -> bool {
    let labels = [
        ("sag_id", house.sag_id.as_str()),
        ("rule", "concurrent_sessions"),
        ("user", user),
    ];
    page.value("sag_user_anomaly", &labels) == Some(1.0)
}

fn counted(house: &House, page: &Page) -> (Option<f64>, Option<f64>) {
    (house.value(page, STARTED), house.value(page, ENDED))
}

/// The findings of the only instance, as they stand in the file: since when, and
/// why.
fn findings(house: &House) -> serde_json::Value {
    let state = house.state();
    let line = state.lines().nth(1).expect("an instance");
    let instance: serde_json::Value = serde_json::from_str(line).unwrap();
    instance["findings"].clone()
}

#[tokio::test]
async fn an_orderly_restart_forgets_nothing_and_counts_nobody_as_new() {
    let house = House::of(4).await;
    let (daemon, people) = people(&house).await;
    let before = daemon.page().await;
    assert_eq!(before.value(RESTORED, &[]), Some(0.0));
    assert_eq!(before.value(WRITTEN, &[]), Some(1.0));
    daemon.stop().await;
    let found = findings(&house);
    assert_eq!(found[0][0], "concurrent_sessions", "{found}");

    // In the pause one more logs in.
    let cloud = &house.simulator.cloud;
    cloud.login(&house.sag_id, &people.never, None).unwrap();
    let daemon = house.start().await;
    let first = daemon
        .page_when("the first sweep", |page| {
            house.value(page, "sag_up") == Some(1.0)
        })
        .await;
    assert_eq!(first.value(RESTORED, &[]), Some(1.0));
    assert_eq!(
        house.of_user(&first, LAST_ONLINE, people.gone),
        house.of_user(&before, LAST_ONLINE, people.gone),
    );
    assert_eq!(house.of_user(&first, ONLINE, people.gone), Some(0.0));
    // It takes two sweeps to be found, so at the first one it is remembered.
    assert!(is_anomalous(&house, &first, &people.busy), "{}", first.text);
    assert_eq!(counted(&house, &first), (Some(1.0), Some(0.0)));

    cloud.logout(&house.sag_id, &people.busy).unwrap();
    let page = daemon
        .page_when("the end of what began before", |page| {
            house.value(page, ENDED) == Some(2.0)
        })
        .await;
    assert_eq!(house.value(&page, STARTED), Some(1.0));
    cloud.login(&house.sag_id, &people.busy, None).unwrap();
    daemon.stop().await;
    assert_eq!(findings(&house), found, "since when and why");
}

#[tokio::test]
async fn the_file_names_nobody_and_no_address() {
    let house = House::of(4).await;
    let (daemon, people) = people(&house).await;
    daemon.stop().await;
    let state = house.state();
    assert!(state.contains(&house.sag_id), "{state}");
    let truth = house.simulator.truth();
    let users = &truth.instance(&house.sag_id).unwrap().users;
    assert_eq!(users.len(), 5);
    let names = users.iter().flat_map(|user| [&user.name, &user.mail]);
    for secret in names.map(String::as_str).chain(["@", "marked", "10.9.8"]) {
        assert!(!state.contains(secret), "{secret} in\n{state}");
    }
    assert!(users.iter().any(|user| user.name == people.gone));
    let file = std::fs::metadata(house.path("state")).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_crash_counts_nothing_twice_and_forgets_little() {
    let house = House::of(4).await;
    let (daemon, people) = people(&house).await;
    let before = daemon.page().await;
    // One write at least follows what is published now.
    let written = "sag_exporter_state_last_write_success_timestamp_seconds";
    let now = before.value(written, &[]).unwrap();
    daemon
        .page_when("two more writes", |page| {
            page.value(written, &[]).unwrap() >= now + 3.0
        })
        .await;
    daemon.kill().await;
    let cloud = &house.simulator.cloud;
    cloud.login(&house.sag_id, &people.never, None).unwrap();
    cloud.logout(&house.sag_id, &people.busy).unwrap();
    let daemon = house.start().await;
    let page = daemon
        .page_when("the first sweep", |page| {
            house.of_user(page, ONLINE, &people.never) == Some(1.0)
        })
        .await;
    assert_eq!(counted(&house, &page), (Some(0.0), Some(0.0)));
    for user in [people.gone, &people.busy] {
        let before = house.of_user(&before, LAST_ONLINE, user).unwrap();
        let after = house.of_user(&page, LAST_ONLINE, user).unwrap();
        assert!(after >= before, "{user}: {after} {before}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn a_state_is_taken_in_once() {
    let house = House::of(4).await;
    let (daemon, people) = people(&house).await;
    daemon.stop().await;
    let cloud = &house.simulator.cloud;
    cloud.login(&house.sag_id, &people.never, None).unwrap();
    // Whoever is killed right after the first sweep has counted already.
    for started in [1.0, 0.0] {
        let daemon = house.start().await;
        let page = daemon
            .page_when("the first sweep", |page| {
                house.of_user(page, ONLINE, &people.never) == Some(1.0)
            })
            .await;
        assert_eq!(counted(&house, &page), (Some(started), Some(0.0)));
        daemon.kill().await;
    }
}

#[tokio::test]
async fn what_is_remembered_is_not_shown_as_observed() {
    let house = House::of(4).await;
    let (daemon, people) = people(&house).await;
    let before = daemon.page().await;
    daemon.stop().await;
    let cloud = &house.simulator.cloud;
    let denied = || Effect::Denied("Forbidden.RAM".to_owned());
    cloud.set_faults(vec![Rule::new(denied())]);
    let daemon = house.start().await;
    let page = daemon.page_after(2.0).await;
    assert_eq!(page.value(RESTORED, &[]), Some(1.0));
    assert_eq!(page.count(LAST_ONLINE, &[]), 0, "nobody is named yet");
    daemon.stop().await;
    // The list is there, the sessions are not.
    cloud.set_faults(vec![
        Rule::new(denied()).on(Action::DescribeUserOnlineClients),
        Rule::new(denied()).on(Action::DescribeUserOnlineClientStatistics),
    ]);
    let daemon = house.start().await;
    let page = daemon
        .page_when("the list", |page| {
            house.of_user(page, LAST_ONLINE, people.gone).is_some()
        })
        .await;
    assert_eq!(page.count(ONLINE, &[]), 0, "{}", page.text);
    assert_eq!(house.value(&page, "sag_online_users"), None);
    assert!(!is_anomalous(&house, &page, &people.busy));
    assert_eq!(house.of_user(&page, LAST_ONLINE, &people.never), None);
    daemon.stop().await;
    // What waited through two processes is still there.
    cloud.set_faults(Vec::new());
    let daemon = house.start().await;
    let page = daemon
        .page_when("the sessions", |page| {
            house.of_user(page, ONLINE, &people.busy) == Some(2.0)
        })
        .await;
    assert!(is_anomalous(&house, &page, &people.busy));
    assert_eq!(counted(&house, &page), (Some(0.0), Some(0.0)));
    assert_eq!(
        house.of_user(&page, LAST_ONLINE, people.gone),
        house.of_user(&before, LAST_ONLINE, people.gone),
    );
    daemon.stop().await;
}

#[tokio::test]
async fn without_the_key_nothing_is_written() {
    let house = House::of(2).await;
    house.configure("");
    let daemon = house.start().await;
    let page = daemon.page_after(1.0).await;
    assert_eq!(page.value(RESTORED, &[]), None);
    assert_eq!(page.value(WRITTEN, &[]), None);
    daemon.stop().await;
    let files = std::fs::read_dir(house.path("")).unwrap().count();
    assert_eq!(files, 1, "the configuration");
}

#[tokio::test]
async fn pseudonyms_go_into_the_keys() {
    let house = House::of(4).await;
    let state = "state: {file: state}";
    let labels = "labels: {user: pseudonym, pseudonym_key_file: key}";
    std::fs::write(house.path("key"), "0123456789abcdef0123456789abcdef").unwrap();
    let users = |state: &str| {
        let line = state.lines().nth(1).expect("an instance");
        let instance: serde_json::Value = serde_json::from_str(line).unwrap();
        instance["users"].clone()
    };
    let user = house.simulator.user(&house.sag_id, 0);
    house
        .simulator
        .cloud
        .login(&house.sag_id, &user, None)
        .unwrap();
    let mut seen = Vec::new();
    // From names to pseudonyms it can be read; under another key it cannot.
    for (config, key, restored) in [
        (state.to_owned(), None, 0.0),
        (format!("{state}\n{labels}"), None, 1.0),
        (format!("{state}\n{labels}"), None, 1.0),
        (
            format!("{state}\n{labels}"),
            Some("another key, as long as it should be"),
            0.0,
        ),
    ] {
        house.configure(&config);
        if let Some(key) = key {
            std::fs::write(house.path("key"), key).unwrap();
        }
        let daemon = house.start().await;
        let page = daemon.page_after(1.0).await;
        assert_eq!(page.value(RESTORED, &[]), Some(restored), "{config}");
        let log = daemon.stop().await;
        let complains = log.contains("was written under another key of the pseudonyms");
        assert_eq!(complains, key.is_some(), "{log}");
        seen.push(users(&house.state()));
    }
    assert_ne!(seen[0][0][0], seen[1][0][0], "other keys from now on");
    assert_eq!(seen[1][0][0], seen[2][0][0]);
    assert!(house.path("state.damaged").exists());
}
