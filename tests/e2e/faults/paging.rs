//! A list that changes while it is read, and a TotalCount that lies: never a
//! shorter list that is called complete.

use sag_exporter::sim::{Effect, NewUser, Rule};

use super::{ACCOUNTS, SESSIONS, failed_requests};
use crate::daemon::{Config, Daemon};
use crate::exposition::Page;
use crate::simulator::{Simulator, quiet};

#[tokio::test]
async fn a_name_that_cannot_be_read_makes_the_list_incomplete() {
    let (simulator, daemon, sag_id) = paged(Rule::new(Effect::HidePageSize)).await;
    let new = NewUser::default();
    simulator
        .cloud
        .create_user(&sag_id, "line\nbreak", new)
        .unwrap();
    let labels = [("sag_id", sag_id.as_str()), ("collector", "accounts")];
    let incomplete = |page: &Page| match page.value("sag_collection_success", &labels) {
        Some(0.0) => Ok(()),
        other => Err(other),
    };
    let page = daemon.page_when("the list is incomplete", incomplete).await;
    assert_eq!(page.sum("sag_collection_expected_users", &[]), 8.0);
    assert_eq!(page.sum("sag_collection_collected_users", &[]), 7.0);
    assert_eq!(
        page.count("sag_user_enabled", &[]),
        7,
        "the others are shown"
    );
    assert!(
        daemon.log().contains("collector=accounts"),
        "{}",
        daemon.log()
    );
    simulator.cloud.delete_user(&sag_id, "line\nbreak").unwrap();
    let is_true = |page: &Page| page.differs_from(&simulator.truth());
    daemon.page_when("the list is whole", is_true).await;
}

/// An instance whose list has four pages.
async fn paged(rule: Rule) -> (Simulator, Daemon, String) {
    let simulator = Simulator::start(quiet(1, 7)).await;
    let sag_id = simulator.sag_ids().remove(0);
    simulator.cloud.add_fault(rule);
    let config = Config::of(simulator.address).sweep_key("page_size: 2");
    let daemon = Daemon::start(&config).await;
    (simulator, daemon, sag_id)
}

#[tokio::test]
async fn one_change_between_two_pages_is_read_over_again() {
    for (delete, create) in [(1, 0), (0, 1), (1, 1), (2, 3)] {
        for after in [1, 2, 3] {
            let effect = Effect::Churn { delete, create };
            let rule = Rule::new(effect).on(ACCOUNTS).after(after).times(1);
            let (simulator, daemon, sag_id) = paged(rule).await;
            let shown = |page: &Page| match page.count("sag_up", &[]) {
                0 => Err("nothing is shown yet"),
                _ => Ok(()),
            };
            let what = format!("{delete} deleted and {create} created before page {after}");
            let page = daemon.page_when(&what, shown).await;
            let labels = [("sag_id", sag_id.as_str()), ("collector", "accounts")];
            let complete = page.value("sag_collection_success", &labels) == Some(1.0);
            let truth = simulator.truth();
            let users = truth.instances[0].users.len();
            let is_right = page.count("sag_user_enabled", &[]) == users;
            assert!(
                !complete || is_right,
                "{what}: a wrong list is called complete"
            );
            daemon
                .page_when(&what, |page| page.differs_from(&simulator.truth()))
                .await;
        }
    }
}

#[tokio::test]
async fn a_list_that_never_settles_is_never_called_complete() {
    let churn = Effect::Churn {
        delete: 1,
        create: 1,
    };
    let (simulator, daemon, sag_id) = paged(Rule::new(churn).on(ACCOUNTS)).await;
    let labels = [("sag_id", sag_id.as_str()), ("collector", "accounts")];
    let swept_thrice = |page: &Page| match page.sum("sag_exporter_sweeps_total", &[]) {
        sweeps if sweeps < 3.0 => Err(sweeps),
        _ => Ok(()),
    };
    let page = daemon
        .page_when("three sweeps have ended", swept_thrice)
        .await;
    assert_eq!(page.value("sag_collection_success", &labels), Some(0.0));
    assert_eq!(page.value("sag_up", &[("sag_id", &sag_id)]), Some(0.0));
    assert_eq!(
        page.sum("sag_exporter_sweeps_total", &[("outcome", "complete")]),
        0.0
    );
    let counted = page.value(
        "sag_client_users",
        &[("sag_id", &sag_id), ("state", "enabled")],
    );
    assert!(counted.is_some(), "what was read is shown");
    simulator.cloud.set_faults(Vec::new());
    daemon
        .page_when("the list settles", |page| {
            page.differs_from(&simulator.truth())
        })
        .await;
}

#[tokio::test]
async fn a_user_deleted_between_list_and_query_just_goes() {
    let effect = Effect::Churn {
        delete: 1,
        create: 0,
    };
    let rule = Rule::new(effect).on(SESSIONS).times(1);
    let (simulator, daemon, _) = paged(rule).await;
    let page = daemon
        .page_when("the user is gone", |page| {
            page.differs_from(&simulator.truth())
        })
        .await;
    assert_eq!(page.count("sag_user_enabled", &[]), 6);
    assert!(
        failed_requests(&page) <= 1.0,
        "at most the query for the user itself fails"
    );
    assert_eq!(
        page.sum("sag_exporter_sweeps_total", &[("outcome", "failed")]),
        0.0
    );
}

#[tokio::test]
async fn a_total_that_is_off_makes_the_list_incomplete_and_loses_nobody() {
    for off in [3, -3] {
        let rule = Rule::new(Effect::TotalOff(off)).on(ACCOUNTS);
        let (simulator, daemon, sag_id) = paged(rule).await;
        let id = [("sag_id", sag_id.as_str())];
        let swept = |page: &Page| match page.count("sag_up", &[]) {
            0 => Err("nothing is shown yet"),
            _ => Ok(()),
        };
        let page = daemon.page_when("the first sweep is shown", swept).await;
        let said = 7.0 + f64::from(i32::try_from(off).unwrap());
        assert_eq!(page.value("sag_up", &id), Some(0.0));
        assert_eq!(
            page.value("sag_collection_expected_users", &id),
            Some(said),
            "{off}"
        );
        assert_eq!(
            page.value("sag_collection_collected_users", &id),
            Some(7.0),
            "{off}"
        );
        assert_eq!(page.count("sag_user_enabled", &[]), 7, "{off}");
        assert_eq!(failed_requests(&page), 0.0);
        simulator.cloud.set_faults(Vec::new());
        daemon
            .page_when("the total is right", |page| {
                page.differs_from(&simulator.truth())
            })
            .await;
    }
}
