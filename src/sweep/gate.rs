//! The gate that every call of a sweep passes.

use std::collections::HashMap;
use std::future::Future;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::CallError;
use super::breaker::Breaker;
use crate::model::Region;

/// Bounds the calls under way for one cloud account, first come first served,
/// and refuses calls that are known to fail. It lives for one sweep.
#[derive(Debug)]
pub(super) struct Gate {
    permits: Semaphore,
    concurrency: usize,
    busy_instances: AtomicUsize,
    faults: Mutex<Faults>,
}

#[derive(Debug)]
struct Faults {
    account: Breaker,
    regions: HashMap<Region, Breaker>,
}

impl Gate {
    pub(super) fn new(concurrency: NonZeroU32) -> Self {
        let concurrency = usize::try_from(concurrency.get())
            .unwrap_or(Semaphore::MAX_PERMITS)
            .min(Semaphore::MAX_PERMITS);
        Self {
            permits: Semaphore::new(concurrency),
            concurrency,
            busy_instances: AtomicUsize::new(0),
            faults: Mutex::new(Faults {
                account: Breaker::of_account(),
                regions: HashMap::new(),
            }),
        }
    }

    /// Makes the call when a permit is free, unless it is known to fail.
    pub(super) async fn call<T>(
        &self,
        region: &Region,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        // The semaphore is never closed, so a permit always comes in the end.
        let _permit = self.permits.acquire().await.ok();
        if let Some(refusal) = self.refusal(region) {
            return Err(refusal);
        }
        let result = call.await;
        self.record(region, &result);
        result
    }

    /// How many calls may be under way at once for the whole cloud account.
    pub(super) fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// How many calls one instance may have under way: all of them while it is
    /// alone, otherwise half, so that the calls of a slow instance leave room for
    /// those of the others.
    pub(super) fn share(&self) -> usize {
        match self.busy_instances.load(Ordering::Relaxed) {
            0 | 1 => self.concurrency,
            _ => self.concurrency.div_ceil(2),
        }
    }

    /// Counts an instance as busy until the guard is dropped.
    pub(super) fn enter(&self) -> Busy<'_> {
        self.busy_instances.fetch_add(1, Ordering::Relaxed);
        Busy(&self.busy_instances)
    }

    fn refusal(&self, region: &Region) -> Option<CallError> {
        let faults = self.faults();
        let of_region = || faults.regions.get(region).and_then(Breaker::open);
        faults.account.open().or_else(of_region).cloned()
    }

    fn record<T>(&self, region: &Region, result: &Result<T, CallError>) {
        let mut faults = self.faults();
        faults.account.record(result);
        faults
            .regions
            .entry(region.clone())
            .or_insert_with(Breaker::of_region)
            .record(result);
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An instance that is being swept.
#[derive(Debug)]
pub(super) struct Busy<'a>(&'a AtomicUsize);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
