//! That every family is counted, and how it is spelled.

use super::*;

fn telemetry() -> Telemetry {
    Telemetry::new(BuildInfo {
        version: "1",
        revision: "2",
        rustversion: "3",
    })
    .unwrap()
}

#[test]
fn every_family_of_the_process_appears_once_it_is_used() {
    let telemetry = telemetry();
    let account = AccountName::parse("main").unwrap();
    let took = Duration::from_millis(3);
    telemetry.account_added(&account);
    telemetry.sweep_ended(&account, SweepOutcome::Partial, took);
    telemetry.sweep_interval(took);
    telemetry.api_request(
        &account,
        Action::KickOutClients,
        Err(FailureKind::Denied),
        took,
    );
    telemetry.api_rate_limit(&account, Action::KickOutClients, 5.0);
    telemetry.bulk_available(&account, Action::KickOutClients, true);
    telemetry.credential_obtained(&account, Some(Timestamp::UNIX_EPOCH));
    telemetry.api_demand_ratio(&account, 0.5);
    telemetry.shard(0, NonZeroU32::MIN);
    telemetry.config_loaded(Timestamp::UNIX_EPOCH);
    telemetry.series_limited(true);
    telemetry.events("session_started", 1);
    telemetry.events_queued("file", 1);
    telemetry.events_dropped("file", "queue_full", 0);
    telemetry.event_deliveries("file", "ok", 1);
    telemetry.web_config_loaded(Timestamp::UNIX_EPOCH);
    telemetry.state_restored(true);
    telemetry.state_written(Timestamp::UNIX_EPOCH, 1);
    telemetry.http_request("metrics", 200);
    telemetry.http_connection_refused("limit");
    let text = String::from_utf8(telemetry.encode().unwrap()).unwrap();
    for family in catalog::EXPORTER {
        let type_line = format!("# TYPE {} {}\n", family.name, family.kind.as_str());
        assert!(
            text.contains(&type_line),
            "{} is missing in\n{text}",
            family.name
        );
    }
    assert!(
        text.contains(r#"sag_exporter_sweeps_total{account="main",outcome="failed"} 0"#),
        "{text}"
    );
}

#[test]
fn a_removed_account_leaves_nothing_behind() {
    let telemetry = telemetry();
    let [gone, stays] = ["gone", "stays"].map(|name| AccountName::parse(name).unwrap());
    let took = Duration::from_millis(3);
    for account in [&gone, &stays] {
        telemetry.account_added(account);
        telemetry.sweep_ended(account, SweepOutcome::Complete, took);
        telemetry.credential_obtained(account, Some(Timestamp::UNIX_EPOCH));
        telemetry.credential_failed(account);
        for action in Action::ALL {
            telemetry.api_rate_limit(account, action, 5.0);
            telemetry.bulk_available(account, action, true);
            telemetry.api_request(account, action, Ok(()), took);
            for kind in FailureKind::ALL {
                telemetry.api_request(account, action, Err(kind), took);
            }
        }
    }
    telemetry.account_removed(&gone);
    let text = String::from_utf8(telemetry.encode().unwrap()).unwrap();
    assert!(!text.contains("gone"), "{text}");
    assert_eq!(text.matches(r#"account="stays""#).count(), 106, "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_reports_on_itself() {
    let text = String::from_utf8(telemetry().encode().unwrap()).unwrap();
    assert!(text.contains("\nprocess_resident_memory_bytes "), "{text}");
}

#[test]
fn what_is_counted_by_account_can_be_read_back() {
    let telemetry = telemetry();
    let account = AccountName::parse("main").unwrap();
    let action = Action::DescribeUserOnlineClients;
    let took = Duration::from_millis(1500);
    let end = Timestamp::from_second(1_800_000_000).unwrap();
    telemetry.account_added(&account);
    assert!(telemetry.by_account().is_empty(), "nothing was counted yet");
    telemetry.sweep_ended(&account, SweepOutcome::Complete, took);
    telemetry.credential_obtained(&account, Some(end));
    telemetry.credential_failed(&account);
    telemetry.api_rate_limit(&account, action, 2.5);
    telemetry.api_demand_ratio(&account, 0.5);
    telemetry.bulk_available(&account, Action::DescribeUserFlowStatistics, false);
    for outcome in [Ok(()), Ok(()), Err(FailureKind::Throttled)] {
        telemetry.api_request(&account, action, outcome, took);
    }
    let accounts = telemetry.by_account();
    let readings = &accounts["main"];
    assert_eq!(readings.sweep_seconds, Some(1.5));
    assert_eq!(readings.demand_ratio, Some(0.5));
    assert_eq!(readings.credential_expires, Some(end));
    assert_eq!(readings.credential_failures, 1);
    let operation = &readings.operations[&action];
    assert_eq!(operation.rate_limit, Some(2.5));
    assert_eq!((operation.calls.ok, operation.calls.total()), (2, 3));
    assert_eq!(operation.recent, operation.calls);
    let bulk = &readings.operations[&Action::DescribeUserFlowStatistics];
    assert_eq!((bulk.available, bulk.calls.total()), (Some(false), 0));
    telemetry.account_removed(&account);
    assert!(telemetry.by_account().is_empty());
}
