//! The exporter's own metrics.
//!
//! All of them are registered here, from the families of the catalogue, in a
//! registry that belongs to this object alone.

mod events;
mod files;
mod openmetrics;
mod readings;
mod recent;
mod register;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use prometheus::proto::MetricFamily;
use prometheus::{Encoder, Gauge, GaugeVec, HistogramVec, IntCounterVec, Registry};

use self::events::EventMetrics;
use self::files::FileMetrics;
pub use self::readings::{AccountReadings, OperationReadings};
use self::recent::Recent;
pub use self::recent::{Calls, RECENT};
use self::register::{counters, forget, gauge, gauges, histograms, register_process};
use crate::catalog::{self, Format};
use crate::model::{AccountName, Action, FailureKind, SweepOutcome};

/// What is known of the program that runs.
#[derive(Debug, Clone, Copy)]
pub struct BuildInfo {
    /// The version of the package.
    pub version: &'static str,
    /// The revision of the source, `unknown` outside a checkout.
    pub revision: &'static str,
    /// The version of the compiler.
    pub rustversion: &'static str,
}

/// The exporter's own counters. Cheap to clone; all clones count together.
#[derive(Debug, Clone)]
pub struct Telemetry(Arc<Metrics>);

#[derive(Debug)]
struct Metrics {
    registry: Registry,
    sweeps: IntCounterVec,
    sweep_duration: GaugeVec,
    sweep_interval: Gauge,
    api_requests: IntCounterVec,
    api_request_duration: HistogramVec,
    api_rate_limit: GaugeVec,
    api_demand_ratio: GaugeVec,
    shard_info: GaugeVec,
    bulk_available: GaugeVec,
    credential_refreshes: IntCounterVec,
    credential_expiry: GaugeVec,
    reload_successful: Gauge,
    reload_success_timestamp: Gauge,
    series_limited: Gauge,
    events: EventMetrics,
    files: FileMetrics,
    http_requests: IntCounterVec,
    connections_refused: IntCounterVec,
    recent: Recent,
}

impl Telemetry {
    /// Registers every family of the process.
    ///
    /// # Errors
    ///
    /// If the catalogue names a family twice or with a bad name; a test proves
    /// that it does not.
    pub fn new(build: BuildInfo) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let build_info = gauges(&registry, &catalog::BUILD_INFO)?;
        build_info
            .with_label_values(&[build.version, build.revision, build.rustversion])
            .set(1.0);
        let metrics = Metrics {
            sweeps: counters(&registry, &catalog::SWEEPS)?,
            sweep_duration: gauges(&registry, &catalog::SWEEP_DURATION)?,
            sweep_interval: gauge(&registry, &catalog::SWEEP_INTERVAL)?,
            api_requests: counters(&registry, &catalog::API_REQUESTS)?,
            api_request_duration: histograms(&registry, &catalog::API_REQUEST_DURATION)?,
            api_rate_limit: gauges(&registry, &catalog::API_RATE_LIMIT)?,
            api_demand_ratio: gauges(&registry, &catalog::API_DEMAND_RATIO)?,
            shard_info: gauges(&registry, &catalog::SHARD_INFO)?,
            bulk_available: gauges(&registry, &catalog::BULK_AVAILABLE)?,
            credential_refreshes: counters(&registry, &catalog::CREDENTIAL_REFRESHES)?,
            credential_expiry: gauges(&registry, &catalog::CREDENTIAL_EXPIRY)?,
            reload_successful: gauge(&registry, &catalog::CONFIG_RELOAD_SUCCESSFUL)?,
            reload_success_timestamp: gauge(&registry, &catalog::CONFIG_RELOAD_SUCCESS_TIMESTAMP)?,
            series_limited: gauge(&registry, &catalog::SERIES_LIMITED)?,
            events: EventMetrics::new(&registry)?,
            files: FileMetrics::new(&registry)?,
            http_requests: counters(&registry, &catalog::HTTP_REQUESTS)?,
            connections_refused: counters(&registry, &catalog::HTTP_CONNECTIONS_REFUSED)?,
            registry,
            recent: Recent::new(),
        };
        register_process(&metrics.registry)?;
        Ok(Self(Arc::new(metrics)))
    }

    /// One request to the cloud, retries one by one.
    pub fn api_request(
        &self,
        account: &AccountName,
        action: Action,
        outcome: Result<(), FailureKind>,
        took: Duration,
    ) {
        self.0.recent.call(account, action, outcome);
        let outcome = outcome.map_or_else(FailureKind::as_str, |()| "ok");
        self.0
            .api_requests
            .with_label_values(&[account.as_str(), action.as_str(), outcome])
            .inc();
        self.0
            .api_request_duration
            .with_label_values(&[action.as_str()])
            .observe(took.as_secs_f64());
    }

    /// How many calls per second pacing allows now.
    pub fn api_rate_limit(&self, account: &AccountName, action: Action, per_second: f64) {
        self.0
            .api_rate_limit
            .with_label_values(&[account.as_str(), action.as_str()])
            .set(per_second);
    }

    /// Whether an optional operation answers.
    pub fn bulk_available(&self, account: &AccountName, action: Action, available: bool) {
        self.0
            .bulk_available
            .with_label_values(&[account.as_str(), action.as_str()])
            .set(if available { 1.0 } else { 0.0 });
    }

    /// The credential of a cloud account was obtained anew.
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 fit in 53 bits"
    )]
    pub fn credential_obtained(&self, account: &AccountName, expires: Option<Timestamp>) {
        self.0.recent.credential(account, true);
        let account = account.as_str();
        let refreshes = &self.0.credential_refreshes;
        refreshes.with_label_values(&[account, "ok"]).inc();
        refreshes.with_label_values(&[account, "failed"]).inc_by(0);
        let expiry = &self.0.credential_expiry;
        match expires {
            Some(end) => expiry
                .with_label_values(&[account])
                .set(end.as_second() as f64),
            None => forget(expiry, &[account]),
        }
    }

    /// The credential of a cloud account could not be obtained.
    pub fn credential_failed(&self, account: &AccountName) {
        self.0.recent.credential(account, false);
        let refreshes = &self.0.credential_refreshes;
        refreshes
            .with_label_values(&[account.as_str(), "ok"])
            .inc_by(0);
        refreshes
            .with_label_values(&[account.as_str(), "failed"])
            .inc();
    }

    /// A sweep of a cloud account ended.
    pub fn sweep_ended(&self, account: &AccountName, outcome: SweepOutcome, took: Duration) {
        self.0
            .sweeps
            .with_label_values(&[account.as_str(), outcome.as_str()])
            .inc();
        self.0
            .sweep_duration
            .with_label_values(&[account.as_str()])
            .set(took.as_secs_f64());
    }

    /// A cloud account is in force: its counters exist from now on, at zero.
    pub fn account_added(&self, account: &AccountName) {
        for outcome in SweepOutcome::ALL {
            self.0
                .sweeps
                .with_label_values(&[account.as_str(), outcome.as_str()])
                .inc_by(0);
        }
    }

    /// A cloud account is in force no longer, or begins anew: its series go.
    pub fn account_removed(&self, account: &AccountName) {
        let account = account.as_str();
        let metrics = &*self.0;
        metrics.recent.forget(account);
        for outcome in SweepOutcome::ALL {
            forget(&metrics.sweeps, &[account, outcome.as_str()]);
        }
        forget(&metrics.sweep_duration, &[account]);
        forget(&metrics.api_demand_ratio, &[account]);
        forget(&metrics.credential_expiry, &[account]);
        for outcome in ["ok", "failed"] {
            forget(&metrics.credential_refreshes, &[account, outcome]);
        }
        for action in Action::ALL.map(Action::as_str) {
            forget(&metrics.api_rate_limit, &[account, action]);
            forget(&metrics.bulk_available, &[account, action]);
            let kinds = FailureKind::ALL.into_iter().map(FailureKind::as_str);
            for outcome in kinds.chain(["ok"]) {
                forget(&metrics.api_requests, &[account, action, outcome]);
            }
        }
    }

    /// What is counted by cloud account, by their names.
    pub fn by_account(&self) -> BTreeMap<String, AccountReadings> {
        readings::read(&self.0)
    }

    /// The configured interval of the sweeps.
    pub fn sweep_interval(&self, interval: Duration) {
        self.0.sweep_interval.set(interval.as_secs_f64());
    }

    /// Calls that a sweep needs over calls that the rate allows.
    pub fn api_demand_ratio(&self, account: &AccountName, ratio: f64) {
        self.0
            .api_demand_ratio
            .with_label_values(&[account.as_str()])
            .set(ratio);
    }

    /// Which of the processes that share the work this one is.
    pub fn shard(&self, index: u32, count: NonZeroU32) {
        let labels = [index.to_string(), count.to_string()];
        self.0.shard_info.with_label_values(&labels).set(1.0);
    }

    /// A configuration came into force.
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 fit in 53 bits"
    )]
    pub fn config_loaded(&self, at: Timestamp) {
        self.0.reload_successful.set(1.0);
        self.0.reload_success_timestamp.set(at.as_second() as f64);
    }

    /// A configuration was refused; the old one stays in force.
    pub fn config_refused(&self) {
        self.0.reload_successful.set(0.0);
    }

    /// Whether series of users are left out because there would be too many.
    pub fn series_limited(&self, limited: bool) {
        self.0.series_limited.set(f64::from(u8::from(limited)));
    }

    /// An HTTP request was answered.
    pub fn http_request(&self, handler: &str, code: u16) {
        self.0
            .http_requests
            .with_label_values(&[handler, &code.to_string()])
            .inc();
    }

    /// A connection was closed early because a limit was reached.
    pub fn http_connection_refused(&self, reason: &str) {
        self.0
            .connections_refused
            .with_label_values(&[reason])
            .inc();
    }

    /// Everything in the text format 0.0.4.
    ///
    /// # Errors
    ///
    /// If a collector yields an inconsistent family.
    pub fn encode(&self) -> Result<Vec<u8>, prometheus::Error> {
        self.encode_as(Format::Text)
    }

    /// The same in two parts: the families of the exporter, and those of the
    /// process, which every program has under the same names.
    ///
    /// # Errors
    ///
    /// If a collector yields an inconsistent family.
    pub fn encode_apart(&self) -> Result<(Vec<u8>, Vec<u8>), prometheus::Error> {
        let families = self.0.registry.gather().into_iter();
        let is_own = |family: &MetricFamily| !family.name().starts_with("process_");
        let (own, process): (Vec<_>, Vec<_>) = families.partition(is_own);
        Ok((encode(&own)?, encode(&process)?))
    }

    /// Everything in a format, without what ends an exposition.
    ///
    /// # Errors
    ///
    /// If a collector yields an inconsistent family.
    pub fn encode_as(&self, format: Format) -> Result<Vec<u8>, prometheus::Error> {
        let families = self.0.registry.gather();
        match format {
            Format::Text => encode(&families),
            Format::OpenMetrics => openmetrics::encode(&families).map(String::into_bytes),
        }
    }
}

/// In the text format 0.0.4.
fn encode(families: &[MetricFamily]) -> Result<Vec<u8>, prometheus::Error> {
    let mut text = Vec::new();
    prometheus::TextEncoder::new().encode(families, &mut text)?;
    Ok(text)
}
