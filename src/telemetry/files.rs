//! What is known of the files beside the configuration. A family is absent as
//! long as its file is not asked for.

use jiff::Timestamp;
use prometheus::{GaugeVec, Registry};

use super::Telemetry;
use super::register::gauges;
use crate::catalog;

/// The families about the web configuration and the state.
#[derive(Debug)]
pub(super) struct FileMetrics {
    web_reload_successful: GaugeVec,
    web_reload_success_timestamp: GaugeVec,
    state_restored: GaugeVec,
    state_write_successful: GaugeVec,
    state_write_success_timestamp: GaugeVec,
    state_size: GaugeVec,
}

impl FileMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let family = |family| gauges(registry, family);
        Ok(Self {
            web_reload_successful: family(&catalog::WEB_CONFIG_RELOAD_SUCCESSFUL)?,
            web_reload_success_timestamp: family(&catalog::WEB_CONFIG_RELOAD_SUCCESS_TIMESTAMP)?,
            state_restored: family(&catalog::STATE_RESTORED)?,
            state_write_successful: family(&catalog::STATE_WRITE_SUCCESSFUL)?,
            state_write_success_timestamp: family(&catalog::STATE_WRITE_SUCCESS_TIMESTAMP)?,
            state_size: family(&catalog::STATE_SIZE)?,
        })
    }
}

impl Telemetry {
    /// A web configuration came into force.
    pub fn web_config_loaded(&self, at: Timestamp) {
        set(&self.0.files.web_reload_successful, 1.0);
        set_moment(&self.0.files.web_reload_success_timestamp, at);
    }

    /// A web configuration was refused; the old one stays in force.
    pub fn web_config_refused(&self) {
        set(&self.0.files.web_reload_successful, 0.0);
    }

    /// Whether the state of an earlier run was taken in at the start.
    pub fn state_restored(&self, restored: bool) {
        set(&self.0.files.state_restored, f64::from(u8::from(restored)));
    }

    /// The state was written.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the bytes of a file fit in 53 bits"
    )]
    pub fn state_written(&self, at: Timestamp, bytes: u64) {
        set(&self.0.files.state_write_successful, 1.0);
        set_moment(&self.0.files.state_write_success_timestamp, at);
        set(&self.0.files.state_size, bytes as f64);
    }

    /// The state could not be written; the last one that could stays.
    pub fn state_not_written(&self) {
        set(&self.0.files.state_write_successful, 0.0);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds since 1970 fit in 53 bits"
)]
fn set_moment(gauge: &GaugeVec, at: Timestamp) {
    set(gauge, at.as_second() as f64);
}

/// Sets a gauge without labels that is absent until then.
fn set(gauge: &GaugeVec, value: f64) {
    let none: [&str; 0] = [];
    gauge.with_label_values(&none).set(value);
}
