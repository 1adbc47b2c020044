//! How the sessions of users are learned.

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::SessionsMode;
use super::breaker::Breaker;
use super::cloud::{CallError, Cloud};
use super::round::Round;
use crate::fleet::{SessionState, UserSessions};
use crate::model::{Instance, Session, UserName};

/// What was learned of the users that a sweep meant to observe.
#[derive(Debug)]
pub(super) struct Learned {
    /// One entry a user.
    pub(super) users: Vec<UserSessions>,
    /// How many of them were asked for, which come first. The rest was given up.
    pub(super) asked: usize,
    /// The first failure.
    pub(super) trouble: Option<CallError>,
}

/// Learns the sessions of the users, in the order given.
pub(super) async fn learn<C: Cloud>(
    round: &Round<'_, C>,
    instance: &Instance,
    users: Vec<UserName>,
) -> Learned {
    match round.options().sessions {
        SessionsMode::Each => one_by_one(round, instance, users).await,
    }
}

/// One query a user, several at once; given up when the calls to this instance
/// fail in a row.
async fn one_by_one<C: Cloud>(
    round: &Round<'_, C>,
    instance: &Instance,
    users: Vec<UserName>,
) -> Learned {
    let mut learned = Learned {
        users: Vec::with_capacity(users.len()),
        asked: 0,
        trouble: None,
    };
    let mut breaker = Breaker::of_instance();
    let mut queue = users.into_iter();
    let mut under_way = FuturesUnordered::new();
    loop {
        while breaker.open().is_none() && under_way.len() < round.gate.share() {
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
    if let Some(refusal) = breaker.open() {
        learned.give_up(queue, refusal);
    }
    learned
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
    fn take(&mut self, user: UserName, result: Result<Option<Vec<Session>>, CallError>) {
        let state = match result {
            Ok(Some(sessions)) => SessionState::Sessions(sessions),
            Ok(None) => SessionState::Gone,
            Err(error) => {
                let state = SessionState::Unknown(error.kind);
                self.trouble.get_or_insert(error);
                state
            }
        };
        self.users.push(UserSessions { user, state });
        self.asked = self.users.len();
    }

    fn give_up(&mut self, users: impl Iterator<Item = UserName>, refusal: &CallError) {
        self.users.extend(users.map(|user| UserSessions {
            user,
            state: SessionState::Unknown(refusal.kind),
        }));
    }
}
