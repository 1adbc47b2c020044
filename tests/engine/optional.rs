//! Operations that vanish, permissions that are withdrawn, lists that change
//! while they are read: what is published is right after each.

use std::time::Duration;

use sag_exporter::model::{Action, Collector, SweepOutcome};
use sag_exporter::sim::{Effect, NewUser, Rule};
use sag_exporter::sweep::Options;
use tokio::time::sleep;

use crate::rig::{
    COUNTS, Engine, INTERVAL, SESSIONS, TOTALS, TRAFFIC, USERS, answered, log_in_every, quiet,
    sample, truth,
};

fn missing() -> Effect {
    Effect::MissingOperation("InvalidApi.NotFound".to_owned())
}

fn denied() -> Effect {
    Effect::Denied("NoPermission".to_owned())
}

fn is_available(engine: &Engine, action: Action) -> Option<f64> {
    let name = action.as_str();
    let series =
        format!(r#"sag_exporter_bulk_operation_available{{account="main",action="{name}"}}"#);
    sample(&engine.telemetry, &series)
}

/// Logs somebody else in, and sweeps.
async fn news(engine: &mut Engine, place: usize) -> SweepOutcome {
    let truth = truth(&engine.cloud);
    let user = &truth.users[place].name;
    let login = engine.cloud.login(&truth.sag_id, user, None);
    login.expect("a login");
    let outcome = engine.sweep().await;
    engine.agrees();
    outcome
}

#[tokio::test(start_paused = true)]
async fn without_the_counts_every_user_is_queried() {
    for effect in [missing(), denied()] {
        let cloud = quiet(120);
        log_in_every(&cloud, 10);
        let mut engine = Engine::new(&cloud, Options::default(), None);
        assert_eq!(news(&mut engine, 1).await, SweepOutcome::Complete);
        assert_eq!(is_available(&engine, COUNTS), Some(1.0));
        cloud.add_fault(Rule::new(effect.clone()).on(COUNTS));
        let (queries, refused) = (answered(&cloud, SESSIONS), cloud.calls(COUNTS).refused);
        for place in [2, 3, 4] {
            sleep(INTERVAL).await;
            let outcome = news(&mut engine, place).await;
            assert_eq!(outcome, SweepOutcome::Complete, "{effect:?}");
            assert_eq!(is_available(&engine, COUNTS), Some(0.0));
        }
        assert_eq!(answered(&cloud, SESSIONS) - queries, 3 * 120, "{effect:?}");
        // It is remembered: only what was under way at first was refused.
        assert!(cloud.calls(COUNTS).refused - refused <= 4, "{effect:?}");
        cloud.set_faults(Vec::new());
        sleep(Options::default().accounts_interval).await;
        assert_eq!(news(&mut engine, 5).await, SweepOutcome::Complete);
        assert_eq!(is_available(&engine, COUNTS), Some(1.0));
        let queries = answered(&cloud, SESSIONS);
        sleep(INTERVAL).await;
        news(&mut engine, 6).await;
        assert!(answered(&cloud, SESSIONS) - queries < 20, "{effect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn users_missing_from_the_counts_are_asked_for_alone() {
    let cloud = quiet(60);
    log_in_every(&cloud, 10);
    // Half of the calls fail in a way that may pass.
    cloud.add_fault(Rule::new(Effect::BadGateway).on(COUNTS).times(3));
    let mut engine = Engine::new(&cloud, Options::default(), None);
    assert_eq!(news(&mut engine, 1).await, SweepOutcome::Complete);
    assert_eq!(is_available(&engine, COUNTS), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn traffic_is_a_bonus_that_comes_and_goes() {
    let cloud = quiet(60);
    log_in_every(&cloud, 2);
    let options = Options::default();
    let every = options.traffic_interval;
    let mut engine = Engine::new(&cloud, options, None);
    engine.sweep().await;
    assert_eq!(answered(&cloud, TRAFFIC), 2);
    sleep(every).await;
    engine.sweep().await;
    assert_eq!(answered(&cloud, TRAFFIC), 4);
    let truth = truth(&cloud);
    let instance = engine.instance();
    let users = instance.users().expect("users");
    let row = users.names().find(&truth.users[0].name).expect("a row");
    let bytes = users.month_traffic_bytes(row).expect("traffic");
    assert!(bytes > 0, "{bytes}");
    assert!(users.allowance_remaining_bytes(row).is_some());
    for effect in [missing(), denied()] {
        cloud.add_fault(Rule::new(effect).on(TRAFFIC));
        sleep(every).await;
        assert_eq!(engine.sweep().await, SweepOutcome::Complete);
        let instance = engine.instance();
        let users = instance.users().expect("users");
        assert_eq!(users.month_traffic_bytes(row), None);
        assert_eq!(instance.collector(Collector::Traffic).success, None);
        assert!(instance.is_up());
        assert_eq!(is_available(&engine, TRAFFIC), Some(0.0));
        cloud.set_faults(Vec::new());
        sleep(every).await;
        engine.sweep().await;
        let instance = engine.instance();
        let users = instance.users().expect("users");
        assert!(users.month_traffic_bytes(row).is_some());
        assert_eq!(instance.collector(Collector::Traffic).success, Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn the_clouds_own_count_is_shown_where_it_exists() {
    let cloud = quiet(30);
    log_in_every(&cloud, 3);
    let mut engine = Engine::new(&cloud, Options::default(), None);
    engine.sweep().await;
    assert_eq!(engine.instance().reported_clients(), Some(10));
    assert_eq!(engine.instance().totals().online_clients, Some(10));
    cloud.add_fault(Rule::new(missing()).on(TOTALS));
    sleep(INTERVAL).await;
    assert_eq!(engine.sweep().await, SweepOutcome::Complete);
    assert_eq!(engine.instance().reported_clients(), None);
    assert_eq!(is_available(&engine, TOTALS), Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn users_that_come_and_go_during_every_page_are_never_lost() {
    for (delete, create) in [(1, 0), (0, 1), (1, 1), (2, 3)] {
        let cloud = quiet(130);
        log_in_every(&cloud, 4);
        let mut engine = Engine::new(&cloud, Options::default(), None);
        engine.sweep().await;
        engine.agrees();
        cloud.add_fault(Rule::new(Effect::Churn { delete, create }).on(USERS));
        sleep(Options::default().accounts_interval).await;
        assert_eq!(engine.sweep().await, SweepOutcome::Partial);
        assert!(!engine.instance().is_up());
        // Whoever was there all the time is still shown.
        let now = truth(&cloud);
        let instance = engine.instance();
        let users = instance.users().expect("users");
        let stayed = now.users.iter().filter(|user| !user.sessions.is_empty());
        for user in stayed {
            let shown = users.find(&user.name).expect("a user");
            assert_eq!(shown.online_clients(), Some(1), "{}", user.name);
        }
        cloud.set_faults(Vec::new());
        let sag_id = &now.sag_id;
        let created = cloud.create_user(sag_id, "new@example.com", NewUser::default());
        created.expect("a new user");
        sleep(Duration::from_secs(1)).await;
        assert_eq!(engine.sweep().await, SweepOutcome::Complete);
        engine.agrees();
        assert!(engine.instance().is_up());
    }
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_is_withdrawn_makes_sessions_unknown_until_it_is_back() {
    let cloud = quiet(60);
    log_in_every(&cloud, 3);
    let mut engine = Engine::new(&cloud, Options::default(), None);
    engine.sweep().await;
    cloud.add_fault(Rule::new(denied()).on(COUNTS));
    cloud.add_fault(Rule::new(denied()).on(SESSIONS));
    for sweep in 1..=4 {
        sleep(INTERVAL).await;
        assert_eq!(engine.sweep().await, SweepOutcome::Failed);
        let totals = *engine.instance().totals();
        assert_eq!(totals.stale_users, Some(60));
        // The last good values outlive three sweeps; then nobody knows.
        let shown = (sweep <= 3).then_some(20);
        assert_eq!(totals.online_users, shown, "{sweep}");
    }
    cloud.set_faults(Vec::new());
    sleep(INTERVAL).await;
    assert_eq!(engine.sweep().await, SweepOutcome::Complete);
    engine.agrees();
}
