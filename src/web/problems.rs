//! What is not as it should be, in the order in which it matters.

use jiff::Timestamp;

use super::moment::Moment;
use crate::clock;
use crate::fleet::InstanceSnapshot;
use crate::model::{Collector, FailureKind, SagId, SweepOutcome};
use crate::telemetry::{AccountReadings, Calls};

/// Something that a person should know.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) kind: Kind,
    /// The cloud account, if it is about one.
    pub(super) account: Option<String>,
    /// The instances, if it is about some: the first [`LIMIT_NAMED`].
    pub(super) sag_ids: Vec<SagId>,
    /// For people, without a full stop.
    pub(super) text: String,
    /// When it was seen.
    pub(super) at: Option<Timestamp>,
}

/// What kind of problem it is; a name for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Unhealthy,
    ShuttingDown,
    SweepFailed,
    SweepPartial,
    SweepStale,
    SweepPending,
    InstancesIncomplete,
    InstancesStale,
    CredentialFailing,
    Throttled,
    OverBudget,
    ReloadRefused,
    SeriesLimited,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Unhealthy => "unhealthy",
            Self::ShuttingDown => "shutting_down",
            Self::SweepFailed => "sweep_failed",
            Self::SweepPartial => "sweep_partial",
            Self::SweepStale => "sweep_stale",
            Self::SweepPending => "sweep_pending",
            Self::InstancesIncomplete => "instances_incomplete",
            Self::InstancesStale => "instances_stale",
            Self::CredentialFailing => "credential_failing",
            Self::Throttled => "throttled",
            Self::OverBudget => "over_budget",
            Self::ReloadRefused => "reload_refused",
            Self::SeriesLimited => "series_limited",
        }
    }

    /// The section of the page that says more.
    pub(super) fn section(self) -> &'static str {
        match self {
            Self::InstancesIncomplete | Self::InstancesStale | Self::SeriesLimited => "instances",
            Self::Unhealthy
            | Self::ShuttingDown
            | Self::SweepFailed
            | Self::SweepPartial
            | Self::SweepStale
            | Self::SweepPending
            | Self::CredentialFailing
            | Self::Throttled
            | Self::OverBudget => "accounts",
            Self::ReloadRefused => "configuration",
        }
    }
}

impl Problem {
    /// Whether something that is shown is missing or old because of it. The
    /// others will, or are about something else.
    pub(super) fn affects_data(&self) -> bool {
        match self.kind {
            Kind::Unhealthy
            | Kind::SweepFailed
            | Kind::SweepPartial
            | Kind::SweepStale
            | Kind::SweepPending
            | Kind::InstancesIncomplete
            | Kind::InstancesStale => true,
            Kind::ShuttingDown
            | Kind::CredentialFailing
            | Kind::Throttled
            | Kind::OverBudget
            | Kind::ReloadRefused
            | Kind::SeriesLimited => false,
        }
    }

    fn new(kind: Kind, text: String) -> Self {
        Self {
            kind,
            account: None,
            sag_ids: Vec::new(),
            text,
            at: None,
        }
    }
}

/// The problems of a moment, the worst first.
pub(super) fn of(moment: &Moment<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(program(moment));
    problems.extend(sweeps(moment));
    problems.extend(instances(moment));
    for (account, readings) in &moment.readings {
        problems.extend(calls(moment, account, readings));
    }
    problems.extend(moment.standing.refused.as_ref().map(|refused| Problem {
        at: Some(refused.at),
        ..Problem::new(
            Kind::ReloadRefused,
            "The last reload was refused; the configuration before it is in force".to_owned(),
        )
    }));
    if moment.published.is_limited() {
        let text = "Series of users are left out of the metrics, because there would be more \
                    than limits.user_series allows";
        problems.push(Problem::new(Kind::SeriesLimited, text.to_owned()));
    }
    problems
}

fn program(moment: &Moment<'_>) -> Option<Problem> {
    if moment.healthy.is_err() {
        let text = "A task of the program has died: the log says why".to_owned();
        return Some(Problem::new(Kind::Unhealthy, text));
    }
    let is_draining = moment.ready.is_err() && moment.snapshot().is_ready();
    let text = || "The program is shutting down".to_owned();
    is_draining.then(|| Problem::new(Kind::ShuttingDown, text()))
}

/// How the last sweeps ended. While the first one is under way, all accounts
/// are equal; later it is a problem that one of them knows nothing yet.
fn sweeps(moment: &Moment<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for status in moment.snapshot().accounts() {
        let account = &status.account;
        let is_stale = moment.is_stale(account, status.at);
        let (kind, text) = match status.outcome {
            SweepOutcome::Failed => {
                let readings = moment.readings.get(account.as_str());
                let why = readings.and_then(cause).map_or("the log says why", words);
                let text = format!("Account {account}: the last sweep failed: {why}");
                (Kind::SweepFailed, text)
            }
            _ if is_stale => {
                let text = format!("Account {account}: no sweep has ended for too long");
                (Kind::SweepStale, text)
            }
            SweepOutcome::Partial if !has_incomplete(moment, account.as_str()) => {
                let text = format!("Account {account}: the last sweep did not read everything");
                (Kind::SweepPartial, text)
            }
            SweepOutcome::Partial | SweepOutcome::Complete => continue,
        };
        problems.push(Problem {
            account: Some(account.to_string()),
            at: Some(status.at),
            ..Problem::new(kind, text)
        });
    }
    let names = moment
        .configured()
        .iter()
        .map(|account| &account.sweep.name);
    for account in names.filter(|account| moment.last_sweep(account).is_none()) {
        if moment.snapshot().is_ready() {
            let text = format!("Account {account}: the first sweep has not ended yet");
            problems.push(Problem {
                account: Some(account.to_string()),
                ..Problem::new(Kind::SweepPending, text)
            });
        }
    }
    problems
}

/// The instances that say themselves what a partial sweep did not read.
fn has_incomplete(moment: &Moment<'_>, account: &str) -> bool {
    let mut instances = moment.instances().iter();
    instances.any(|i| i.instance().account.as_str() == account && !i.is_up())
}

fn instances(moment: &Moment<'_>) -> Vec<Problem> {
    let all = moment.instances();
    let incomplete = all.iter().filter(|instance| !instance.is_up());
    let stale = all.iter().filter(|instance| {
        instance.is_up() && moment.is_stale(&instance.instance().account, instance.at())
    });
    let incomplete: Vec<&InstanceSnapshot> = incomplete.map(AsRef::as_ref).collect();
    let stale: Vec<&InstanceSnapshot> = stale.map(AsRef::as_ref).collect();
    let why =
        |instance: &InstanceSnapshot| format!("{} ({})", instance.sag_id(), reasons(instance));
    let name = |instance: &InstanceSnapshot| instance.sag_id().to_string();
    [
        (
            Kind::InstancesIncomplete,
            "incomplete",
            named(&incomplete, why),
            incomplete,
        ),
        (
            Kind::InstancesStale,
            "out of date",
            named(&stale, name),
            stale,
        ),
    ]
    .into_iter()
    .filter(|(.., concerned)| !concerned.is_empty())
    .map(|(kind, state, names, concerned)| Problem {
        sag_ids: concerned
            .iter()
            .take(LIMIT_NAMED)
            .map(|instance| instance.sag_id().clone())
            .collect(),
        ..Problem::new(
            kind,
            format!(
                "{} of {} instances {state}: {names}",
                concerned.len(),
                all.len()
            ),
        )
    })
    .collect()
}

fn named(instances: &[&InstanceSnapshot], name: impl Fn(&InstanceSnapshot) -> String) -> String {
    let names = instances.iter().take(LIMIT_NAMED);
    let names: Vec<String> = names.map(|instance| name(instance)).collect();
    match instances.len().saturating_sub(LIMIT_NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// Why an instance is not complete, in words.
pub(super) fn reasons(instance: &InstanceSnapshot) -> String {
    let failed = Collector::ALL.into_iter().filter_map(|collector| {
        let failure = instance.collector(collector).failure?;
        Some(format!("{collector}: {}", words(failure)))
    });
    let reasons: Vec<String> = failed.collect();
    if reasons.is_empty() {
        return "accounts: not read yet".to_owned();
    }
    reasons.join(", ")
}

fn calls(moment: &Moment<'_>, account: &str, readings: &AccountReadings) -> Vec<Problem> {
    let mut found = Vec::new();
    if readings.credential_failures > 0 {
        let text = match readings.credential_expires {
            Some(end) if end > moment.now => {
                let left = clock::between(moment.now, end).as_secs() / 60;
                format!("cannot be renewed, and the one in use ends in {left} min")
            }
            _ => "cannot be obtained: the log says why".to_owned(),
        };
        found.push((Kind::CredentialFailing, format!("the credential {text}")));
    }
    let recent = recent(readings);
    let throttled = recent.of_kind(FailureKind::Throttled);
    if throttled > 0 {
        let text = format!(
            "{throttled} of {} calls in the last 5 minutes were throttled by the cloud",
            recent.total()
        );
        found.push((Kind::Throttled, text));
    }
    if let Some(ratio) = readings.demand_ratio.filter(|ratio| *ratio > 1.0) {
        let text = format!("sweeps need {ratio:.1} times the calls that the rate allows");
        found.push((Kind::OverBudget, text));
    }
    let problem = |(kind, text)| Problem {
        account: Some(account.to_owned()),
        ..Problem::new(kind, format!("Account {account}: {text}"))
    };
    found.into_iter().map(problem).collect()
}

/// The recent calls of all operations.
pub(super) fn recent(readings: &AccountReadings) -> Calls {
    let mut sum = Calls::default();
    for operation in readings.operations.values() {
        sum.add(&operation.recent);
    }
    sum
}

/// What most of the recent calls failed of. A credential that is refused
/// explains every other failure.
fn cause(readings: &AccountReadings) -> Option<FailureKind> {
    let recent = recent(readings);
    if readings.credential_failures > 0 || recent.of_kind(FailureKind::Auth) > 0 {
        return Some(FailureKind::Auth);
    }
    let most = recent.failed.iter().max_by_key(|(_, calls)| **calls);
    most.map(|(kind, _)| *kind)
}

/// A failure in words.
pub(super) fn words(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Throttled => "throttled by the cloud",
        FailureKind::Denied => "not permitted",
        FailureKind::NotFound => "not found",
        FailureKind::Timeout => "not read in time",
        FailureKind::Transport => "the cloud was not reached",
        FailureKind::Decode => "the answer was not whole",
        FailureKind::Remote => "the cloud reported an error",
        FailureKind::Auth => "the credential was not accepted",
    }
}

/// So many names fit into a line or two.
const LIMIT_NAMED: usize = 5;
