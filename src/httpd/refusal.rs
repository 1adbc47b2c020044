//! Why connections are closed early.

use crate::telemetry::Telemetry;

/// Why a connection was closed early; the label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its place was needed for a new connection.
    Limit,
    /// No request came for a long time. Not a fault: it is not counted.
    Idle,
    /// The header fields of a request took too long.
    SlowRequest,
    /// The reader took the response too slowly.
    SlowReader,
    /// The handler took too long.
    SlowHandler,
    /// What came was not HTTP, or too large a head.
    Malformed,
    /// There was no agreement on TLS, or the client's certificate was refused.
    Handshake,
    /// The drain's deadline passed.
    Drain,
}

impl Refusal {
    /// The value of the label `reason`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Idle => "idle",
            Self::SlowRequest => "slow_request",
            Self::SlowReader => "slow_reader",
            Self::SlowHandler => "slow_handler",
            Self::Malformed => "malformed",
            Self::Handshake => "handshake",
            Self::Drain => "drain",
        }
    }

    /// Counts a connection that is closed early.
    pub(super) fn count(self, telemetry: &Telemetry) {
        tracing::debug!(reason = self.as_str(), "connection closed early");
        if self != Self::Idle {
            telemetry.http_connection_refused(self.as_str());
        }
    }
}
