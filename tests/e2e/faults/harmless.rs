//! Oddities that a client has to bear: nothing of them shows.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use sag_exporter::sim::{Effect, ListShape, NumberShape, Options, Rule};

use super::{AT_ONCE, failed_requests};
use crate::daemon::{Config, Daemon};
use crate::exposition::Page;
use crate::simulator::{Simulator, quiet};

#[tokio::test]
async fn an_oddity_that_loses_nothing_changes_nothing() {
    let short = Duration::from_millis(200);
    let effects = [
        Effect::Latency(short),
        Effect::Drip(short),
        Effect::Truncate(usize::MAX),
        Effect::ClockSkew(600),
        Effect::Numbers(NumberShape::Documented),
        Effect::Numbers(NumberShape::Numbers),
        Effect::Numbers(NumberShape::Strings),
        Effect::Numbers(NumberShape::Bools),
        Effect::List(ListShape::Documented),
        Effect::List(ListShape::Single),
        Effect::List(ListShape::ArrayOfLists),
        Effect::List(ListShape::ArrayOfWrapped),
        Effect::List(ListShape::Bare),
        Effect::List(ListShape::EmptyObject),
        Effect::List(ListShape::Null),
        Effect::List(ListShape::Absent),
        Effect::HidePageSize,
        Effect::TotalAsText,
    ];
    stream::iter(effects)
        .for_each_concurrent(AT_ONCE, check)
        .await;
}

/// One instance has several pages of users, of whom some are online with one or
/// two clients; the other one has no user at all.
async fn check(effect: Effect) {
    let what = format!("{effect:?}: the page is as the world is");
    let simulator = Simulator::start(quiet(2, 5)).await;
    let [full, empty] = simulator.sag_ids().try_into().unwrap();
    for place in [0, 2, 2] {
        simulator
            .cloud
            .login(&full, &simulator.user(&full, place), None)
            .unwrap();
    }
    for user in &simulator.truth().instance(&empty).unwrap().users {
        simulator.cloud.delete_user(&empty, &user.name).unwrap();
    }
    simulator.cloud.add_fault(Rule::new(effect));
    let config = Config::of(simulator.address).sweep_key("page_size: 2");
    let daemon = Daemon::start(&config).await;
    let is_true = |page: &Page| page.differs_from(&simulator.truth());
    let page = daemon.page_when(&what, is_true).await;
    assert_eq!(failed_requests(&page), 0.0, "{what}");
    assert_eq!(
        page.value("sag_online_clients", &[("sag_id", &full)]),
        Some(3.0),
        "{what}"
    );
    assert_eq!(
        page.value("sag_online_clients", &[("sag_id", &empty)]),
        Some(0.0),
        "{what}"
    );
    let log = daemon.stop().await;
    assert!(
        !log.contains("level=warn") && !log.contains("level=error"),
        "{what}: {log}"
    );
}

#[tokio::test]
async fn a_cloud_ten_minutes_behind_is_believed() {
    let world = Options {
        users: 20,
        ..Options::default()
    };
    let simulator = Simulator::start(world).await;
    simulator
        .cloud
        .add_fault(Rule::new(Effect::ClockSkew(-600)));
    let daemon = Daemon::start(&Config::of(simulator.address)).await;
    let is_true = |page: &Page| {
        let ten_minutes_ago = simulator.cloud.now() - Duration::from_secs(600);
        page.differs_from(&simulator.cloud.truth(ten_minutes_ago))
    };
    let page = daemon
        .page_when("the page is as the world was", is_true)
        .await;
    assert_eq!(failed_requests(&page), 0.0);
}
