//! A query for every metric, to begin with.

use std::collections::BTreeSet;

use promql_parser::parser;
use sag_exporter::catalog::{self, Family, Kind};

#[test]
fn every_example_is_a_query_for_its_metric() {
    for family in catalog::all() {
        let query = example(family);
        let parsed = parser::parse(&query);
        assert!(parsed.is_ok(), "{}: {query}: {parsed:?}", family.name);
        assert!(query.contains(family.name), "{}: {query}", family.name);
    }
}

#[test]
fn every_example_is_for_a_metric_that_exists() {
    let names: BTreeSet<&str> = catalog::all().map(|family| family.name).collect();
    for (name, _) in EXAMPLES {
        assert!(names.contains(name), "{name}");
    }
}

/// What somebody may ask first.
pub(crate) fn example(family: &Family) -> String {
    let name = family.name;
    let mut examples = EXAMPLES.iter();
    if let Some((_, query)) = examples.find(|(of, _)| *of == name) {
        return (*query).to_owned();
    }
    match family.kind {
        Kind::Counter => format!("rate({name}[15m])"),
        Kind::Histogram => {
            format!("histogram_quantile(0.9, sum by (le) (rate({name}_bucket[1h])))")
        }
        Kind::Gauge if name.ends_with("_timestamp_seconds") => format!("time() - {name}"),
        Kind::Gauge => name.to_owned(),
    }
}

const EXAMPLES: &[(&str, &str)] = &[
    ("sag_up", "sag_up == 0"),
    (
        "sag_instance_info",
        "count by (account, region) (sag_instance_info)",
    ),
    (
        "sag_instance_expiry_timestamp_seconds",
        "(sag_instance_expiry_timestamp_seconds - time()) / 86400 < 30",
    ),
    (
        "sag_instance_account_quota",
        "sag_collection_expected_users / sag_instance_account_quota > 0.9",
    ),
    ("sag_collection_success", "sag_collection_success == 0"),
    (
        "sag_collection_expected_users",
        "sag_collection_expected_users - sag_collection_collected_users > 0",
    ),
    (
        "sag_collection_collected_users",
        "sum(sag_collection_collected_users)",
    ),
    ("sag_client_users", "sum by (state) (sag_client_users)"),
    ("sag_online_users", "sum(sag_online_users)"),
    (
        "sag_online_clients",
        "sag_online_clients / sag_online_users",
    ),
    (
        "sag_reported_online_clients",
        "sag_reported_online_clients - sag_online_clients",
    ),
    ("sag_stale_users", "sag_stale_users > 0"),
    (
        "sag_oldest_observation_timestamp_seconds",
        "time() - sag_oldest_observation_timestamp_seconds",
    ),
    (
        "sag_allocated_bandwidth_bytes_per_second",
        "sag_allocated_bandwidth_bytes_per_second / sag_instance_bandwidth_limit_bytes_per_second",
    ),
    (
        "sag_sessions_started_total",
        "increase(sag_sessions_started_total[1d])",
    ),
    (
        "sag_sessions_ended_total",
        "increase(sag_sessions_ended_total[5m])",
    ),
    (
        "sag_session_duration_seconds",
        "histogram_quantile(0.5, sum by (le) (rate(sag_session_duration_seconds_bucket[1d])))",
    ),
    ("sag_anomalies", "sum by (rule) (sag_anomalies) > 0"),
    (
        "sag_user_enabled",
        "sag_user_online_clients > 0 and sag_user_enabled == 0",
    ),
    ("sag_user_static_ip", "sag_user_static_ip == 1"),
    ("sag_user_online_clients", "sag_user_online_clients > 1"),
    (
        "sag_user_bandwidth_limit_bytes_per_second",
        "topk(10, sag_user_bandwidth_limit_bytes_per_second)",
    ),
    (
        "sag_user_oldest_session_start_timestamp_seconds",
        "topk(10, time() - sag_user_oldest_session_start_timestamp_seconds)",
    ),
    (
        "sag_user_last_online_timestamp_seconds",
        "time() - sag_user_last_online_timestamp_seconds > 30 * 86400",
    ),
    (
        "sag_user_month_traffic_bytes",
        "topk(10, sag_user_month_traffic_bytes)",
    ),
    (
        "sag_user_traffic_allowance_remaining_bytes",
        "sag_user_traffic_allowance_remaining_bytes == 0",
    ),
    (
        "sag_user_session_limit",
        "sag_user_online_clients > sag_user_session_limit",
    ),
    (
        "sag_user_anomaly",
        "count by (sag_id, rule) (sag_user_anomaly)",
    ),
    (
        "sag_user_info",
        "count by (sag_id, client_ip) (sag_user_info) > 1",
    ),
    (
        "sag_exporter_sweeps_total",
        "sum by (account, outcome) (rate(sag_exporter_sweeps_total[15m]))",
    ),
    (
        "sag_exporter_sweep_duration_seconds",
        "sag_exporter_sweep_duration_seconds > on () group_left () sag_exporter_sweep_interval_seconds",
    ),
    (
        "sag_exporter_api_requests_total",
        "sum by (account, outcome) (rate(sag_exporter_api_requests_total[15m]))",
    ),
    (
        "sag_exporter_api_request_duration_seconds",
        "histogram_quantile(0.9, sum by (action, le) (rate(sag_exporter_api_request_duration_seconds_bucket[15m])))",
    ),
    (
        "sag_exporter_api_rate_limit",
        "min by (account) (sag_exporter_api_rate_limit)",
    ),
    (
        "sag_exporter_api_demand_ratio",
        "sag_exporter_api_demand_ratio > 1",
    ),
    (
        "sag_exporter_shard_info",
        "count(count by (shard) (sag_exporter_shard_info))",
    ),
    (
        "sag_exporter_bulk_operation_available",
        "sag_exporter_bulk_operation_available == 0",
    ),
    (
        "sag_exporter_credential_expiry_timestamp_seconds",
        "sag_exporter_credential_expiry_timestamp_seconds - time() < 300",
    ),
    (
        "sag_exporter_config_last_reload_successful",
        "sag_exporter_config_last_reload_successful == 0",
    ),
    (
        "sag_exporter_web_config_last_reload_successful",
        "sag_exporter_web_config_last_reload_successful == 0",
    ),
    (
        "sag_exporter_series_limited",
        "sag_exporter_series_limited == 1",
    ),
    (
        "sag_exporter_http_requests_total",
        "sum by (handler, code) (rate(sag_exporter_http_requests_total[5m]))",
    ),
];
