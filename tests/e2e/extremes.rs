//! Nothing at all, and a great deal.

use std::collections::BTreeSet;

use crate::daemon::{Config, Daemon};
use crate::exposition::Page;
use crate::simulator::{Simulator, quiet};

#[tokio::test]
async fn an_instance_without_users_is_up_and_counts_zero() {
    let simulator = Simulator::start(quiet(1, 0)).await;
    let daemon = Daemon::start(&Config::of(simulator.address)).await;
    let is_true = |page: &Page| page.differs_from(&simulator.truth());
    let page = daemon
        .page_when("the empty instance is shown", is_true)
        .await;
    for family in [
        "sag_online_users",
        "sag_online_clients",
        "sag_stale_users",
        "sag_collection_expected_users",
    ] {
        assert_eq!(page.sum(family, &[]), 0.0, "{family}");
        assert_eq!(
            page.count(family, &[]),
            1,
            "a known zero is shown: {family}"
        );
    }
    assert_eq!(daemon.get("/-/ready").await.status, 200);
}

#[tokio::test]
async fn a_cloud_without_instances_is_ready_and_says_so() {
    let simulator = Simulator::start(quiet(0, 0)).await;
    let daemon = Daemon::start(&Config::of(simulator.address)).await;
    let swept =
        |page: &Page| match page.sum("sag_exporter_sweeps_total", &[("outcome", "complete")]) {
            0.0 => Err("no sweep has ended yet"),
            _ => Ok(()),
        };
    let page = daemon.page_when("a sweep has ended", swept).await;
    assert_eq!(page.count("sag_up", &[]), 0);
    crate::wait::until("it is ready", async || {
        let ready = daemon.get("/-/ready").await;
        if ready.status == 200 {
            Ok(())
        } else {
            Err(ready)
        }
    })
    .await;
    let status = daemon.get("/").await.text();
    assert!(status.contains("Instances (0)"), "{status}");
    // Whoever creates the first instance sees it without a restart.
    simulator.cloud.add_instance().unwrap();
    daemon
        .page_when("the first instance is shown", |page| {
            page.differs_from(&simulator.truth())
        })
        .await;
}

#[tokio::test]
async fn an_instance_of_the_greatest_size_is_shown_whole() {
    let simulator = Simulator::start(quiet(1, 2000)).await;
    let sag_id = simulator.sag_ids().remove(0);
    for place in (0..2000).step_by(7) {
        let user = simulator.user(&sag_id, place);
        simulator.cloud.login(&sag_id, &user, None).unwrap();
    }
    let daemon = Daemon::start(&Config::of(simulator.address).interval("60s")).await;
    let is_true = |page: &Page| page.differs_from(&simulator.truth());
    let page = daemon.page_when("2,000 users are shown", is_true).await;
    assert_eq!(page.count("sag_user_online_clients", &[]), 2000);
    assert_eq!(page.sum("sag_user_online_clients", &[]), 286.0);
}

#[tokio::test]
async fn more_instances_than_a_page_in_several_regions_are_all_found() {
    let simulator = Simulator::start(quiet(70, 1)).await;
    let regions: BTreeSet<String> = simulator
        .cloud
        .instances()
        .into_iter()
        .map(|(_, region)| region)
        .collect();
    assert_eq!(regions.len(), 2);
    let regions = Vec::from_iter(regions).join(", ");
    let key = "{access_key_id: testid, access_key_secret: testsecret}";
    let config = Config::default().account_of("main", simulator.address, key, &regions);
    let daemon = Daemon::start(&config).await;
    let is_true = |page: &Page| page.differs_from(&simulator.truth());
    let page = daemon.page_when("all instances are shown", is_true).await;
    assert_eq!(page.sum("sag_up", &[]), 70.0);
}
