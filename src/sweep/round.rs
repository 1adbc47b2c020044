//! What all parts of one sweep share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::error::SendError;
use tokio::time::Instant;

use super::cloud::Cloud;
use super::gate::Gate;
use super::optional::Optional;
use super::{AccountOptions, CallError, Context, Options};
use crate::fleet::Observation;
use crate::model::{Action, Instance, SagId};

/// One sweep of one cloud account.
#[derive(Debug)]
pub(super) struct Round<'a, C> {
    pub(super) account: &'a AccountOptions,
    pub(super) context: &'a Context,
    pub(super) gate: Gate,
    /// When the sweep started.
    pub(super) started: Instant,
    /// How many users there are to ask for, asked or not.
    queries: AtomicU64,
    /// How long the queries for single users of an instance may take; what is
    /// not done by then is put off to the next sweep.
    pub(super) patience: Option<Duration>,
    options: &'a Options,
    cloud: &'a C,
    optional: &'a Mutex<Optional>,
}

impl<'a, C: Cloud> Round<'a, C> {
    pub(super) fn new(
        options: &'a Options,
        account: &'a AccountOptions,
        cloud: &'a C,
        context: &'a Context,
        optional: &'a Mutex<Optional>,
    ) -> Self {
        Self {
            account,
            context,
            gate: Gate::new(account.concurrency),
            started: Instant::now(),
            queries: AtomicU64::new(0),
            patience: None,
            options,
            cloud,
            optional,
        }
    }

    /// Whether to call an optional operation.
    pub(super) fn may_call(&self, action: Action, sag_id: Option<&SagId>) -> bool {
        let now = Instant::now();
        self.optional().may_call(action, sag_id, now, self.options)
    }

    /// Takes note of how a call of an optional operation ended. Whether it is off
    /// from now on.
    pub(super) fn note<T>(
        &self,
        action: Action,
        sag_id: Option<&SagId>,
        result: &Result<T, CallError>,
    ) -> bool {
        let now = Instant::now();
        self.optional().note(action, sag_id, result, now)
    }

    /// Forgets an instance that is no longer there.
    pub(super) fn forget(&self, gone: &SagId) {
        self.optional().forget(gone);
    }

    fn optional(&self) -> MutexGuard<'_, Optional> {
        self.optional.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn options(&self) -> &'a Options {
        self.options
    }

    pub(super) fn cloud(&self) -> &'a C {
        self.cloud
    }

    /// So many users of an instance are to be asked for, one by one.
    pub(super) fn queries_wanted(&self, users: usize) {
        let users = u64::try_from(users).unwrap_or(u64::MAX);
        self.queries.fetch_add(users, Ordering::Relaxed);
    }

    /// How many users were to be asked for in this sweep.
    pub(super) fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
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
