//! How the sessions of users are learned.

use std::collections::HashMap;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::Instant;

use super::SessionsMode;
use super::breaker::Breaker;
use super::bulk;
use super::cloud::{CallError, Cloud};
use super::plan::{Judgement, Queries, Roster};
use super::round::Round;
use crate::fleet::{SessionState, UserSessions};
use crate::model::{Action, FailureKind, Instance, Session, UserName};

/// What was learned of the users that a sweep meant to observe.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// One entry a user.
    pub(super) users: Vec<UserSessions>,
    /// How many of them were asked for, which come first. The rest was given up.
    pub(super) asked: usize,
    /// The first failure.
    pub(super) trouble: Option<CallError>,
    /// The numbers of sessions that the bulk query gave.
    pub(super) counts: HashMap<UserName, u32>,
}

/// Learns the sessions of the users of the roster.
pub(super) async fn learn<C: Cloud>(
    round: &Round<'_, C>,
    instance: &Instance,
    roster: &Roster,
) -> Learned {
    let began = Instant::now();
    let users = roster.users();
    let mut learned = Learned::default();
    let queries = match round.options().sessions {
        SessionsMode::Each => roster.by_urgency(users),
        SessionsMode::Auto => {
            learned.counts = counts(round, instance, &users).await;
            learned.settle(users, roster, || round.user_done(instance))
        }
    };
    round.queries_wanted(queries.len());
    let deadline = round.patience.map(|patience| began + patience);
    one_by_one(round, instance, queries.in_turn(), deadline, &mut learned).await;
    learned
}

/// The number of sessions of each user, as far as the cloud tells it in bulk. A
/// failure is no trouble here: whoever has no number is asked for alone.
async fn counts<C: Cloud>(
    round: &Round<'_, C>,
    instance: &Instance,
    users: &[UserName],
) -> HashMap<UserName, u32> {
    let action = Action::DescribeUserOnlineClientStatistics;
    let answers = bulk::ask(round, instance, action, users, |users| {
        let (region, sag_id) = (&instance.region, &instance.sag_id);
        round.cloud().online_counts(region, sag_id, users)
    })
    .await;
    if let Some(trouble) = &answers.trouble {
        tracing::debug!(sag_id = %instance.sag_id, error = %trouble, "not everybody was counted in bulk");
    }
    answers.entries.into_iter().collect()
}

/// One query a user, several at once; given up when the calls to this instance
/// fail in a row, and put off when the time is over.
async fn one_by_one<C: Cloud>(
    round: &Round<'_, C>,
    instance: &Instance,
    users: Vec<UserName>,
    deadline: Option<Instant>,
    learned: &mut Learned,
) {
    let mut breaker = Breaker::of_instance();
    let mut queue = users.into_iter();
    let mut under_way = FuturesUnordered::new();
    let is_late = || deadline.is_some_and(|deadline| Instant::now() >= deadline);
    loop {
        while breaker.open().is_none() && under_way.len() < round.gate.share() && !is_late() {
            let Some(user) = queue.next() else { break };
            under_way.push(query(round, instance, user));
        }
        let Some((user, result)) = under_way.next().await else {
            break;
        };
        breaker.record(&result);
        round.user_done(instance);
        learned.take(user, result);
    }
    learned.asked = learned.users.len();
    match breaker.open() {
        Some(refusal) => learned.leave(queue, &SessionState::Unknown(refusal.kind)),
        None => learned.put_off(queue),
    }
}

async fn query<C: Cloud>(
    round: &Round<'_, C>,
    instance: &Instance,
    user: UserName,
) -> (UserName, Result<Option<Vec<Session>>, CallError>) {
    let call = round
        .cloud()
        .online_clients(&instance.region, &instance.sag_id, &user);
    let result = round.gate.call(&instance.region, call).await;
    (user, result)
}

impl Learned {
    /// Takes those in whose number says enough, and gives the others.
    fn settle(&mut self, users: Vec<UserName>, roster: &Roster, user_done: impl Fn()) -> Queries {
        let mut queries = Queries::default();
        let mut uncounted = Vec::new();
        for user in users {
            let count = self.counts.get(&user);
            match count.map(|count| roster.judge(&user, *count)) {
                Some(Judgement::Known(state)) => {
                    self.users.push(UserSessions { user, state });
                    user_done();
                }
                Some(Judgement::Changed) => queries.urgent.push(user),
                Some(Judgement::Due) => queries.others.push(user),
                None => uncounted.push(user),
            }
        }
        queries.append(roster.by_urgency(uncounted));
        queries
    }

    fn take(&mut self, user: UserName, result: Result<Option<Vec<Session>>, CallError>) {
        let state = match result {
            Ok(Some(sessions)) => SessionState::Sessions(sessions),
            Ok(None) => SessionState::Gone,
            Err(error) => {
                let state = self.at_least_counted(&user, SessionState::Unknown(error.kind));
                self.trouble.get_or_insert(error);
                state
            }
        };
        self.users.push(UserSessions { user, state });
    }

    /// Of a user whose sessions could not be read, their number may be known.
    fn at_least_counted(&self, user: &UserName, otherwise: SessionState) -> SessionState {
        let count = self.counts.get(user).copied();
        count.map_or(otherwise, SessionState::Count)
    }

    fn leave(&mut self, users: impl Iterator<Item = UserName>, state: &SessionState) {
        for user in users {
            let state = self.at_least_counted(&user, state.clone());
            self.users.push(UserSessions { user, state });
        }
    }

    fn put_off(&mut self, users: impl ExactSizeIterator<Item = UserName>) {
        let left = users.len();
        if left > 0 {
            self.trouble.get_or_insert_with(|| out_of_time(left));
            self.leave(users, &SessionState::Deferred);
        }
    }
}

fn out_of_time(left: usize) -> CallError {
    CallError::new(
        FailureKind::Timeout,
        format!("the interval is too short for the rate: {left} users are left for the next sweep"),
    )
}
