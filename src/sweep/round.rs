//! What all parts of one sweep share.

use tokio::sync::mpsc::error::SendError;
use tokio::time::Instant;

use super::cloud::Cloud;
use super::gate::Gate;
use super::{AccountOptions, Context, Options};
use crate::fleet::Observation;
use crate::model::Instance;

/// One sweep of one cloud account.
#[derive(Debug)]
pub(super) struct Round<'a, C> {
    pub(super) account: &'a AccountOptions,
    pub(super) context: &'a Context,
    pub(super) gate: Gate,
    /// When the sweep started.
    pub(super) started: Instant,
    options: &'a Options,
    cloud: &'a C,
}

impl<'a, C: Cloud> Round<'a, C> {
    pub(super) fn new(
        options: &'a Options,
        account: &'a AccountOptions,
        cloud: &'a C,
        context: &'a Context,
    ) -> Self {
        Self {
            account,
            context,
            gate: Gate::new(account.concurrency),
            started: Instant::now(),
            options,
            cloud,
        }
    }

    pub(super) fn options(&self) -> &'a Options {
        self.options
    }

    pub(super) fn cloud(&self) -> &'a C {
        self.cloud
    }

    /// Hands an observation on; waits while the channel is full.
    pub(super) async fn report(&self, observation: Observation) -> Result<(), Unheard> {
        let sent = self.context.observations.send(observation).await;
        sent.map_err(|SendError(_)| Unheard)
    }

    pub(super) fn users_found(&self, instance: &Instance, users: usize) {
        let progress = &self.context.progress;
        progress.users_found(&self.account.name, &instance.sag_id, users);
    }

    pub(super) fn user_done(&self, instance: &Instance) {
        let progress = &self.context.progress;
        progress.user_done(&self.account.name, &instance.sag_id);
    }
}

/// Nobody receives observations any more, so there is no use in sweeping.
#[derive(Debug)]
pub(super) struct Unheard;
