//! How few calls are enough.

use std::time::Duration;

use sag_exporter::model::SweepOutcome;
use sag_exporter::sweep::Options;
use tokio::time::{Instant, sleep_until};

use crate::rig::{Engine, INTERVAL, SESSIONS, all_calls, answered, log_in_every, quiet, truth};

#[tokio::test(start_paused = true)]
async fn a_steady_world_costs_a_twentieth_of_a_query_per_user() {
    let cloud = quiet(2_000);
    log_in_every(&cloud, 10);
    let mut engine = Engine::new(&cloud, Options::default(), None);
    engine.sweep().await;
    let (warm_up, sweeps) = (all_calls(&cloud).0, 20_u32);
    let begun = Instant::now();
    for number in 1..=sweeps {
        sleep_until(begun + INTERVAL * number).await;
        turnover(&engine, number as usize);
        assert_eq!(engine.sweep().await, SweepOutcome::Complete);
        engine.agrees();
    }
    let calls = all_calls(&cloud).0 - warm_up;
    let each_user_asked = u64::from(sweeps) * 2_000;
    assert!(calls * 20 <= each_user_asked, "{calls} calls");
}

/// One user in a hundred logs in or out, five times what one session in a
/// hundred would be; a tenth of the users stay online.
fn turnover(engine: &Engine, number: usize) {
    let (cloud, truth) = (&engine.cloud, truth(&engine.cloud));
    let (online, offline): (Vec<_>, Vec<_>) = truth
        .users
        .iter()
        .partition(|user| !user.sessions.is_empty());
    for n in 0..10 {
        let place = number * 37 + n * 101;
        let leaver = &online[place % online.len()].name;
        cloud.logout(&truth.sag_id, leaver).expect("a logout");
        let comer = &offline[place % offline.len()].name;
        let login = cloud.login(&truth.sag_id, comer, None);
        login.expect("a login");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reconnect_that_leaves_the_count_equal_shows_within_the_bound() {
    let cloud = quiet(100);
    log_in_every(&cloud, 5);
    let options = Options::default();
    let bound = options.recheck_interval();
    let mut engine = Engine::new(&cloud, options, None);
    engine.sweep().await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let truth = truth(&cloud);
    for user in truth.users.iter().step_by(5) {
        cloud.logout(&truth.sag_id, &user.name).expect("a logout");
        let login = cloud.login(&truth.sag_id, &user.name, None);
        login.expect("a login");
    }
    let reconnected = Instant::now();
    let queries = answered(&cloud, SESSIONS);
    let right = |engine: &Engine| {
        let instance = engine.instance();
        let users = instance.users().expect("users");
        let now = cloud.truth(cloud.now()).instances.remove(0);
        let is_right = |user: &sag_exporter::fleet::User<'_>| {
            let sessions = &now.user(user.name()).expect("a true user").sessions;
            user.oldest_session_start() == sessions.first().map(|session| session.started)
        };
        users.iter().filter(is_right).count()
    };
    assert_eq!(right(&engine), 80);
    let mut seen = Vec::new();
    while reconnected.elapsed() < bound {
        tokio::time::sleep(INTERVAL).await;
        engine.sweep().await;
        seen.push(right(&engine));
    }
    assert_eq!(seen.last(), Some(&100), "{seen:?}");
    // Each was asked for once, and not all in the same sweep.
    assert_eq!(answered(&cloud, SESSIONS) - queries, 20);
    assert!(seen[0] < 95, "{seen:?}");
    assert_eq!(engine.instance().ledger().ended(), 20);
}
