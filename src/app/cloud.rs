//! From the configuration of a cloud account to its typed client.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{Account, Environment};
use crate::model::AccountName;
use crate::openapi::credentials::{self, CredentialError, CredentialProvider, Surroundings};
use crate::openapi::transport::{HttpOptions, HttpTransport, Transport};
use crate::openapi::{self, transport};
use crate::pacing::Rate;
use crate::sweep::Shard;
use crate::telemetry::Telemetry;

/// What all cloud accounts have in common.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    transport: Arc<dyn Transport>,
    surroundings: Surroundings,
    telemetry: Telemetry,
}

/// How one cloud account is called.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) client: openapi::Client,
    /// Calls per second and operation of the client.
    pub(super) rate: Rate,
    /// To be kept fresh by a task.
    pub(super) credentials: Arc<dyn CredentialProvider>,
}

/// The client of a cloud account cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("account {account} has no usable credential")]
pub struct ClientError {
    account: AccountName,
    source: CredentialError,
}

impl Ground {
    /// Sets up the connections to come, and opens none.
    pub(super) fn new(
        environment: Environment,
        clock: Clock,
        telemetry: Telemetry,
    ) -> Result<Self, transport::SetupError> {
        Ok(Self {
            transport: Arc::new(HttpTransport::new(&HttpOptions::default())?),
            surroundings: Surroundings::new(environment, clock, telemetry.clone())?,
            telemetry,
        })
    }

    /// What calls go through; webhooks may, too.
    pub(super) fn transport(&self) -> Arc<dyn Transport> {
        Arc::clone(&self.transport)
    }

    /// The client of one cloud account, with a credential of its own and paced
    /// at the part of the rate that this process has. Nothing is called yet.
    pub(super) fn access(&self, account: &Account, shard: Shard) -> Result<Access, ClientError> {
        let name = account.sweep.name.clone();
        let credentials = credentials::provider(&name, &account.credentials, &self.surroundings)
            .map_err(|source| ClientError {
                account: name.clone(),
                source,
            })?;
        let rate = account.rate.share(shard.count());
        let options = openapi::Options::new(name, account.endpoint.clone(), rate);
        let client = openapi::Client::new(
            options,
            Arc::clone(&credentials),
            Arc::clone(&self.transport),
            self.surroundings.clock,
            self.telemetry.clone(),
        );
        Ok(Access {
            client,
            rate,
            credentials,
        })
    }
}
