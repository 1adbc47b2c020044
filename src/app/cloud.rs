//! From the configuration of a cloud account to its typed client.

use std::sync::Arc;

use super::daemon::Plan;
use crate::clock::Clock;
use crate::config::Account;
use crate::model::AccountName;
use crate::openapi::credentials::{self, CredentialError, CredentialProvider, Surroundings};
use crate::openapi::transport::{HttpOptions, HttpTransport, Transport};
use crate::openapi::{self, transport};
use crate::sag;
use crate::telemetry::Telemetry;

/// What all cloud accounts have in common.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) surroundings: Surroundings,
    pub(super) clock: Clock,
    pub(super) telemetry: Telemetry,
}

/// The client of a cloud account cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("account {account} has no usable credential")]
pub struct ClientError {
    account: AccountName,
    source: CredentialError,
}

impl Ground {
    /// Over real sockets; connects nowhere.
    pub(super) fn new(plan: &Plan, telemetry: &Telemetry) -> Result<Self, transport::SetupError> {
        let environment = plan.environment.clone();
        Ok(Self {
            transport: Arc::new(HttpTransport::new(&HttpOptions::default())?),
            surroundings: Surroundings::new(environment, plan.clock, telemetry.clone())?,
            clock: plan.clock,
            telemetry: telemetry.clone(),
        })
    }
}

/// The client of one cloud account, and the credential to be kept fresh for
/// it. Nothing is called yet.
pub(super) fn client(
    account: &Account,
    ground: &Ground,
) -> Result<(sag::Client, Arc<dyn CredentialProvider>), ClientError> {
    let name = account.sweep.name.clone();
    let provider = credentials::provider(&name, &account.credentials, &ground.surroundings);
    let provider = provider.map_err(|source| ClientError {
        account: name.clone(),
        source,
    })?;
    let options = openapi::Options::new(name, account.endpoint.clone(), account.rate);
    let client = sag::Client::new(openapi::Client::new(
        options,
        Arc::clone(&provider),
        Arc::clone(&ground.transport),
        ground.clock,
        ground.telemetry.clone(),
    ));
    Ok((client, provider))
}
