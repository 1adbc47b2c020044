//! Faults that pass: a call is made again, and only its count shows it.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use sag_exporter::model::Action;
use sag_exporter::sim::{Effect, Rule, Throttling};

use super::{ACCOUNTS, AT_ONCE, INSTANCES, SESSIONS, failed_requests, requests};
use crate::daemon::{Config, Daemon};
use crate::exposition::Page;
use crate::simulator::{Simulator, quiet};

#[tokio::test]
async fn a_fault_that_passes_costs_one_more_request() {
    let error = |status, code: &str| Effect::Error {
        status,
        code: code.to_owned(),
    };
    let all = &[ACCOUNTS, SESSIONS, INSTANCES][..];
    let cases = [
        (error(500, "InternalError"), "remote", all),
        (error(503, "ServiceUnavailable"), "throttled", all),
        (Effect::BadGateway, "remote", all),
        (Effect::Truncate(5), "transport", all),
        (Effect::Drop, "transport", all),
        (Effect::DropReply, "transport", all),
        (
            Effect::Throttle(Throttling::default(), Duration::from_millis(300)),
            "throttled",
            all,
        ),
        (
            Effect::Latency(Duration::from_secs(600)),
            "timeout",
            &[SESSIONS],
        ),
    ];
    let check = |(effect, outcome, actions)| check(effect, outcome, actions);
    stream::iter(cases)
        .for_each_concurrent(AT_ONCE, check)
        .await;
}

async fn check(effect: Effect, outcome: &str, actions: &[Action]) {
    let what = format!("{effect:?}: the sweep is complete all the same");
    let simulator = Simulator::start(quiet(1, 3)).await;
    for &action in actions {
        simulator
            .cloud
            .add_fault(Rule::new(effect.clone()).on(action).times(1));
    }
    let daemon = Daemon::start(&Config::of(simulator.address)).await;
    let is_true = |page: &Page| page.differs_from(&simulator.truth());
    let page = daemon.page_when(&what, is_true).await;
    for &action in actions {
        assert_eq!(requests(&page, action, outcome), 1.0, "{what}: {action:?}");
    }
    let expected = f64::from(u8::try_from(actions.len()).unwrap());
    assert_eq!(failed_requests(&page), expected, "{what}: in another way");
    let partial = page.sum("sag_exporter_sweeps_total", &[("outcome", "partial")]);
    assert_eq!(partial, 0.0, "{what}");
}

#[tokio::test]
async fn a_quota_slows_the_sweep_and_breaks_nothing() {
    let world = sag_exporter::sim::Options {
        quota: 10.0,
        ..quiet(2, 8)
    };
    let simulator = Simulator::start(world).await;
    let daemon = Daemon::start(&Config::of(simulator.address)).await;
    let is_slower = |page: &Page| {
        page.differs_from(&simulator.truth())?;
        let labels = [("account", "main"), ("action", SESSIONS.as_str())];
        let rate = page.value("sag_exporter_api_rate_limit", &labels).unwrap();
        if rate < 1000.0 {
            Ok(())
        } else {
            Err(vec![format!("{rate} calls a second")])
        }
    };
    let page = daemon
        .page_when("the pace is that of the quota", is_slower)
        .await;
    assert_eq!(
        failed_requests(&page),
        page.sum(
            "sag_exporter_api_requests_total",
            &[("outcome", "throttled")]
        )
    );
}
