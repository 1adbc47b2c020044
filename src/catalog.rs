//! Every metric family, declared once: name, help, kind, labels.
//!
//! The exposition writer, the exporter's own registry, the documentation and
//! the tests all read this table; a family that is not here does not exist.
//! Families of the fleet are rendered from snapshots; families of the process
//! are counted while it runs. The two sets are disjoint.

/// What a family measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A value that goes up and down.
    Gauge,
    /// A count that only goes up; its name ends in `_total`.
    Counter,
    /// Counts of observations by size.
    Histogram,
}

impl Kind {
    /// The word of the `# TYPE` line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
        }
    }
}

/// How families are spelled on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format, version 0.0.4.
    Text,
    /// OpenMetrics, version 1.0.0.
    OpenMetrics,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::Text, Self::OpenMetrics];

    /// The name under which a family is described. OpenMetrics keeps the
    /// `_total` of a counter for its samples.
    pub fn described_name(self, name: &str) -> &str {
        match self {
            Self::Text => name,
            Self::OpenMetrics => name.strip_suffix("_total").unwrap_or(name),
        }
    }

    /// What follows the last family.
    pub fn end(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::OpenMetrics => "# EOF\n",
        }
    }
}

/// One metric family.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// The name of the family, counters with their `_total`.
    pub name: &'static str,
    /// What it means: one sentence, shown to everyone who hovers over it.
    pub help: &'static str,
    /// What it measures.
    pub kind: Kind,
    /// The names of its labels, in the order in which they are written.
    pub labels: &'static [&'static str],
}

macro_rules! families {
    ($(#[$doc:meta])* $list:ident: $($ident:ident = $kind:ident $name:literal [$($label:literal)*] $help:literal;)*) => {
        $(
            #[doc = $help]
            pub static $ident: Family =
                Family { name: $name, help: $help, kind: Kind::$kind, labels: &[$($label),*] };
        )*
        $(#[$doc])*
        pub static $list: &[&Family] = &[$(&$ident),*];
    };
}

families! {
    /// The families of the fleet, in the order of the exposition.
    FLEET:
    UP = Gauge "sag_up" ["sag_id"]
        "Whether the last sweep of the instance was complete (1) or not (0).";
    INSTANCE_INFO = Gauge "sag_instance_info" ["sag_id" "account" "region" "name"]
        "The instance with its cloud account, region and name; always 1.";
    INSTANCE_EXPIRY = Gauge "sag_instance_expiry_timestamp_seconds" ["sag_id"]
        "When the subscription of the instance ends.";
    INSTANCE_ACCOUNT_QUOTA = Gauge "sag_instance_account_quota" ["sag_id"]
        "How many client accounts may exist in the instance.";
    INSTANCE_BANDWIDTH_LIMIT = Gauge "sag_instance_bandwidth_limit_bytes_per_second" ["sag_id"]
        "The bandwidth that was bought for the instance.";
    COLLECTION_SUCCESS = Gauge "sag_collection_success" ["sag_id" "collector"]
        "Whether the last run of the collector was complete (1) or not (0).";
    COLLECTION_LAST_SUCCESS = Gauge "sag_collection_last_success_timestamp_seconds" ["sag_id" "collector"]
        "When the collector last ran completely.";
    COLLECTION_EXPECTED_USERS = Gauge "sag_collection_expected_users" ["sag_id"]
        "How many client accounts the cloud says there are (TotalCount of the last list).";
    COLLECTION_COLLECTED_USERS = Gauge "sag_collection_collected_users" ["sag_id"]
        "How many distinct client accounts the last list held.";
    CLIENT_USERS = Gauge "sag_client_users" ["sag_id" "state"]
        "Client accounts by state.";
    STATIC_IP_USERS = Gauge "sag_static_ip_users" ["sag_id"]
        "Client accounts with a static address.";
    ONLINE_USERS = Gauge "sag_online_users" ["sag_id"]
        "Client accounts with at least one client online, as last observed.";
    ONLINE_CLIENTS = Gauge "sag_online_clients" ["sag_id"]
        "Clients (sessions) online, as last observed.";
    REPORTED_ONLINE_CLIENTS = Gauge "sag_reported_online_clients" ["sag_id"]
        "Clients (sessions) online by the cloud's own count of the instance, where it can be had.";
    STALE_USERS = Gauge "sag_stale_users" ["sag_id"]
        "Client accounts whose sessions were not observed in the last sweep.";
    OLDEST_OBSERVATION = Gauge "sag_oldest_observation_timestamp_seconds" ["sag_id"]
        "When that client account was last observed whose sessions were not observed longest.";
    ALLOCATED_BANDWIDTH = Gauge "sag_allocated_bandwidth_bytes_per_second" ["sag_id"]
        "Bandwidth allotted to the client accounts, summed up.";
    ALLOCATED_ACCELERATION_BANDWIDTH = Gauge "sag_allocated_acceleration_bandwidth_bytes_per_second" ["sag_id"]
        "Application acceleration bandwidth allotted to the client accounts, summed up.";
    SESSIONS_STARTED = Counter "sag_sessions_started_total" ["sag_id"]
        "Sessions that were seen to start between two sweeps since the exporter runs; a reconnect within one interval is seen only if its start time was read.";
    SESSIONS_ENDED = Counter "sag_sessions_ended_total" ["sag_id"]
        "Sessions that were seen to end between two sweeps since the exporter runs; a reconnect within one interval is seen only if its start time was read.";
    SESSION_DURATION = Histogram "sag_session_duration_seconds" ["sag_id"]
        "How long the sessions lasted that were seen to end, to the precision of the sweep interval.";
    ANOMALIES = Gauge "sag_anomalies" ["sag_id" "rule"]
        "Anomalies that a rule finds now, users and the instance itself counted one by one.";
    USER_ENABLED = Gauge "sag_user_enabled" ["sag_id" "user"]
        "Whether the client account may log in (1) or is disabled (0).";
    USER_STATIC_IP = Gauge "sag_user_static_ip" ["sag_id" "user"]
        "Whether the client account has a static address (1) or a dynamic one (0).";
    USER_ONLINE_CLIENTS = Gauge "sag_user_online_clients" ["sag_id" "user"]
        "Clients (sessions) of the client account that are online, as last observed.";
    USER_BANDWIDTH_LIMIT = Gauge "sag_user_bandwidth_limit_bytes_per_second" ["sag_id" "user"]
        "Bandwidth allotted to the client account.";
    USER_ACCELERATION_BANDWIDTH_LIMIT = Gauge "sag_user_acceleration_bandwidth_limit_bytes_per_second" ["sag_id" "user"]
        "Application acceleration bandwidth allotted to the client account.";
    USER_OLDEST_SESSION_START = Gauge "sag_user_oldest_session_start_timestamp_seconds" ["sag_id" "user"]
        "When the oldest session of the client account started; only while it is online.";
    USER_NEWEST_SESSION_START = Gauge "sag_user_newest_session_start_timestamp_seconds" ["sag_id" "user"]
        "When the newest session of the client account started; only while it is online.";
    USER_LAST_ONLINE = Gauge "sag_user_last_online_timestamp_seconds" ["sag_id" "user"]
        "When the client account was last seen online; only if it ever was.";
    USER_MONTH_TRAFFIC = Gauge "sag_user_month_traffic_bytes" ["sag_id" "user"]
        "Traffic of the client account in this month so far; it starts anew with each month.";
    USER_TRAFFIC_ALLOWANCE_REMAINING = Gauge "sag_user_traffic_allowance_remaining_bytes" ["sag_id" "user"]
        "What is left of the free traffic of the client account in this month.";
    USER_SESSION_LIMIT = Gauge "sag_user_session_limit" ["sag_id" "user"]
        "How many sessions at once the policy allows the client account; only if it says so.";
    USER_ANOMALY = Gauge "sag_user_anomaly" ["sag_id" "rule" "user"]
        "An anomaly that a rule finds at the client account now; always 1.";
    USER_INFO = Gauge "sag_user_info" ["sag_id" "user" "client_ip"]
        "A tunnel address from which the client account is online, as last observed; always 1, and only with labels.user_info.";
}

families! {
    /// The families of the process.
    EXPORTER:
    BUILD_INFO = Gauge "sag_exporter_build_info" ["version" "revision" "rustversion"]
        "The version that runs; always 1.";
    SWEEPS = Counter "sag_exporter_sweeps_total" ["account" "outcome"]
        "Sweeps of a cloud account by outcome: complete, partial or failed.";
    SWEEP_DURATION = Gauge "sag_exporter_sweep_duration_seconds" ["account"]
        "How long the last sweep of the cloud account took.";
    SWEEP_INTERVAL = Gauge "sag_exporter_sweep_interval_seconds" []
        "The configured time from the start of one sweep to the start of the next.";
    API_REQUESTS = Counter "sag_exporter_api_requests_total" ["account" "action" "outcome"]
        "Requests to the cloud API by outcome, retries counted one by one.";
    API_REQUEST_DURATION = Histogram "sag_exporter_api_request_duration_seconds" ["action"]
        "How long requests to the cloud API took, without the time spent waiting for the rate limit.";
    API_RATE_LIMIT = Gauge "sag_exporter_api_rate_limit" ["account" "action"]
        "Calls per second that pacing allows now.";
    API_DEMAND_RATIO = Gauge "sag_exporter_api_demand_ratio" ["account"]
        "Calls that the last sweep needed, lists spread over the sweeps between them, over the calls that the configured rate allows in an interval; above 1 sweeps cannot keep up.";
    SHARD_INFO = Gauge "sag_exporter_shard_info" ["shard" "shards"]
        "Which of the processes that share the instances this one is, counted from 0, and how many there are; always 1.";
    BULK_AVAILABLE = Gauge "sag_exporter_bulk_operation_available" ["account" "action"]
        "Whether the optional operation answers (1), or is missing or denied for some instance (0).";
    CREDENTIAL_REFRESHES = Counter "sag_exporter_credential_refreshes_total" ["account" "outcome"]
        "Attempts to obtain the credential of the cloud account anew, by outcome: ok or failed.";
    CREDENTIAL_EXPIRY = Gauge "sag_exporter_credential_expiry_timestamp_seconds" ["account"]
        "When the credential in use for the cloud account ends; absent if it has no end.";
    CONFIG_RELOAD_SUCCESSFUL = Gauge "sag_exporter_config_last_reload_successful" []
        "Whether the last attempt to load the configuration succeeded (1) or not (0).";
    CONFIG_RELOAD_SUCCESS_TIMESTAMP = Gauge "sag_exporter_config_last_reload_success_timestamp_seconds" []
        "When the configuration in force was loaded.";
    WEB_CONFIG_RELOAD_SUCCESSFUL = Gauge "sag_exporter_web_config_last_reload_successful" []
        "Whether the last reading of the web configuration succeeded (1) or not (0); only if there is one.";
    WEB_CONFIG_RELOAD_SUCCESS_TIMESTAMP = Gauge "sag_exporter_web_config_last_reload_success_timestamp_seconds" []
        "When the web configuration in force was read; only if there is one.";
    SERIES_LIMITED = Gauge "sag_exporter_series_limited" []
        "Whether series of users are left out because there would be more than the limit (1) or not (0).";
    EVENTS = Counter "sag_exporter_events_total" ["kind"]
        "Events that were told, by kind, whether they arrived or not; only if somebody is told.";
    EVENTS_QUEUED = Gauge "sag_exporter_events_queued" ["sink"]
        "Events that wait for the sink or are on their way.";
    EVENTS_DROPPED = Counter "sag_exporter_events_dropped_total" ["sink" "reason"]
        "Events that will never arrive at the sink: the queue was full, the sink rejects them, cannot be written, was tried for too long, or the program ended.";
    EVENT_DELIVERIES = Counter "sag_exporter_event_deliveries_total" ["sink" "outcome"]
        "Attempts to deliver some events to the sink by outcome, retries counted one by one.";
    STATE_RESTORED = Gauge "sag_exporter_state_restored" []
        "Whether the state of an earlier run was restored at the start (1), or there was none that could be used (0); only with a state file.";
    STATE_WRITE_SUCCESSFUL = Gauge "sag_exporter_state_last_write_successful" []
        "Whether the last attempt to write the state file succeeded (1) or not (0); only with a state file.";
    STATE_WRITE_SUCCESS_TIMESTAMP = Gauge "sag_exporter_state_last_write_success_timestamp_seconds" []
        "When the state file was last written; only once it was.";
    STATE_SIZE = Gauge "sag_exporter_state_size_bytes" []
        "How long the state file is; only once it was written.";
    HTTP_REQUESTS = Counter "sag_exporter_http_requests_total" ["handler" "code"]
        "HTTP requests that were answered, by handler and status code.";
    HTTP_CONNECTIONS_REFUSED = Counter "sag_exporter_http_connections_refused_total" ["reason"]
        "Connections that were closed early because a limit was reached.";
}

/// Every family of this program, fleet first. The process collector's
/// `process_*` families come on top.
pub fn all() -> impl Iterator<Item = &'static Family> {
    FLEET.iter().chain(EXPORTER).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The names of the samples of one family may not be those of another, and
    /// a name under which a family is described stands once.
    #[test]
    fn families_do_not_collide_in_openmetrics() {
        let described: HashSet<_> = all()
            .map(|family| Format::OpenMetrics.described_name(family.name))
            .collect();
        assert_eq!(described.len(), all().count());
        for name in described.iter().flat_map(|name| {
            ["_total", "_created", "_bucket", "_sum", "_count"].map(|end| format!("{name}{end}"))
        }) {
            assert!(!described.contains(name.as_str()), "{name}");
        }
    }

    #[test]
    fn families_are_unique_and_well_named() {
        let mut seen = HashSet::new();
        for family in all() {
            assert!(
                seen.insert(family.name),
                "{} is declared twice",
                family.name
            );
            assert!(family.name.starts_with("sag_"), "{}", family.name);
            assert_eq!(
                family.kind == Kind::Counter,
                family.name.ends_with("_total"),
                "{}",
                family.name
            );
            assert!(
                family.help.ends_with('.'),
                "{}: help is a sentence",
                family.name
            );
            assert!(
                !family.help.contains(['\\', '\n', '"']),
                "{}: help needs no escaping",
                family.name
            );
        }
    }
}
