//! Everything that the status page and its JSON are made of, at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::problems::{self, Problem};
use super::standing::{self, AccountConfiguration};
use super::under_way::Sweep;
use super::{Lifecycle, Options, Published, Standing, UnderWay};
use crate::clock;
use crate::fleet::{AccountStatus, InstanceSnapshot, Snapshot};
use crate::model::{AccountName, SweepOutcome};
use crate::telemetry::{AccountReadings, Telemetry};

/// What is known at one moment, so that page and JSON say the same.
#[derive(Debug)]
pub(super) struct Moment<'a> {
    pub(super) now: Timestamp,
    pub(super) options: &'a Options,
    pub(super) published: &'a Published,
    /// The error is the reason why not.
    pub(super) ready: Result<(), &'static str>,
    /// The error is the reason why not.
    pub(super) healthy: Result<(), &'static str>,
    /// The sweeps under way, by cloud account.
    pub(super) sweeps: Vec<(AccountName, Sweep)>,
    pub(super) standing: Arc<standing::State>,
    /// What is counted, by cloud account.
    pub(super) readings: BTreeMap<String, AccountReadings>,
    /// What is not as it should be, the worst first.
    pub(super) problems: Vec<Problem>,
}

/// Whoever knows something of the moment.
#[derive(Debug)]
pub(super) struct Witnesses<'a> {
    pub(super) options: &'a Options,
    pub(super) published: &'a Published,
    pub(super) lifecycle: &'a Lifecycle,
    pub(super) under_way: &'a UnderWay,
    pub(super) standing: &'a Standing,
    pub(super) telemetry: &'a Telemetry,
}

/// What a person should make of all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The first sweep has not ended, so there is nothing to be judged.
    Starting,
    /// Everything shown is complete and current.
    Whole,
    /// Some of what is shown is missing or old.
    NotWhole,
}

impl<'a> Moment<'a> {
    /// Asks everyone.
    pub(super) fn of(witnesses: &Witnesses<'a>, now: Timestamp) -> Self {
        let snapshot = witnesses.published.snapshot();
        let mut moment = Self {
            // Nobody needs it more exactly, and people read it.
            now: Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now),
            options: witnesses.options,
            published: witnesses.published,
            ready: witnesses.lifecycle.ready(snapshot),
            healthy: witnesses.lifecycle.healthy(),
            sweeps: witnesses.under_way.sweeps(),
            standing: witnesses.standing.state(),
            readings: witnesses.telemetry.by_account(),
            problems: Vec::new(),
        };
        moment.problems = problems::of(&moment);
        moment
    }

    pub(super) fn snapshot(&self) -> &'a Snapshot {
        self.published.snapshot()
    }

    pub(super) fn instances(&self) -> &'a [Arc<InstanceSnapshot>] {
        self.snapshot().instances()
    }

    /// The configuration of the cloud accounts.
    pub(super) fn configured(&self) -> &[AccountConfiguration] {
        let configuration = self.standing.configuration();
        configuration.map_or(&[], |configuration| &configuration.accounts)
    }

    /// The last sweep of a cloud account.
    pub(super) fn last_sweep(&self, account: &AccountName) -> Option<&'a AccountStatus> {
        let mut sweeps = self.snapshot().accounts().iter();
        sweeps.find(|status| status.account == *account)
    }

    /// Whether it is known that there are no instances.
    pub(super) fn has_no_instances(&self) -> bool {
        self.instances().is_empty() && self.knows_all_instances()
    }

    /// Whether it is known which instances there are: each cloud account was
    /// swept, and those that have none were read completely.
    pub(super) fn knows_all_instances(&self) -> bool {
        let has_some = |account: &AccountName| {
            let mut instances = self.instances().iter();
            instances.any(|instance| instance.instance().account == *account)
        };
        let is_known = |status: &AccountStatus| {
            status.outcome == SweepOutcome::Complete || has_some(&status.account)
        };
        let sweeps = self.snapshot().accounts();
        let mut configured = self.configured().iter();
        !sweeps.is_empty()
            && sweeps.iter().all(is_known)
            && configured.all(|account| self.last_sweep(&account.sweep.name).is_some())
    }

    pub(super) fn verdict(&self) -> Verdict {
        if self.problems.iter().any(Problem::affects_data) {
            return Verdict::NotWhole;
        }
        match self.snapshot().is_ready() {
            true => Verdict::Whole,
            false => Verdict::Starting,
        }
    }

    /// Whether a sweep of this cloud account should have ended since then.
    pub(super) fn is_stale(&self, account: &AccountName, at: Timestamp) -> bool {
        let Some(configuration) = self.standing.configuration() else {
            return false;
        };
        let readings = self.readings.get(account.as_str());
        let sweep = readings.and_then(|readings| readings.sweep_seconds);
        let sweep = sweep.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let round = configuration.sweep.interval.max(sweep.unwrap_or_default());
        let patience = round.saturating_mul(PATIENCE_ROUNDS).max(SHORTEST_PATIENCE);
        clock::between(at, self.now) > patience
    }
}

impl Verdict {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Whole => "complete",
            Self::NotWhole => "incomplete",
        }
    }
}

/// As many as the alert `SagSweepStale` waits for.
const PATIENCE_ROUNDS: u32 = 5;

/// Where sweeps take a second, a busy machine is no news.
const SHORTEST_PATIENCE: Duration = Duration::from_secs(60);
