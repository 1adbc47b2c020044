//! What `/metrics` must say after each fault of the simulated cloud.
//!
//! Instance A of the account `main` is hit. Instance B of the same account and
//! instance C of another account stand beside it and must not notice.

mod broken;
mod harmless;
mod paging;
mod repeated;

use crate::daemon::{Config, Daemon};
use crate::exposition::{Page, SeriesMap, difference};
use crate::simulator::{Simulator, quiet};
use crate::truth::{of_instance, timeless};

use sag_exporter::model::Action;

/// The three instances and the daemon that watches them.
struct Scene {
    cloud: Simulator,
    other: Simulator,
    daemon: Daemon,
    a: String,
    b: String,
    c: String,
}

impl Scene {
    /// Both clouds with users of whom some are online; nothing has gone wrong.
    async fn set(retain: u32) -> Self {
        let (cloud, other) = (Simulator::start(quiet(2, 4)).await, beside().await);
        let ids = cloud.sag_ids();
        for sag_id in &ids {
            for place in [0, 0, 2] {
                let user = cloud.user(sag_id, place);
                cloud.cloud.login(sag_id, &user, None).unwrap();
            }
        }
        let config = Config::of(cloud.address)
            .account("other", other.address, "testsecret")
            .sweep_key(&format!("retain: {retain}"));
        let daemon = Daemon::start(&config).await;
        let [a, b] = ids.try_into().unwrap();
        let c = other.sag_ids().remove(0);
        let scene = Self {
            cloud,
            other,
            daemon,
            a,
            b,
            c,
        };
        scene.is_well("at first").await;
        scene
    }

    /// Waits until everything is as the worlds are.
    async fn is_well(&self, what: &str) -> Page {
        let what = format!("{what}: all is well");
        self.daemon
            .page_when(&what, |page| {
                let (a, b, c) = (
                    self.truth_of(&self.a),
                    self.truth_of(&self.b),
                    self.truth_of(&self.c),
                );
                same(page, &self.a, &a)?;
                same(page, &self.b, &b)?;
                same(page, &self.c, &c)
            })
            .await
    }

    /// What an instance would show if all were well.
    fn truth_of(&self, sag_id: &str) -> SeriesMap {
        let (simulator, account) = match sag_id == self.c {
            true => (&self.other, "other"),
            false => (&self.cloud, "main"),
        };
        of_instance(simulator.truth().instance(sag_id).unwrap(), account)
    }

    /// Demands that these instances show nothing but the truth.
    fn assert_unharmed(&self, what: &str, page: &Page, sag_ids: &[&String]) {
        for sag_id in sag_ids {
            assert_eq!(
                same(page, sag_id, &self.truth_of(sag_id)),
                Ok(()),
                "{what}: {sag_id}"
            );
        }
    }
}

async fn beside() -> Simulator {
    let simulator = Simulator::start(sag_exporter::sim::Options {
        seed: 7,
        ..quiet(1, 3)
    })
    .await;
    let sag_id = simulator.sag_ids().remove(0);
    let user = simulator.user(&sag_id, 1);
    simulator.cloud.login(&sag_id, &user, None).unwrap();
    simulator
}

/// Whether an instance shows exactly these series.
fn same(page: &Page, sag_id: &str, expected: &SeriesMap) -> Result<(), Vec<String>> {
    let differences = difference(&timeless(&page.of_instance(sag_id)), expected);
    if differences.is_empty() {
        Ok(())
    } else {
        Err(differences)
    }
}

/// How many requests of the account `main` ended in this way.
fn requests(page: &Page, action: Action, outcome: &str) -> f64 {
    let labels = [
        ("account", "main"),
        ("action", action.as_str()),
        ("outcome", outcome),
    ];
    page.value("sag_exporter_api_requests_total", &labels)
        .unwrap_or(0.0)
}

/// How many requests of the account `main` ended in any way but well.
fn failed_requests(page: &Page) -> f64 {
    let all = page.sum("sag_exporter_api_requests_total", &[("account", "main")]);
    let ok = [("account", "main"), ("outcome", "ok")];
    all - page.sum("sag_exporter_api_requests_total", &ok)
}

const ACCOUNTS: Action = Action::DescribeSmartAccessGatewayClientUsers;
const SESSIONS: Action = Action::DescribeUserOnlineClients;
const INSTANCES: Action = Action::DescribeSmartAccessGateways;

/// Daemons at once: mostly they wait.
const AT_ONCE: usize = 8;
