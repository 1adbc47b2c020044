//! From the configuration of a cloud account to its typed client.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{Account, Environment};
use crate::model::AccountName;
use crate::openapi::credentials::{self, CredentialError};
use crate::openapi::transport::{HttpOptions, HttpTransport, Transport};
use crate::openapi::{self, transport};
use crate::sag;
use crate::telemetry::Telemetry;

/// What all cloud accounts have in common.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub(super) transport: Arc<dyn Transport>,
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

/// The transport over real sockets.
pub(super) fn transport() -> Result<Arc<dyn Transport>, transport::SetupError> {
    Ok(Arc::new(HttpTransport::new(&HttpOptions::default())?))
}

/// The client of one cloud account. Nothing is called yet.
pub(super) fn client(
    account: &Account,
    environment: &Environment,
    ground: &Ground,
) -> Result<sag::Client, ClientError> {
    let name = account.sweep.name.clone();
    let variable = |key: &str| environment.get(key).map(str::to_owned);
    let provider =
        credentials::provider(&account.credentials, &variable).map_err(|source| ClientError {
            account: name.clone(),
            source,
        })?;
    let options = openapi::Options::new(name, account.endpoint.clone(), account.rate);
    Ok(sag::Client::new(openapi::Client::new(
        options,
        provider,
        Arc::clone(&ground.transport),
        ground.clock,
        ground.telemetry.clone(),
    )))
}
