//! The operations that a sweep can do without, and which of them answer.

use std::collections::HashMap;

use tokio::time::Instant;

use super::CallError;
use super::Options;
use crate::model::{AccountName, Action, FailureKind, SagId};
use crate::openapi::Missing;
use crate::telemetry::Telemetry;

/// What is remembered of optional operations that did not answer. An operation
/// that does not exist is missing for the whole cloud account; a permission is
/// granted for each instance.
#[derive(Debug)]
pub(super) struct Optional {
    account: AccountName,
    telemetry: Telemetry,
    off: HashMap<(Action, Scope), Instant>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Scope {
    Account,
    Instance(SagId),
}

impl Optional {
    pub(super) fn new(account: AccountName, telemetry: Telemetry) -> Self {
        Self {
            account,
            telemetry,
            off: HashMap::new(),
        }
    }

    /// Whether to call the operation at all. One that did not answer is tried
    /// again as often as the account lists are read.
    pub(super) fn may_call(
        &self,
        action: Action,
        sag_id: Option<&SagId>,
        now: Instant,
        options: &Options,
    ) -> bool {
        let is_due = |since: &Instant| {
            now.saturating_duration_since(*since) + options.interval / 2
                >= options.accounts_interval
        };
        let may = |scope| self.off.get(&(action, scope)).is_none_or(is_due);
        may(Scope::Account) && sag_id.is_none_or(|id| may(Scope::Instance(id.clone())))
    }

    /// Takes note of how a call of the operation ended, and logs what is new.
    /// Whether it is off from now on.
    pub(super) fn note<T>(
        &mut self,
        action: Action,
        sag_id: Option<&SagId>,
        result: &Result<T, CallError>,
        now: Instant,
    ) -> bool {
        let of_instance = sag_id.cloned().map_or(Scope::Account, Scope::Instance);
        let is_off = match result {
            Ok(_) => {
                self.answers(action, &of_instance);
                false
            }
            Err(error) if is_missing(error) => {
                self.does_not(action, Scope::Account, error, now);
                true
            }
            Err(error) if is_denied(error) => {
                self.does_not(action, of_instance, error, now);
                true
            }
            Err(_) => false,
        };
        let available = !self.off.keys().any(|(off, _)| *off == action);
        self.telemetry
            .bulk_available(&self.account, action, available);
        is_off
    }

    /// Forgets an instance that is no longer there.
    pub(super) fn forget(&mut self, gone: &SagId) {
        self.off
            .retain(|(_, scope), _| !matches!(scope, Scope::Instance(id) if id == gone));
    }

    fn answers(&mut self, action: Action, of_instance: &Scope) {
        for scope in [&Scope::Account, of_instance] {
            if self.off.remove(&(action, scope.clone())).is_some() {
                let (account, sag_id) = (&self.account, scope.sag_id());
                tracing::info!(%account, sag_id, action = action.as_str(), "optional operation answers again");
            }
        }
    }

    fn does_not(&mut self, action: Action, scope: Scope, error: &CallError, now: Instant) {
        let (account, sag_id) = (self.account.clone(), scope.clone());
        if self.off.insert((action, scope), now).is_none() {
            let sag_id = sag_id.sag_id();
            tracing::warn!(%account, sag_id, action = action.as_str(), %error, "optional operation does not answer; doing without");
        }
    }
}

impl Scope {
    fn sag_id(&self) -> Option<&str> {
        match self {
            Self::Account => None,
            Self::Instance(sag_id) => Some(sag_id.as_str()),
        }
    }
}

/// Whether the call failed in a way in which it will fail for everybody and for
/// some time, so that an optional operation is better done without.
pub(super) fn is_lasting(error: &CallError) -> bool {
    is_missing(error) || is_denied(error)
}

fn is_missing(error: &CallError) -> bool {
    error.missing == Some(Missing::Operation)
}

fn is_denied(error: &CallError) -> bool {
    error.kind == FailureKind::Denied
}
