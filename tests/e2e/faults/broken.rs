//! Faults that last: the collector fails, its last values stay for
//! `sweep.retain` sweeps and then go, until all is well again.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use sag_exporter::model::Action;
use sag_exporter::sim::{Effect, Rule, Throttling};

use super::{ACCOUNTS, AT_ONCE, INSTANCES, SESSIONS, Scene, failed_requests, requests, same};
use crate::daemon::{Config, Daemon};
use crate::exposition::{Page, Series, SeriesMap};
use crate::simulator::{Simulator, quiet};

#[tokio::test]
async fn a_fault_that_lasts_takes_values_away_after_retain_sweeps() {
    let error = |status, code: &str| Effect::Error {
        status,
        code: code.to_owned(),
    };
    let denied = |code: &str| Effect::Denied(code.to_owned());
    let missing = |code: &str| Effect::MissingOperation(code.to_owned());
    let throttled = Effect::Throttle(Throttling::default(), Duration::from_millis(50));
    let cases = [
        (ACCOUNTS, error(500, "InternalError"), "remote"),
        (ACCOUNTS, error(400, "SAG.InstanceNoFound"), "not_found"),
        (ACCOUNTS, Effect::Truncate(20), "transport"),
        (ACCOUNTS, Effect::DropReply, "transport"),
        (ACCOUNTS, denied("Forbidden.RAM"), "denied"),
        (SESSIONS, Effect::BadGateway, "remote"),
        (SESSIONS, Effect::Truncate(0), "transport"),
        (SESSIONS, Effect::Drop, "transport"),
        (SESSIONS, missing("InvalidApi.NotFound"), "not_found"),
        (SESSIONS, denied("NoPermission"), "denied"),
        (SESSIONS, throttled, "throttled"),
        (INSTANCES, error(500, "InternalError"), "remote"),
        (INSTANCES, denied("NoPermission"), "denied"),
        (INSTANCES, missing("InvalidAction.NotFound"), "not_found"),
    ];
    let check = |(action, effect, outcome)| check(action, effect, outcome);
    stream::iter(cases)
        .for_each_concurrent(AT_ONCE, check)
        .await;
}

/// Without retention, since three attempts of ten seconds make a sweep long, and
/// so do pauses of whose length the cloud says nothing.
#[tokio::test]
async fn faults_that_cost_time_are_failures_too() {
    let long = Duration::from_secs(600);
    let unavailable = Effect::Error {
        status: 503,
        code: "ServiceUnavailable".to_owned(),
    };
    let cases = [
        (ACCOUNTS, Effect::Latency(long), "timeout"),
        (SESSIONS, Effect::Drip(long), "timeout"),
        (ACCOUNTS, unavailable, "throttled"),
    ];
    let check = async |(action, effect, outcome)| {
        let scene = Scene::set(0).await;
        let hit = Hit::new(&scene, action, &effect);
        scene.cloud.cloud.add_fault(hit.rule(effect));
        let page = hit.shows("values are gone", ruin).await;
        assert!(requests(&page, action, outcome) >= 3.0, "{}", page.text);
    };
    stream::iter(cases)
        .for_each_concurrent(AT_ONCE, check)
        .await;
}

#[tokio::test]
async fn a_clock_beyond_the_window_breaks_one_cloud_account_and_no_other() {
    for seconds in [1200, -1200] {
        let scene = Scene::set(3).await;
        scene
            .cloud
            .cloud
            .add_fault(Rule::new(Effect::ClockSkew(seconds)));
        // The sweep under way may have read a part before.
        let all_fail = |page: &Page| {
            [&scene.a, &scene.b].into_iter().try_for_each(|sag_id| {
                let mut expected = scene.truth_of(sag_id);
                for collector in ["accounts", "sessions", "instance"] {
                    damage(&mut expected, sag_id, collector);
                }
                same(page, sag_id, &expected)
            })
        };
        let page = scene.daemon.page_when("the account fails", all_fail).await;
        scene.assert_unharmed("clock skew", &page, &[&scene.c]);
        assert!(requests(&page, INSTANCES, "auth") >= 1.0);
        let log = scene.daemon.log();
        assert!(
            log.contains("account=main") && log.contains("InvalidTimeStamp.Expired"),
            "{log}"
        );
        scene.cloud.cloud.set_faults(Vec::new());
        scene.is_well("the clock is right again").await;
    }
}

/// The smallest permission: the instances are told, and nobody may list them.
#[tokio::test]
async fn a_list_of_instances_needs_no_permission_to_discover() {
    let cloud = Simulator::start(quiet(2, 3)).await;
    let sag_id = cloud.sag_ids().remove(0);
    let denied = Effect::Denied("NoPermission".to_owned());
    cloud.cloud.add_fault(Rule::new(denied).on(INSTANCES));
    let config = Config::of(cloud.address).account_key(&format!("instances: [{sag_id}]"));
    let daemon = Daemon::start(&config).await;
    let users_are_shown = |page: &Page| match page.count("sag_user_enabled", &[]) {
        3 => Ok(()),
        users => Err(users),
    };
    let page = daemon
        .page_when("the users are shown", users_are_shown)
        .await;
    for collector in ["accounts", "sessions"] {
        let labels = [("sag_id", sag_id.as_str()), ("collector", collector)];
        let success = page.value("sag_collection_success", &labels);
        assert_eq!(success, Some(1.0), "{collector}");
    }
    let is_complete = |page: &Page| {
        let complete = page.sum("sag_exporter_sweeps_total", &[("outcome", "complete")]);
        if complete >= 1.0 {
            Ok(())
        } else {
            Err(complete)
        }
    };
    daemon.page_when("the sweep is complete", is_complete).await;
    assert_eq!(daemon.get("/-/ready").await.status, 200);
}

#[tokio::test]
async fn a_query_that_fails_for_one_user_leaves_the_others_alone() {
    let scene = Scene::set(3).await;
    let (a, good) = (&scene.a, scene.truth_of(&scene.a));
    let user = scene.cloud.user(a, 0);
    let rule = Rule::new(Effect::BadGateway)
        .on(SESSIONS)
        .sag_id(a)
        .user(&user);
    scene.cloud.cloud.add_fault(rule);
    let mut expected = good.clone();
    damage(&mut expected, a, "sessions");
    expected.insert(of(a, "sag_stale_users"), 1.0);
    let is_retained = |page: &Page| same(page, a, &expected);
    let page = scene
        .daemon
        .page_when("one user is stale", is_retained)
        .await;
    scene.assert_unharmed("one user", &page, &[&scene.b, &scene.c]);

    let mut gone = expected.clone();
    gone.retain(|series, _| {
        series.label("user") != user || !SESSION_FAMILIES.contains(&series.name.as_str())
    });
    // The user was online twice, and another one is online once.
    gone.insert(of(a, "sag_online_users"), 1.0);
    gone.insert(of(a, "sag_online_clients"), 1.0);
    let is_gone = |page: &Page| same(page, a, &gone);
    let page = scene
        .daemon
        .page_when("its sessions are unknown", is_gone)
        .await;
    scene.assert_unharmed("one user", &page, &[&scene.b, &scene.c]);
    scene.cloud.cloud.set_faults(Vec::new());
    scene.is_well("the user can be asked for again").await;
}

async fn check(action: Action, effect: Effect, outcome: &str) {
    let scene = Scene::set(3).await;
    let hit = Hit::new(&scene, action, &effect);
    scene.cloud.cloud.add_fault(hit.rule(effect));
    hit.shows("values are retained", damage).await;
    let page = hit.shows("values are gone", ruin).await;
    let (what, failed) = (&hit.what, requests(&page, action, outcome));
    assert!(
        failed >= 4.0,
        "{what}: {failed} failed requests in more than three sweeps"
    );
    assert_eq!(
        failed_requests(&page),
        failed,
        "{what}: requests failed in another way"
    );
    scene.cloud.cloud.set_faults(Vec::new());
    scene.is_well(what).await;
}

/// A fault of one operation, and whom it concerns.
struct Hit<'a> {
    scene: &'a Scene,
    what: String,
    action: Action,
    collector: &'static str,
    harmed: Vec<&'a String>,
    unharmed: Vec<&'a String>,
}

impl<'a> Hit<'a> {
    fn new(scene: &'a Scene, action: Action, effect: &Effect) -> Self {
        let (collector, harmed, unharmed) = match action {
            ACCOUNTS => ("accounts", vec![&scene.a], vec![&scene.b, &scene.c]),
            SESSIONS => ("sessions", vec![&scene.a], vec![&scene.b, &scene.c]),
            _ => ("instance", vec![&scene.a, &scene.b], vec![&scene.c]),
        };
        let what = format!("{effect:?} on {}", action.as_str());
        Self {
            scene,
            what,
            action,
            collector,
            harmed,
            unharmed,
        }
    }

    fn rule(&self, effect: Effect) -> Rule {
        let rule = Rule::new(effect).on(self.action);
        // Discovery names no instance.
        if self.action == INSTANCES {
            rule
        } else {
            rule.sag_id(&self.scene.a)
        }
    }

    /// Waits until whoever is harmed shows its truth with this change; the
    /// others must show theirs without it.
    async fn shows(&self, state: &str, change: fn(&mut SeriesMap, &str, &str)) -> Page {
        let object = |page: &Page| {
            self.harmed.iter().try_for_each(|sag_id| {
                let mut expected = self.scene.truth_of(sag_id);
                change(&mut expected, sag_id, self.collector);
                same(page, sag_id, &expected)
            })
        };
        let what = format!("{}: {state}", self.what);
        let page = self.scene.daemon.page_when(&what, object).await;
        self.scene.assert_unharmed(&what, &page, &self.unharmed);
        page
    }
}

/// What one failed run of a collector changes at once.
fn damage(series: &mut SeriesMap, sag_id: &str, collector: &str) {
    series.insert(of(sag_id, "sag_up"), 0.0);
    let labels = [("sag_id", sag_id), ("collector", collector)];
    series.insert(Series::new("sag_collection_success", &labels), 0.0);
    if collector == "sessions" {
        let users = series[&of(sag_id, "sag_collection_collected_users")];
        series.insert(of(sag_id, "sag_stale_users"), users);
    }
}

/// What is left when the collector failed for more than `retain` sweeps.
fn ruin(series: &mut SeriesMap, sag_id: &str, collector: &str) {
    damage(series, sag_id, collector);
    series.retain(|series, _| {
        let name = series.name.as_str();
        match collector {
            "accounts" => INSTANCE_FAMILIES.contains(&name),
            "sessions" => !SESSION_FAMILIES.contains(&name),
            _ => !FACTS.contains(&name),
        }
    });
}

fn of(sag_id: &str, name: &str) -> Series {
    Series::new(name, &[("sag_id", sag_id)])
}

/// What does not come from the account list or from sessions.
const INSTANCE_FAMILIES: [&str; 6] = [
    "sag_up",
    "sag_instance_info",
    "sag_instance_expiry_timestamp_seconds",
    "sag_instance_account_quota",
    "sag_instance_bandwidth_limit_bytes_per_second",
    "sag_collection_success",
];

/// What comes from the sessions.
const SESSION_FAMILIES: [&str; 5] = [
    "sag_online_users",
    "sag_online_clients",
    "sag_user_online_clients",
    "sag_user_oldest_session_start_timestamp_seconds",
    "sag_user_newest_session_start_timestamp_seconds",
];

/// What comes from discovery and can change; the name stays with the instance.
const FACTS: [&str; 3] = [
    "sag_instance_expiry_timestamp_seconds",
    "sag_instance_account_quota",
    "sag_instance_bandwidth_limit_bytes_per_second",
];
