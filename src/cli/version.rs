//! What runs.

use crate::telemetry::BuildInfo;

/// What `--version` and `sag_exporter_build_info` say.
pub(super) const BUILD: BuildInfo = BuildInfo {
    version: env!("CARGO_PKG_VERSION"),
    revision: env!("BUILD_REVISION"),
    rustversion: env!("BUILD_RUSTVERSION"),
};

/// After the name of the program.
pub(super) const TEXT: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (revision ",
    env!("BUILD_REVISION"),
    ", rustc ",
    env!("BUILD_RUSTVERSION"),
    ")"
);
