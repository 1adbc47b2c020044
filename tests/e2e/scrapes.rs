//! What PromQL returns is what the simulated world holds, before and after the
//! world changes.

use sag_exporter::sim::{NewUser, Options};
use serde_json::json;

use crate::daemon::{Config, Daemon};
use crate::exposition::difference;
use crate::prometheus::Prometheus;
use crate::python::sdk;
use crate::simulator::{Simulator, quiet};
use crate::truth::{expected, timeless};
use crate::wait::until;

/// The chain that is under test, from the world to PromQL.
struct Chain {
    simulator: Simulator,
    daemon: Daemon,
    prometheus: Prometheus,
}

impl Chain {
    async fn over(world: Options) -> Self {
        let simulator = Simulator::start(world).await;
        let daemon = Daemon::start(&Config::of(simulator.address)).await;
        let prometheus = Prometheus::scraping(daemon.address).await;
        Self {
            simulator,
            daemon,
            prometheus,
        }
    }

    /// Waits until every series of the fleet is there with the value that the
    /// world has, and no other.
    async fn agrees(&self, what: &str) {
        until(what, async || {
            let found = self.prometheus.query(r#"{__name__=~"sag_.+"}"#).await;
            let truth = expected(&self.simulator.truth(), "main");
            let differences = difference(&timeless(&found), &truth);
            if differences.is_empty() {
                Ok(())
            } else {
                Err((differences, self.daemon.log()))
            }
        })
        .await;
    }

    /// How many series an expression yields now.
    async fn count(&self, expression: &str) -> usize {
        self.prometheus.query(expression).await.len()
    }
}

#[tokio::test]
async fn promql_returns_what_the_world_holds_while_it_changes() {
    let chain = Chain::over(quiet(2, 12)).await;
    let cloud = &chain.simulator.cloud;
    chain.agrees("all values of a world at rest").await;
    let sag_id = chain.simulator.sag_ids().remove(0);
    let user = chain.simulator.user(&sag_id, 3);
    let of_user = format!(r#"{{sag_id="{sag_id}",user="{user}"}}"#);
    let online = format!("sag_user_online_clients{of_user}");
    let limit = format!("sag_user_bandwidth_limit_bytes_per_second{of_user}");

    cloud.login(&sag_id, &user, None).unwrap();
    chain.agrees("a login is seen").await;
    assert_eq!(chain.prometheus.value(&online).await, Some(1.0));

    cloud.login(&sag_id, &user, None).unwrap();
    chain
        .agrees("a second login from the same address is seen")
        .await;
    assert_eq!(chain.prometheus.value(&online).await, Some(2.0));

    assert_eq!(cloud.logout(&sag_id, &user), Ok(2));
    chain.agrees("a logout is seen").await;
    assert_eq!(chain.prometheus.value(&online).await, Some(0.0));
    let started = format!(r#"sag_sessions_started_total{{sag_id="{sag_id}"}}"#);
    let ended = format!(r#"sag_sessions_ended_total{{sag_id="{sag_id}"}}"#);
    assert_eq!(chain.prometheus.value(&started).await, Some(2.0));
    assert_eq!(chain.prometheus.value(&ended).await, Some(2.0));

    let change = json!({"RegionId": "cn-shanghai", "SmartAGId": sag_id, "UserName": user, "Bandwidth": 7777});
    sdk(
        &chain.simulator,
        "ModifySmartAccessGatewayClientUser",
        change,
    )
    .await;
    chain
        .agrees("a bandwidth that the SDK changed is seen")
        .await;
    assert_eq!(chain.prometheus.value(&limit).await, Some(7777.0 * 125.0));

    cloud.set_enabled(&sag_id, &user, false).unwrap();
    chain.agrees("a disabled account is seen").await;

    cloud
        .create_user(&sag_id, "new.colleague", NewUser::default())
        .unwrap();
    cloud.login(&sag_id, "new.colleague", None).unwrap();
    chain.agrees("a created account is seen").await;

    cloud.delete_user(&sag_id, &user).unwrap();
    chain.agrees("a deleted account is seen").await;
    assert_eq!(
        chain.count(&of_user).await,
        0,
        "every series of it is stale"
    );

    cloud.remove_instance(&sag_id).unwrap();
    chain.agrees("a released instance is seen").await;
    assert_eq!(chain.count(&format!(r#"{{sag_id="{sag_id}"}}"#)).await, 0);
    assert_eq!(chain.prometheus.warnings(), Vec::<String>::new());
}

#[tokio::test]
async fn promql_follows_a_world_that_lives() {
    let world = Options {
        instances: 3,
        users: 40,
        ..Options::default()
    };
    let chain = Chain::over(world).await;
    chain
        .agrees("all values of a world in which people come and go")
        .await;
    let online = chain.prometheus.query("sag_user_online_clients > 0").await;
    assert!(
        !online.is_empty(),
        "the world sleeps, so that nothing was proved"
    );

    let sum = "sum by (sag_id) (sag_user_online_clients) == on (sag_id) sag_online_clients";
    assert_eq!(
        chain.count(sum).await,
        3,
        "sums over users are those of the instance"
    );
    let users =
        r#"count by (sag_id) (sag_user_enabled) == on (sag_id) sag_collection_expected_users"#;
    assert_eq!(chain.count(users).await, 3);

    let page = chain.daemon.page().await;
    let scraped = chain
        .prometheus
        .value("scrape_samples_scraped")
        .await
        .unwrap();
    let of_fleet = page
        .series
        .keys()
        .filter(|series| series.is_of_fleet())
        .count();
    assert!(
        scraped >= of_fleet as f64,
        "{scraped} of {of_fleet} and more samples arrived"
    );
    assert_eq!(chain.prometheus.value("up").await, Some(1.0));
    assert_eq!(chain.prometheus.warnings(), Vec::<String>::new());
}
