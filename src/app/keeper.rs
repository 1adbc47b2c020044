//! The task that keeps the state: it reads it at the start, writes it every now
//! and then, and once more in the end.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use super::causes::whole;
use super::keepsake::{self, Keepsake};
use super::store::{Store, StoreError};
use super::tasks::TaskResult;
use crate::clock::{self, Clock};
use crate::config::StateFile;
use crate::fleet::{Pseudonyms, Salt, UserKeys};
use crate::model::SagId;
use crate::rules::Recollection;
use crate::state::{Header, Kept, State, Writer};
use crate::telemetry::Telemetry;

/// Writes what it is handed.
#[derive(Debug)]
pub(super) struct Keeper {
    store: Store,
    salt: Salt,
    clock: Clock,
    telemetry: Telemetry,
    /// What was complained about last, so that it is said once.
    complaint: Option<String>,
}

/// What an earlier run left, instance by instance.
pub(super) type Legacy = BTreeMap<SagId, Recollection>;

impl Keeper {
    /// Reads what an earlier run left, and takes the file over. Whatever goes
    /// wrong is logged and counted: without a state the program knows less, but
    /// it works.
    ///
    /// # Errors
    ///
    /// If reading panics, which is a bug.
    pub(super) async fn open(
        place: StateFile,
        pseudonyms: Option<Pseudonyms>,
        clock: Clock,
        telemetry: Telemetry,
    ) -> Result<(Self, Legacy), JoinError> {
        let mut keeper = Self {
            store: Store::new(place.file),
            salt: rand::random(),
            clock,
            telemetry,
            complaint: None,
        };
        spawn_blocking(move || {
            let legacy = keeper.take_over(pseudonyms);
            (keeper, legacy)
        })
        .await
    }

    /// Writes until nobody hands anything over any more.
    ///
    /// # Errors
    ///
    /// If writing panics, which is a bug.
    pub(super) async fn run(
        mut self,
        mut keepsakes: watch::Receiver<Option<Keepsake>>,
    ) -> TaskResult {
        let mut next = Instant::now();
        while keepsakes.changed().await.is_ok() {
            let is_over = is_over_before(&mut keepsakes, next).await;
            let keepsake = keepsakes.borrow_and_update().clone();
            if let Some(keepsake) = keepsake {
                next = Instant::now() + keepsake.interval;
                self = spawn_blocking(move || {
                    self.write(&keepsake);
                    self
                })
                .await?;
            }
            if is_over {
                break;
            }
        }
        Ok(())
    }

    fn take_over(&mut self, pseudonyms: Option<Pseudonyms>) -> Legacy {
        let found = self.store.lock().and_then(|()| self.store.read());
        let found = found.and_then(|found| match found {
            Some(state) => self.recognise(state, pseudonyms.as_ref()).map(Some),
            None => Ok(None),
        });
        let found = found.unwrap_or_else(|error| {
            self.refuse(&error);
            None
        });
        self.telemetry.state_restored(found.is_some());
        let (mut state, keys) = found.unwrap_or_else(|| {
            let keys = UserKeys::new(self.salt, pseudonyms);
            (State::nothing(self.header(&keys)), keys)
        });
        self.salt = keys.salt();
        // What ended in the pause is entered once, so the file forgets it before
        // anybody enters it.
        let again = |writer: &mut Writer<_>| keepsake::write_again(&state, writer);
        let written = self.store.write(&self.header(&keys), again);
        if !self.report(written) {
            state.forget_sessions();
        }
        keepsake::recollections(state, keys)
    }

    /// The keys with which the state was written, without instances of which
    /// nothing was heard for too long.
    fn recognise(
        &self,
        mut state: State,
        pseudonyms: Option<&Pseudonyms>,
    ) -> Result<(State, UserKeys), StoreError> {
        // Users may have been published by their names until now.
        let possible = [pseudonyms.cloned(), None];
        let salt = state.header.salt;
        let keys = possible.map(|pseudonyms| UserKeys::new(salt, pseudonyms));
        let fits = |keys: &UserKeys| keys.fingerprint() == state.header.fingerprint;
        let Some(keys) = keys.into_iter().find(fits) else {
            return Err(StoreError::OtherKey(self.store.file().to_owned()));
        };
        let now = self.clock.now();
        let is_young = |kept: &Kept| clock::between(kept.fleet.at, now) <= OLDEST;
        state.instances.retain(is_young);
        let users: usize = state
            .instances
            .iter()
            .map(|kept| kept.fleet.users().len())
            .sum();
        tracing::info!(
            file = %self.store.file().display(),
            written = %state.header.written,
            instances = state.instances.len(),
            users,
            "state restored"
        );
        Ok((state, keys))
    }

    /// Goes on without what was found, and keeps it for whoever wants to look.
    fn refuse(&mut self, error: &StoreError) {
        let text = whole(error);
        if !error.is_spoilt() {
            // Writing fails for the same reason, which is said once.
            self.complaint = Some(text.clone());
        }
        match error.is_spoilt().then(|| self.store.put_aside()) {
            None => tracing::warn!(error = text, "the state is not restored"),
            Some(Ok(aside)) => tracing::warn!(
                error = text,
                kept_as = %aside.display(),
                "the state is not restored, a new one is begun"
            ),
            Some(Err(problem)) => tracing::warn!(
                error = text,
                not_kept = %problem,
                "the state is not restored, a new one is begun"
            ),
        }
    }

    fn write(&mut self, keepsake: &Keepsake) {
        let keys = keepsake.keys(self.salt);
        let header = self.header(&keys);
        let written = self
            .store
            .write(&header, |writer| keepsake.write(writer, &keys));
        self.report(written);
    }

    /// Counts a write, and complains of it if that is news. Whether it went well.
    fn report(&mut self, written: Result<u64, StoreError>) -> bool {
        match written {
            Ok(bytes) => {
                self.telemetry.state_written(self.clock.now(), bytes);
                if self.complaint.take().is_some() {
                    tracing::info!(file = %self.store.file().display(), "the state is written");
                }
                true
            }
            Err(error) => {
                self.telemetry.state_not_written();
                let text = whole(&error);
                if self.complaint.as_ref() != Some(&text) {
                    tracing::warn!(error = text, "the state is not written");
                    self.complaint = Some(text);
                }
                false
            }
        }
    }

    fn header(&self, keys: &UserKeys) -> Header {
        Header {
            written: self.clock.now(),
            salt: keys.salt(),
            fingerprint: keys.fingerprint(),
        }
    }
}

/// Waits until then. Whether the last one was handed over before.
async fn is_over_before(keepsakes: &mut watch::Receiver<Option<Keepsake>>, then: Instant) -> bool {
    loop {
        tokio::select! {
            changed = keepsakes.changed() => if changed.is_err() {
                return true;
            },
            () = sleep_until(then) => return false,
        }
    }
}

/// Somebody who was last heard of so long ago is not worth a line.
const OLDEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);
