//! A credential that is renewed before it ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::lease::Lease;
use super::plan::Plan;
use super::reason::{Unavailable, whole};
use super::surroundings::Surroundings;
use super::{Credential, CredentialError, CredentialProvider, Provenance};
use crate::clock::{after, between};
use crate::model::AccountName;
use crate::pacing::{Backoff, backoff};

/// Holds the credential of one cloud account.
///
/// Requests take it from memory. [`refresh_loop`](CredentialProvider::refresh_loop), run
/// as a task, obtains the next one ahead of time, so that no request waits for
/// it; without that task, and after a refusal, one request obtains it and the
/// others wait for that one.
#[derive(Debug)]
pub(super) struct Refreshing {
    account: AccountName,
    plan: Plan,
    surroundings: Surroundings,
    current: ArcSwapOption<Held>,
    /// Held while a credential is obtained, so that one does it for all.
    obtaining: tokio::sync::Mutex<()>,
    /// The cloud refused the current one.
    is_refused: AtomicBool,
    state: Mutex<State>,
    /// Whether the task runs that obtains the next one ahead of time.
    tended: AtomicBool,
    refused: Notify,
}

#[derive(Debug)]
struct Held {
    lease: Lease,
    /// When to obtain the next one; nothing if this one lasts.
    due: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Why the last attempt failed, and when the next one may be made.
    failure: Option<(Unavailable, Instant)>,
    /// The one that the cloud refused last, which is logged once.
    refused: Option<Arc<Credential>>,
    /// When the last one was obtained because of a refusal.
    renewed: Option<Instant>,
}

impl Refreshing {
    pub(super) fn new(account: AccountName, plan: Plan, surroundings: Surroundings) -> Self {
        Self {
            account,
            plan,
            surroundings,
            current: ArcSwapOption::empty(),
            obtaining: tokio::sync::Mutex::new(()),
            is_refused: AtomicBool::new(false),
            state: Mutex::default(),
            tended: AtomicBool::new(false),
            refused: Notify::new(),
        }
    }

    async fn current(&self) -> Result<Arc<Credential>, CredentialError> {
        if let Some(credential) = self.at_hand() {
            return Ok(credential);
        }
        let _obtaining = self.obtaining.lock().await;
        if let Some(credential) = self.at_hand() {
            return Ok(credential);
        }
        if let Some(failure) = self.recent_failure() {
            return self.usable().ok_or(failure.into());
        }
        match self.obtain().await {
            Ok(credential) => Ok(credential),
            Err(failure) => self.usable().ok_or(failure.into()),
        }
    }

    /// The credential, if there is nothing to wait for.
    fn at_hand(&self) -> Option<Arc<Credential>> {
        let held = self.current.load();
        let lease = &held.as_ref()?.lease;
        let now = self.surroundings.clock.now();
        let tended = self.tended.load(Ordering::Relaxed);
        let usable = lease.is_valid(now) || (lease.outlives && tended);
        (usable && !self.is_refused.load(Ordering::Relaxed)).then(|| Arc::clone(&lease.credential))
    }

    /// The credential that is used if no other can be had.
    fn usable(&self) -> Option<Arc<Credential>> {
        let held = self.current.load();
        let lease = &held.as_ref()?.lease;
        let usable = lease.outlives || lease.is_valid(self.surroundings.clock.now());
        usable.then(|| Arc::clone(&lease.credential))
    }

    fn recent_failure(&self) -> Option<Unavailable> {
        let state = self.state();
        let (failure, again) = state.failure.as_ref()?;
        (Instant::now() < *again).then(|| failure.clone())
    }

    /// Carries the plan out. The caller holds `obtaining`.
    async fn obtain(&self) -> Result<Arc<Credential>, Unavailable> {
        match self.plan.obtain(&self.surroundings).await {
            Ok(lease) => Ok(self.hold(lease)),
            Err(reason) => Err(self.failed(reason.into())),
        }
    }

    fn hold(&self, lease: Lease) -> Arc<Credential> {
        let now = self.surroundings.clock.now();
        let credential = Arc::clone(&lease.credential);
        let before = self.current.load();
        let same = before
            .as_ref()
            .is_some_and(|held| held.lease.credential == credential);
        let due = lease.refresh_in(now).map(|wait| after(now, wait));
        let recovered = {
            let mut state = self.state();
            if self.is_refused.swap(false, Ordering::Relaxed) {
                state.renewed = Some(Instant::now());
            }
            state.failures = 0;
            state.failure.take().is_some()
        };
        let (account, origin) = (&self.account, &lease.origin);
        let telemetry = &self.surroundings.telemetry;
        telemetry.credential_obtained(account, lease.expires);
        let expires = lease.expires.map(tracing::field::display);
        if recovered || !same {
            tracing::info!(%account, provider = %origin, expires, "credential obtained");
        } else {
            tracing::debug!(%account, provider = %origin, expires, "credential confirmed");
        }
        self.current.store(Some(Arc::new(Held { lease, due })));
        credential
    }

    fn failed(&self, failure: Unavailable) -> Unavailable {
        let (first, pause) = {
            let mut state = self.state();
            let random = self.surroundings.random.fraction();
            // Half of it is certain: full jitter alone may be no pause at all.
            let pause = |random| backoff(BACKOFF, state.failures, None, random) / 2;
            let pause = pause(1.0) + pause(random);
            state.failures = state.failures.saturating_add(1);
            // What the cloud refused is all there is; it may be right again.
            self.is_refused.store(false, Ordering::Relaxed);
            state.failure = Some((failure.clone(), Instant::now() + pause));
            (state.failures == 1, pause)
        };
        let (account, error) = (&self.account, whole(&failure));
        self.surroundings.telemetry.credential_failed(account);
        let usable = self.usable().is_some();
        if first {
            tracing::warn!(%account, error, usable, "credential cannot be obtained");
        } else {
            tracing::debug!(%account, error, usable, ?pause, "credential cannot be obtained yet");
        }
        failure
    }

    /// Obtains credentials ahead of time until it is dropped.
    async fn tend(&self) {
        loop {
            if self.is_due().await {
                let _obtaining = self.obtaining.lock().await;
                // A request may have been faster.
                if self.is_due().await {
                    // The outcome is kept and logged there.
                    let _ = self.obtain().await;
                }
                continue;
            }
            tokio::select! {
                () = sleep(self.wait()) => {}
                () = self.refused.notified() => {}
            }
        }
    }

    async fn is_due(&self) -> bool {
        if let Some(again) = self.next_attempt() {
            return again <= Instant::now();
        }
        let Some(held) = self.current.load_full() else {
            return true;
        };
        let now = self.surroundings.clock.now();
        if self.is_refused.load(Ordering::Relaxed) || held.due.is_some_and(|due| due <= now) {
            return true;
        }
        for file in &held.lease.files {
            if file.changed().await {
                return true;
            }
        }
        false
    }

    /// How long nothing is to be done, as far as is known.
    fn wait(&self) -> Duration {
        if let Some(again) = self.next_attempt() {
            return again.saturating_duration_since(Instant::now()).min(LOOK);
        }
        let held = self.current.load();
        let due = held.as_ref().and_then(|held| held.due);
        let now = self.surroundings.clock.now();
        due.map_or(LOOK, |due| between(now, due).min(LOOK))
    }

    /// When to try again, after a failure.
    fn next_attempt(&self) -> Option<Instant> {
        self.state().failure.as_ref().map(|(_, again)| *again)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CredentialProvider for Refreshing {
    fn credential(&self) -> BoxFuture<'_, Result<Arc<Credential>, CredentialError>> {
        Box::pin(self.current())
    }

    fn provenance(&self) -> Option<Provenance> {
        let held = self.current.load();
        let lease = &held.as_ref()?.lease;
        Some(Provenance {
            provider: lease.origin.clone(),
            expires: lease.expires,
        })
    }

    fn invalidate(&self, refused: &Credential) -> bool {
        let held = self.current.load();
        let Some(held) = held.as_ref() else {
            return true;
        };
        if *held.lease.credential != *refused {
            return true;
        }
        let mut state = self.state();
        let too_soon = |renewed: Instant| renewed.elapsed() < RENEWAL_GAP;
        let failing = |(_, again): &(_, Instant)| Instant::now() < *again;
        if state.failure.as_ref().is_some_and(failing) || state.renewed.is_some_and(too_soon) {
            return false;
        }
        let known = state.refused.replace(Arc::clone(&held.lease.credential));
        drop(state);
        self.is_refused.store(true, Ordering::Relaxed);
        if known.is_none_or(|known| *known != *refused) {
            let (account, provider) = (&self.account, &held.lease.origin);
            tracing::warn!(%account, %provider, "the cloud refused the credential");
        }
        self.refused.notify_one();
        true
    }

    fn refresh_loop(&self, shutdown: CancellationToken) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let _tended = Tended::new(&self.tended);
            let _ = shutdown.run_until_cancelled(self.tend()).await;
        })
    }
}

/// Says that the task runs for as long as it does, however it ends.
struct Tended<'a>(&'a AtomicBool);

impl<'a> Tended<'a> {
    fn new(flag: &'a AtomicBool) -> Self {
        flag.store(true, Ordering::Relaxed);
        Self(flag)
    }
}

impl Drop for Tended<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// How often files are looked at, and the longest sleep, so that a wall clock
/// that jumps is noticed.
const LOOK: Duration = Duration::from_secs(30);

/// After a renewal that brought a credential which the cloud refuses as well,
/// the next one is not tried sooner.
const RENEWAL_GAP: Duration = Duration::from_secs(60);

/// Between attempts that fail.
const BACKOFF: Backoff = Backoff {
    base: Duration::from_secs(2),
    cap: Duration::from_secs(60),
    hint_cap: Duration::from_secs(60),
};
