//! Several plans of which the first that works is chosen.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::lease::Lease;
use super::plan::Plan;
use super::reason::Reason;
use super::role::OidcRole;
use super::surroundings::Surroundings;

/// Remembers its choice: an identity does not change while the process runs,
/// only because one service was away for a moment.
#[derive(Debug)]
pub(super) struct FirstOf {
    whole: &'static str,
    /// What the origin of a credential begins with, if anything.
    prefix: Option<&'static str>,
    plans: Vec<Plan>,
    chosen: AtomicUsize,
}

impl FirstOf {
    /// The official default chain, in its order.
    pub(super) fn default_chain() -> Self {
        Self {
            whole: "any provider of the default chain",
            prefix: Some("default"),
            plans: vec![
                Plan::Environment,
                Plan::Oidc(OidcRole::default()),
                Plan::CliProfile(None),
                Plan::CredentialsFile(None),
                Plan::EcsRamRole(None),
                Plan::Uri(None),
            ],
            chosen: AtomicUsize::new(NONE),
        }
    }

    /// What a profile of this name stands for, in either of the files.
    pub(super) fn profile(name: &str) -> Self {
        Self {
            whole: "a profile of the configured name",
            prefix: None,
            plans: vec![
                Plan::CliProfile(Some(name.to_owned())),
                Plan::CredentialsFile(Some(name.to_owned())),
            ],
            chosen: AtomicUsize::new(NONE),
        }
    }

    pub(super) fn whole(&self) -> &'static str {
        self.whole
    }

    pub(super) async fn obtain(&self, surroundings: &Surroundings) -> Result<Lease, Reason> {
        let chosen = self.chosen.load(Ordering::Relaxed);
        if let Some(plan) = self.plans.get(chosen) {
            let lease = plan.obtain(surroundings).await?;
            return Ok(self.prefixed(lease));
        }
        let mut reasons = Vec::with_capacity(self.plans.len());
        for (index, plan) in self.plans.iter().enumerate() {
            match plan.obtain(surroundings).await {
                Ok(lease) => {
                    self.chosen.store(index, Ordering::Relaxed);
                    return Ok(self.prefixed(lease));
                }
                Err(reason) => reasons.push((plan.title(), reason)),
            }
        }
        Err(Reason::Each {
            whole: self.whole,
            reasons,
        })
    }

    fn prefixed(&self, lease: Lease) -> Lease {
        match self.prefix {
            Some(prefix) => lease.by_way_of(prefix),
            None => lease,
        }
    }
}

/// No index of a plan.
const NONE: usize = usize::MAX;
