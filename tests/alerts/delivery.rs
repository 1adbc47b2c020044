//! From the simulated cloud to the webhook: the exporter, Prometheus with the
//! hurried rules, Alertmanager, and what it delivers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sag_exporter::model::Action;
use sag_exporter::sim::{Effect, NewUser, Options, Rule, Throttling};
use tempfile::TempDir;

use crate::alertmanager::Alertmanager;
use crate::daemon::{Config, Daemon};
use crate::hurry;
use crate::prometheus::Prometheus;
use crate::receiver::{Delivered, Receiver};
use crate::simulator::{Simulator, quiet};
use crate::wait::until;

/// Everything between the world and the person who is woken.
pub(crate) struct Stage {
    simulator: Simulator,
    daemon: Daemon,
    prometheus: Prometheus,
    pub(crate) receiver: Receiver,
    _alertmanager: Alertmanager,
    _rules: TempDir,
}

impl Stage {
    async fn over(world: Options) -> Self {
        let simulator = Simulator::start(world).await;
        let config = Config::of(simulator.address).interval(INTERVAL);
        Self::with(simulator, &config).await
    }

    pub(crate) async fn with(simulator: Simulator, config: &Config) -> Self {
        let daemon = Daemon::start(config).await;
        let receiver = Receiver::start().await;
        let alertmanager = Alertmanager::sending_to(receiver.address).await;
        let rules = TempDir::new().unwrap();
        hurry::rules(rules.path());
        let prometheus = Prometheus::start(&format!(
            "global: {{scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s}}\n\
             scrape_configs: [{{job_name: sag, static_configs: [{{targets: ['{}']}}]}}]\n\
             rule_files: ['{}/*.rules.yml']\n\
             alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{}']}}]}}]}}\n",
            daemon.address,
            rules.path().display(),
            alertmanager.address
        ))
        .await;
        Self {
            simulator,
            daemon,
            prometheus,
            receiver,
            _alertmanager: alertmanager,
            _rules: rules,
        }
    }

    /// Waits until an alert arrives, and looks at what everyone relies on.
    async fn delivers(&self, name: &str) -> Delivered {
        self.arrives(&[("alertname", name)]).await
    }

    /// The same, of one cloud account.
    pub(crate) async fn delivers_of(&self, name: &str, account: &str) -> Delivered {
        self.arrives(&[("alertname", name), ("account", account)])
            .await
    }

    async fn arrives(&self, labels: &[(&str, &str)]) -> Delivered {
        let alert = until(&format!("{labels:?} arrives"), async || {
            let alerts = self.receiver.alerts();
            let is_it = |alert: &&Delivered| {
                let mut labels = labels.iter();
                labels.all(|(key, value)| alert.labels.get(*key).is_some_and(|it| it == value))
            };
            let found = alerts.iter().find(is_it).cloned();
            found.ok_or_else(|| (self.names(), self.daemon.log()))
        })
        .await;
        for (annotation, text) in &alert.annotations {
            let is_good = !text.contains("<error") && !text.contains("<no value>");
            assert!(is_good, "{labels:?}: {annotation}: {text}");
        }
        alert
    }

    /// Waits until an alert about the first instance arrives.
    async fn delivers_of_instance(&self, name: &str, more: &[(&str, &str)]) {
        let alert = self.delivers(name).await;
        let truth = self.simulator.truth();
        let instance = truth.instances.first().unwrap();
        let mut expected = words(more);
        expected.extend(words(&[
            ("alertname", name),
            ("sag_id", &instance.sag_id),
            ("account", "main"),
            ("region", &instance.region),
            ("name", &instance.name),
        ]));
        assert_eq!(alert.labels, expected);
    }

    /// Which alerts arrived, by name.
    fn names(&self) -> BTreeSet<String> {
        let alerts = self.receiver.alerts();
        let names = alerts
            .iter()
            .map(|alert| alert.labels.get("alertname").unwrap().clone());
        names.collect()
    }

    /// Waits until the rules were evaluated so often.
    async fn evaluated(&self, times: u32) {
        until("the rules were evaluated", async || {
            let count = self
                .prometheus
                .value("count_over_time(sag:threshold:stale_sweeps[5m])")
                .await;
            match count {
                Some(count) if count > f64::from(times) => Ok(()),
                other => Err(other),
            }
        })
        .await;
    }
}

pub(crate) fn words(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test]
async fn a_healthy_world_delivers_nothing() {
    let simulator = Simulator::start(Options {
        instances: 2,
        users: 25,
        ..Options::default()
    })
    .await;
    // Its people are healthy, but towards the end of a month not thrifty.
    let config = Config::of(simulator.address)
        .interval(INTERVAL)
        .sweep_key("traffic_interval: 0s");
    let stage = Stage::with(simulator, &config).await;
    stage.evaluated(25).await;
    assert_eq!(stage.receiver.alerts(), []);
    assert_eq!(stage.prometheus.warnings(), Vec::<String>::new());
}

#[tokio::test]
async fn an_exporter_that_is_down_is_noticed() {
    let mut stage = Stage::over(quiet(1, 4)).await;
    stage.evaluated(3).await;
    stage.daemon.signal("TERM");
    stage.daemon.ended().await;
    let alert = stage.delivers("SagExporterDown").await;
    let instance = stage.daemon.address.to_string();
    let expected = [
        ("alertname", "SagExporterDown"),
        ("severity", "critical"),
        ("job", "sag"),
        ("instance", &instance),
    ];
    assert_eq!(alert.labels, words(&expected));
    assert_eq!(stage.names(), ["SagExporterDown".to_owned()].into());
}

#[tokio::test]
async fn a_list_that_misses_accounts_is_noticed() {
    let stage = Stage::over(quiet(1, 4)).await;
    stage.simulator.cloud.add_fault(
        Rule::new(Effect::TotalOff(3)).on(Action::DescribeSmartAccessGatewayClientUsers),
    );
    stage
        .delivers_of_instance("SagListIncomplete", &[("severity", "warning")])
        .await;
    assert_eq!(stage.names(), ["SagListIncomplete".to_owned()].into());
}

#[tokio::test]
async fn sessions_that_cannot_be_read_are_noticed() {
    let stage = Stage::over(quiet(1, 4)).await;
    stage.simulator.cloud.add_fault(
        Rule::new(Effect::Denied("NoPermission".to_owned())).on(Action::DescribeUserOnlineClients),
    );
    let labels = [("severity", "warning"), ("collector", "sessions")];
    stage
        .delivers_of_instance("SagCollectionFailing", &labels)
        .await;
    assert_eq!(stage.names(), ["SagCollectionFailing".to_owned()].into());
}

#[tokio::test]
async fn a_full_instance_is_noticed() {
    let stage = Stage::over(quiet(1, 50)).await;
    let sag_id = stage.simulator.sag_ids().remove(0);
    for number in 0..45 {
        let name = format!("new.colleague{number}");
        stage
            .simulator
            .cloud
            .create_user(&sag_id, &name, NewUser::default())
            .unwrap();
    }
    stage
        .delivers_of_instance("SagAccountQuotaNearlyUsed", &[("severity", "warning")])
        .await;
    assert_eq!(
        stage.names(),
        ["SagAccountQuotaNearlyUsed".to_owned()].into()
    );
}

#[tokio::test]
async fn a_rejected_key_is_noticed() {
    let simulator = Simulator::start(quiet(1, 4)).await;
    let config = Config::default()
        .account("main", simulator.address, "wrong")
        .interval(INTERVAL);
    let stage = Stage::with(simulator, &config).await;
    let alert = stage.delivers("SagCredentialRejected").await;
    let expected = [
        ("alertname", "SagCredentialRejected"),
        ("severity", "critical"),
        ("account", "main"),
    ];
    assert_eq!(alert.labels, words(&expected));
    let alert = stage.delivers("SagAccountFailing").await;
    let expected = [
        ("alertname", "SagAccountFailing"),
        ("severity", "critical"),
        ("account", "main"),
    ];
    assert_eq!(alert.labels, words(&expected));
}

#[tokio::test]
async fn a_cloud_that_throttles_is_noticed() {
    let stage = Stage::over(quiet(1, 12)).await;
    let effect = Effect::Throttle(Throttling::default(), Duration::from_secs(1));
    let rule = Rule::new(effect).on(Action::DescribeUserOnlineClients);
    stage.simulator.cloud.add_fault(rule.chance(0.3));
    let alert = stage.delivers("SagThrottled").await;
    let expected = [
        ("alertname", "SagThrottled"),
        ("severity", "warning"),
        ("account", "main"),
        ("action", "DescribeUserOnlineClients"),
    ];
    assert_eq!(alert.labels, words(&expected));
}

/// A sweep gives up what it cannot ask within an interval, and while something
/// is left out no anomaly is reported. So it is many times what a sweep takes.
pub(crate) const INTERVAL: &str = "5s";
