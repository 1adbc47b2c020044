//! The simulated cloud and the daemon over it, in one process.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::daemon::{Daemon, Outside, Plan, SetupError};
use super::judgement;
use super::tasks::TaskError;
use crate::clock::Clock;
use crate::config::{Account, Config, Environment, PseudonymKey, Web};
use crate::delivery;
use crate::exposition;
use crate::model::{AccountName, NameError, Region};
use crate::openapi::{CredentialSource, Endpoint, EndpointError, SecretSource};
use crate::pacing::{Rate, RateError};
use crate::rules;
use crate::secret::Secret;
use crate::sim::{self, Cloud, InvalidOptions};
use crate::sweep::{self, AccountOptions};
use crate::telemetry::BuildInfo;

/// A simulated cloud that listens, and a daemon that watches it.
#[derive(Debug)]
pub struct Demo {
    listener: TcpListener,
    address: SocketAddr,
    cloud: Arc<Cloud>,
    daemon: Daemon,
}

/// The demo cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is no loopback interface, or no port is left.
    #[error("the simulator cannot listen on loopback")]
    Listen(#[from] io::Error),
    /// The world is too large.
    #[error(transparent)]
    World(#[from] InvalidOptions),
    /// The daemon cannot be built.
    #[error(transparent)]
    Daemon(#[from] SetupError),
    /// A name of the built-in configuration is wrong, which a test rules out.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The built-in endpoint is wrong, which a test rules out.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The built-in rate is wrong, which a test rules out.
    #[error(transparent)]
    Rate(#[from] RateError),
}

impl Demo {
    /// Builds both and binds the simulator to a port of its own on loopback.
    ///
    /// # Errors
    ///
    /// If the world is too large or nothing can be bound.
    pub async fn build(
        world: sim::Options,
        events: delivery::Options,
        web: Web,
        build: BuildInfo,
    ) -> Result<Self, DemoError> {
        let clock = Clock::system();
        let day = world.tempo.day();
        let cloud = Cloud::new(world, clock)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let plan = Plan {
            config: Config {
                rules: judgement::options(&cloud, day),
                events,
                ..config(address)?
            },
            pseudonyms: None,
            source: None,
            environment: Environment::default(),
            web,
            build,
            clock,
        };
        let daemon = Daemon::build(plan)?;
        Ok(Self {
            listener,
            address,
            cloud,
            daemon,
        })
    }

    /// Whether the pages are served over TLS.
    pub fn is_secure(&self) -> bool {
        self.daemon.is_secure()
    }

    /// Where the simulated cloud listens.
    pub fn cloud_address(&self) -> SocketAddr {
        self.address
    }

    /// Runs both until `shutdown`. The cloud outlives the daemon, so that no
    /// sweep fails at the end.
    ///
    /// # Errors
    ///
    /// As [`Daemon::run`].
    pub async fn run(self, outside: Outside, shutdown: CancellationToken) -> Result<(), TaskError> {
        let done = CancellationToken::new();
        let cloud = sim::run(self.listener, self.cloud, done.clone());
        let daemon = async {
            // Two programs at once are much for one stack frame.
            let result = Box::pin(self.daemon.run(outside, shutdown)).await;
            done.cancel();
            result
        };
        tokio::join!(daemon, cloud).0
    }
}

fn config(cloud: SocketAddr) -> Result<Config, DemoError> {
    let inline = |text: &str| SecretSource::Inline(Secret::new(text));
    let regions = ["cn-shanghai", "ap-southeast-1"];
    let account = Account {
        sweep: AccountOptions {
            name: AccountName::parse("demo")?,
            regions: regions
                .into_iter()
                .map(Region::parse)
                .collect::<Result<_, _>>()?,
            instances: Vec::new(),
            concurrency: CONCURRENCY,
        },
        credentials: CredentialSource::AccessKey {
            id: inline("testid"),
            secret: inline("testsecret"),
            security_token: None,
        },
        endpoint: Endpoint::parse(&format!("http://{cloud}"))?,
        rate: Rate::new(RATE)?,
    };
    Ok(Config {
        accounts: vec![account],
        sweep: sweep::Options {
            interval: Duration::from_secs(5),
            accounts_interval: Duration::from_secs(15),
            ..sweep::Options::default()
        },
        exposition: exposition::Options::default(),
        pseudonyms: PseudonymKey::default(),
        rules: rules::Options::default(),
        events: delivery::Options::default(),
        state: None,
    })
}

/// The simulated cloud has no quota unless asked for, so sweeps may be quick.
const RATE: f64 = 200.0;

const CONCURRENCY: NonZeroU32 = NonZeroU32::MIN.saturating_add(7);
