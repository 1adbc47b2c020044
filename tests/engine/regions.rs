//! Regions that nobody listed.

use std::collections::BTreeSet;

use sag_exporter::model::SweepOutcome;
use sag_exporter::sim::{self, Cloud, Scenario};

use crate::in_process;
use crate::rig::Engine;

#[tokio::test(start_paused = true)]
async fn all_regions_are_found_and_whatever_appears_in_them() {
    let cloud = in_process::cloud(sim::Options {
        instances: 3,
        users: 3,
        scenario: Scenario::Quiet,
        ..sim::Options::default()
    });
    assert_eq!(regions(&cloud).len(), 1, "{:?}", regions(&cloud));
    let mut engine = Engine::everywhere(&cloud);
    assert_eq!(engine.sweep().await, SweepOutcome::Complete);
    assert_eq!(swept(&engine), known(&cloud));
    // Every fourth instance is in the second region.
    cloud.add_instance().expect("another instance");
    assert_eq!(regions(&cloud).len(), 2, "{:?}", regions(&cloud));
    tokio::time::advance(std::time::Duration::from_secs(3600)).await;
    assert_eq!(engine.sweep().await, SweepOutcome::Complete);
    assert_eq!(swept(&engine), known(&cloud));
    let gone = cloud.instances().remove(0).0;
    cloud.remove_instance(&gone).expect("an instance");
    tokio::time::advance(std::time::Duration::from_secs(3600)).await;
    assert_eq!(engine.sweep().await, SweepOutcome::Complete);
    assert_eq!(swept(&engine), known(&cloud));
}

fn swept(engine: &Engine) -> BTreeSet<(String, String)> {
    let snapshot = engine.fleet.snapshot();
    let instances = snapshot.instances().iter().map(|found| found.instance());
    instances
        .map(|found| (found.sag_id.to_string(), found.region.to_string()))
        .collect()
}

fn known(cloud: &Cloud) -> BTreeSet<(String, String)> {
    cloud.instances().into_iter().collect()
}

fn regions(cloud: &Cloud) -> BTreeSet<String> {
    known(cloud).into_iter().map(|(_, region)| region).collect()
}
