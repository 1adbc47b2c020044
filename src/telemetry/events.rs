//! What is counted of events.

use prometheus::{GaugeVec, IntCounterVec, Registry};

use super::Telemetry;
use super::register::{counters, forget, gauges};
use crate::catalog;
use crate::model::FailureKind;

/// The families about events.
#[derive(Debug)]
pub(super) struct EventMetrics {
    told: IntCounterVec,
    queued: GaugeVec,
    dropped: IntCounterVec,
    deliveries: IntCounterVec,
}

impl EventMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            told: counters(registry, &catalog::EVENTS)?,
            queued: gauges(registry, &catalog::EVENTS_QUEUED)?,
            dropped: counters(registry, &catalog::EVENTS_DROPPED)?,
            deliveries: counters(registry, &catalog::EVENT_DELIVERIES)?,
        })
    }
}

impl Telemetry {
    /// So many events of a kind were told; none makes the counter exist.
    pub fn events(&self, kind: &str, count: u64) {
        self.0.events.told.with_label_values(&[kind]).inc_by(count);
    }

    /// How many events wait for a sink.
    #[expect(clippy::cast_precision_loss, reason = "queues are short")]
    pub fn events_queued(&self, sink: &str, count: usize) {
        let queued = &self.0.events.queued;
        queued.with_label_values(&[sink]).set(count as f64);
    }

    /// So many events will not arrive at a sink; none makes the counter exist.
    pub fn events_dropped(&self, sink: &str, reason: &str, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let dropped = &self.0.events.dropped;
        dropped.with_label_values(&[sink, reason]).inc_by(count);
    }

    /// So many attempts to deliver to a sink ended so; none makes the counter
    /// exist.
    pub fn event_deliveries(&self, sink: &str, outcome: &str, count: u64) {
        let deliveries = &self.0.events.deliveries;
        deliveries.with_label_values(&[sink, outcome]).inc_by(count);
    }

    /// A sink is in force no longer: its series go.
    pub fn event_sink_removed(&self, sink: &str, reasons: &[&str]) {
        let metrics = &self.0.events;
        forget(&metrics.queued, &[sink]);
        for reason in reasons {
            forget(&metrics.dropped, &[sink, reason]);
        }
        let kinds = FailureKind::ALL.into_iter().map(FailureKind::as_str);
        for outcome in kinds.chain(["ok", "unwritable"]) {
            forget(&metrics.deliveries, &[sink, outcome]);
        }
    }
}
