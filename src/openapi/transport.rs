//! How a request becomes a response.

mod http;
mod tls;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::{Request, Response};

pub use self::http::{HttpOptions, HttpTransport, SetupError};
use crate::model::FailureKind;

/// Sends a request and collects the whole answer, whatever its status.
///
/// An implementation bounds the size of the answer. The time is bounded by the
/// caller, who drops the future when it is up.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends one request, once.
    fn send(
        &self,
        request: Request<Bytes>,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>>;
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection came about; nothing was sent.
    #[error("no connection to {host}")]
    Connect {
        /// The host and its port, if that is unusual.
        host: String,
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The connection broke before the answer was complete.
    #[error("the connection to {host} broke before the answer was complete")]
    Interrupted {
        /// The host and its port, if that is unusual.
        host: String,
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The answer was not complete in time.
    #[error("no complete answer from {host} within {}", humantime::format_duration(*.limit))]
    Timeout {
        /// The host and its port, if that is unusual.
        host: String,
        /// The time allowed.
        limit: Duration,
    },
    /// The answer is larger than allowed; the rest was not read.
    #[error("the answer of {host} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The host and its port, if that is unusual.
        host: String,
        /// The size allowed.
        limit_bytes: usize,
    },
    /// The request cannot be sent at all.
    #[error("the request cannot be sent")]
    Unsendable {
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl TransportError {
    /// The kind of failure that it makes of a call.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Connect { .. } | Self::Interrupted { .. } | Self::Unsendable { .. } => {
                FailureKind::Transport
            }
            Self::Timeout { .. } => FailureKind::Timeout,
            Self::TooLarge { .. } => FailureKind::Decode,
        }
    }
}
