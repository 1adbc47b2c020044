//! From families of the catalogue to registered metrics.

use prometheus::core::{MetricVec, MetricVecBuilder};
use prometheus::{Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

use crate::catalog::Family;

fn options(family: &Family) -> Opts {
    Opts::new(family.name, family.help)
}

pub(super) fn counters(
    registry: &Registry,
    family: &Family,
) -> Result<IntCounterVec, prometheus::Error> {
    let counters = IntCounterVec::new(options(family), family.labels)?;
    registry.register(Box::new(counters.clone()))?;
    Ok(counters)
}

pub(super) fn gauges(registry: &Registry, family: &Family) -> Result<GaugeVec, prometheus::Error> {
    let gauges = GaugeVec::new(options(family), family.labels)?;
    registry.register(Box::new(gauges.clone()))?;
    Ok(gauges)
}

pub(super) fn gauge(registry: &Registry, family: &Family) -> Result<Gauge, prometheus::Error> {
    let gauge = Gauge::with_opts(options(family))?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

pub(super) fn histograms(
    registry: &Registry,
    family: &Family,
) -> Result<HistogramVec, prometheus::Error> {
    let options = HistogramOpts::new(family.name, family.help).buckets(SECONDS.to_vec());
    let histograms = HistogramVec::new(options, family.labels)?;
    registry.register(Box::new(histograms.clone()))?;
    Ok(histograms)
}

/// Takes a series away that is out of date. What was never counted cannot be
/// removed, and need not be.
pub(super) fn forget<Metric: MetricVecBuilder>(family: &MetricVec<Metric>, labels: &[&str]) {
    drop(family.remove_label_values(labels));
}

#[cfg(target_os = "linux")]
pub(super) fn register_process(registry: &Registry) -> Result<(), prometheus::Error> {
    registry.register(Box::new(
        prometheus::process_collector::ProcessCollector::for_self(),
    ))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn register_process(_: &Registry) -> Result<(), prometheus::Error> {
    Ok(())
}

/// Buckets for the duration of API requests: loopback to the client's total
/// timeout.
const SECONDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
