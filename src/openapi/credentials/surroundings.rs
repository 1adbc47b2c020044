//! Everything outside that credentials are fetched with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::environment::Environment;
use super::exchange;
use crate::clock::Clock;
use crate::openapi::transport::{HttpOptions, HttpTransport, SetupError, Transport};
use crate::telemetry::Telemetry;

/// What providers need from the outside; cheap to clone and shared by all
/// cloud accounts.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The variables and the home directory.
    pub environment: Environment,
    /// The wall clock.
    pub clock: Clock,
    /// Reaches the Security Token Service, through a proxy if one is set.
    pub outside: Arc<dyn Transport>,
    /// Reaches the metadata service and a credentials URI, never through a
    /// proxy: what they hand out is for this machine alone.
    pub direct: Arc<dyn Transport>,
    /// Where the services are, if not where they always are.
    pub addresses: Addresses,
    /// Chance, for nonces and jitter.
    pub random: Random,
    /// What is counted.
    pub telemetry: Telemetry,
}

/// Where the services are reached instead of at their own addresses, as URLs
/// without a path. Requests still name the service as their host.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    /// Any site of the Security Token Service.
    pub sts: Option<String>,
    /// The metadata service.
    pub metadata: Option<String>,
}

/// A source of random numbers.
#[derive(Clone)]
pub struct Random(Arc<dyn Fn() -> u128 + Send + Sync>);

impl Surroundings {
    /// The real ones; connects nowhere.
    ///
    /// # Errors
    ///
    /// If the HTTP client cannot be set up.
    pub fn new(
        environment: Environment,
        clock: Clock,
        telemetry: Telemetry,
    ) -> Result<Self, SetupError> {
        let sts = HttpOptions {
            body_limit_bytes: exchange::BODY_LIMIT_BYTES,
            idle_connections: 1,
            ..HttpOptions::default()
        };
        let metadata = HttpOptions {
            connect_timeout: METADATA_CONNECT_TIMEOUT,
            ..sts
        };
        Ok(Self {
            environment,
            clock,
            outside: Arc::new(HttpTransport::new(&sts)?),
            direct: Arc::new(HttpTransport::direct(&metadata)?),
            addresses: Addresses::default(),
            random: Random::system(),
            telemetry,
        })
    }
}

impl Random {
    /// From the generator of the runtime's thread.
    pub fn system() -> Self {
        Self::new(rand::random)
    }

    /// From a function.
    pub fn new(source: impl Fn() -> u128 + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// A number that was never used before.
    pub(super) fn nonce(&self) -> u128 {
        (self.0)()
    }

    /// A number in `[0, 1)`.
    pub(super) fn fraction(&self) -> f64 {
        let [low, ..] = (self.0)().to_le_bytes();
        f64::from(low) / 256.0
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}

/// The credentials URI has 5 s in the official library, the metadata service
/// 1 s; a service that close has answered within the shorter one.
const METADATA_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
