//! What is told across restarts: nothing twice, and nothing left out that an
//! orderly restart could have missed.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::house::House;

const ONLINE: &str = "sag_user_online_clients";

/// How many sessions or anomalies were told, by kind and user.
fn told(house: &House) -> BTreeMap<(String, String), u64> {
    let mut told = BTreeMap::new();
    for line in fs::read_to_string(house.path("events.jsonl"))
        .unwrap()
        .lines()
    {
        let event: Value = serde_json::from_str(line).unwrap();
        let word = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        let count = event["count"].as_u64().unwrap_or(1);
        *told.entry((word("kind"), word("user"))).or_default() += count;
    }
    told
}

#[tokio::test]
async fn restarts_tell_nothing_twice() {
    let house = House::of(4).await;
    house.configure(
        "state: {file: state, interval: 1s}\npolicy: [{match: \"*\", sessions: 1}]\n\
         events: {file: events.jsonl}",
    );
    let [busy, late, never] = [0, 1, 2].map(|place| house.simulator.user(&house.sag_id, place));
    let login = |user: &str| {
        let cloud = &house.simulator.cloud;
        cloud.login(&house.sag_id, user, None).unwrap();
    };
    let daemon = house.start().await;
    let offline = |page: &crate::exposition::Page| house.of_user(page, ONLINE, &never) == Some(0.0);
    daemon.page_when("the first sweep", offline).await;
    login(&busy);
    login(&busy);
    let is_found = |page: &crate::exposition::Page| page.count("sag_user_anomaly", &[]) == 1;
    daemon.page_when("the anomaly", is_found).await;
    daemon.stop().await;

    login(&late);
    let daemon = house.start().await;
    daemon.page_when("the first sweep", offline).await;
    daemon.page_after(3.0).await;
    // The anomaly stands since long before the last write.
    daemon.kill().await;

    let daemon = house.start().await;
    daemon.page_when("the first sweep", offline).await;
    daemon.page_after(2.0).await;
    house.simulator.cloud.logout(&house.sag_id, &busy).unwrap();
    let is_over = |page: &crate::exposition::Page| {
        house.of_user(page, ONLINE, &busy) == Some(0.0) && page.count("sag_user_anomaly", &[]) == 0
    };
    daemon.page_when("the end of the anomaly", is_over).await;
    daemon.stop().await;

    let expected = [
        ("anomaly_cleared", &busy, 1),
        ("anomaly_raised", &busy, 1),
        ("session_ended", &busy, 2),
        ("session_started", &busy, 2),
        ("session_started", &late, 1),
    ];
    let expected = expected.map(|(kind, user, count)| ((kind.to_owned(), user.clone()), count));
    assert_eq!(told(&house), BTreeMap::from(expected));
}
