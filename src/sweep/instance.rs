//! The sweep of one instance: its users, then their sessions.

use super::CallError;
use super::bulk;
use super::census::Target;
use super::cloud::Cloud;
use super::listing::list;
use super::round::Round;
use super::sessions::{Learned, learn};
use crate::fleet::{
    Accounts, Collected, InstanceObservation, SessionState, Sessions, UserSessions, UserTraffic,
};
use crate::model::{Action, Collector, FailureKind};
use crate::sag::Traffic;

/// An instance that was swept.
#[derive(Debug)]
pub(super) struct Swept {
    /// The target, with what is remembered for the next sweep.
    pub(super) target: Target,
    /// What to report of it.
    pub(super) observation: Box<InstanceObservation>,
    /// How each collector that ran went, for the log.
    pub(super) runs: Vec<(Collector, Option<CallError>)>,
}

/// Sweeps one instance. It fails in parts, never as a whole.
pub(super) async fn sweep<C: Cloud>(round: &Round<'_, C>, mut target: Target) -> Swept {
    let _busy = round.gate.enter();
    if let Some(lost) = target.lost.clone() {
        let failed = || Run::failed(lost.clone());
        let runs = (failed(), Run::failed(lost), Run::not_due());
        return finish(round, target, runs);
    }
    let plan = target.roster.plan(round.started, round.options());
    let accounts = if plan.accounts {
        list_users(round, &mut target).await
    } else {
        Run::not_due()
    };
    let sessions = observe_users(round, &mut target, accounts.trouble.as_ref()).await;
    let traffic = if plan.traffic {
        read_traffic(round, &mut target, accounts.trouble.as_ref()).await
    } else {
        Run::idle(!round.options().traffic_interval.is_zero())
    };
    finish(round, target, (accounts, sessions, traffic))
}

/// The result of one collector, with the story of its first failure.
struct Run<T> {
    collected: Collected<T>,
    trouble: Option<CallError>,
}

impl<T> Run<T> {
    fn not_due() -> Self {
        Self::idle(true)
    }

    /// What did not run, because it was not due or because it never is.
    fn idle(is_ever_due: bool) -> Self {
        Self {
            collected: match is_ever_due {
                true => Collected::NotDue,
                false => Collected::Unavailable,
            },
            trouble: None,
        }
    }

    fn failed(trouble: CallError) -> Self {
        Self {
            collected: Collected::Failed(trouble.kind),
            trouble: Some(trouble),
        }
    }

    fn of(value: T, trouble: Option<CallError>) -> Self {
        Self {
            collected: match &trouble {
                None => Collected::Complete(value),
                Some(trouble) => Collected::Partial(value, trouble.kind),
            },
            trouble,
        }
    }

    fn log_entry(&self, collector: Collector) -> Option<(Collector, Option<CallError>)> {
        let ran = !matches!(self.collected, Collected::NotDue | Collected::Unavailable);
        ran.then(|| (collector, self.trouble.clone()))
    }
}

async fn list_users<C: Cloud>(round: &Round<'_, C>, target: &mut Target) -> Run<Accounts> {
    let (region, sag_id) = (&target.instance.region, &target.instance.sag_id);
    let known = target.roster.last_whole();
    let size = round.options().page_size.users();
    let listing = list(size, known.as_ref(), |page| {
        let call = round.cloud().client_users(region, sag_id, page);
        round.gate.call(region, call)
    })
    .await;
    if let (Some(trouble), true) = (&listing.trouble, listing.entries.is_empty()) {
        target.roster.not_listed(round.started);
        return Run::failed(trouble.clone());
    }
    let whole = listing.trouble.is_none();
    target.roster.listed(round.started, &listing.entries, whole);
    let seen = u64::try_from(listing.entries.len()).unwrap_or(u64::MAX);
    let accounts = Accounts {
        expected: listing.total.unwrap_or(seen),
        users: listing.entries,
    };
    Run::of(accounts, listing.trouble)
}

/// Learns the sessions of all known users. As long as no list was ever whole,
/// there may be users that nobody asked about, and the result says so.
async fn observe_users<C: Cloud>(
    round: &Round<'_, C>,
    target: &mut Target,
    list_trouble: Option<&CallError>,
) -> Run<Sessions> {
    let known_users = target.roster.len();
    let doubt = list_trouble.filter(|_| !target.roster.was_whole());
    if let (Some(trouble), true) = (doubt, known_users == 0) {
        return Run::failed(trouble.clone());
    }
    round.users_found(&target.instance, known_users);
    let Learned {
        mut users,
        asked,
        trouble,
        counts,
    } = learn(round, &target.instance, &target.roster).await;
    target.roster.observed(&mut users, asked, &counts);
    let trouble = trouble.or_else(|| disowned(&users)).or(doubt.cloned());
    match trouble {
        Some(trouble) if !users.is_empty() && users.iter().all(is_unknown) => Run::failed(trouble),
        trouble => Run::of(Sessions { users }, trouble),
    }
}

/// Reads the traffic of all known users. A user that the cloud leaves out has
/// none that is known. As with sessions, nothing is whole while no list ever was:
/// nobody to ask about is not everybody asked.
async fn read_traffic<C: Cloud>(
    round: &Round<'_, C>,
    target: &mut Target,
    list_trouble: Option<&CallError>,
) -> Run<Vec<UserTraffic>> {
    let users = target.roster.users();
    let action = Action::DescribeUserFlowStatistics;
    let answers = bulk::ask(round, &target.instance, action, &users, |users| {
        let (region, sag_id) = (&target.instance.region, &target.instance.sag_id);
        round.cloud().traffic(region, sag_id, users)
    })
    .await;
    let doubt = list_trouble.filter(|_| !target.roster.was_whole());
    let trouble = answers.trouble.or(doubt.cloned());
    let is_settled = trouble.is_none() || !answers.is_available;
    target.roster.traffic.ran(round.started, is_settled);
    if !answers.is_available {
        return Run::idle(false);
    }
    match trouble {
        Some(trouble) if answers.entries.is_empty() => Run::failed(trouble),
        trouble => {
            let entries = answers.entries.into_iter();
            Run::of(entries.map(user_traffic).collect(), trouble)
        }
    }
}

fn user_traffic(read: Traffic) -> UserTraffic {
    UserTraffic {
        user: read.user,
        bytes: read.bytes,
        allowance_remaining_bytes: read.allowance_remaining_bytes,
    }
}

/// A user that is listed, and yet unknown when asked for.
fn disowned(users: &[UserSessions]) -> Option<CallError> {
    let state = SessionState::Unknown(FailureKind::NotFound);
    users.iter().any(|user| user.state == state).then(|| {
        CallError::new(
            FailureKind::NotFound,
            "users are listed whose sessions cannot be queried: no such user",
        )
    })
}

fn is_unknown(user: &UserSessions) -> bool {
    matches!(user.state, SessionState::Unknown(_))
}

fn finish<C: Cloud>(
    round: &Round<'_, C>,
    mut target: Target,
    (accounts, sessions, traffic): (Run<Accounts>, Run<Sessions>, Run<Vec<UserTraffic>>),
) -> Swept {
    target.troubled = accounts.trouble.is_some() || sessions.trouble.is_some();
    let runs = [
        accounts.log_entry(Collector::Accounts),
        sessions.log_entry(Collector::Sessions),
        traffic.log_entry(Collector::Traffic),
    ];
    let observation = Box::new(InstanceObservation {
        instance: target.instance.clone(),
        at: round.context.clock.now(),
        accounts: accounts.collected,
        sessions: sessions.collected,
        facts: target.facts.clone(),
        traffic: traffic.collected,
        reported_clients: target.reported_clients.take(),
    });
    Swept {
        target,
        observation,
        runs: runs.into_iter().flatten().collect(),
    }
}
