//! Questions about many users at once.

use std::future::Future;

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::CallError;
use super::breaker::Breaker;
use super::cloud::Cloud;
use super::round::Round;
use crate::model::{Action, FailureKind, Instance, UserName};
use crate::sag::{BULK_LIMIT, Listed};

/// The answers to one question about many users.
#[derive(Debug)]
pub(super) struct Answers<T> {
    /// What was answered. Users may be missing.
    pub(super) entries: Vec<T>,
    /// The first failure that may pass.
    pub(super) trouble: Option<CallError>,
    /// Whether the operation can be called at all.
    pub(super) is_available: bool,
}

/// Asks about all users, in as few calls as possible and several at once. Given
/// up when the calls fail in a row, or once it is clear that they cannot work.
pub(super) async fn ask<'a, C, T, F>(
    round: &Round<'_, C>,
    instance: &Instance,
    action: Action,
    users: &'a [UserName],
    fetch: impl Fn(&'a [UserName]) -> F,
) -> Answers<T>
where
    C: Cloud,
    F: Future<Output = Result<Listed<T>, CallError>>,
{
    let mut answers = Answers {
        entries: Vec::with_capacity(users.len()),
        trouble: None,
        is_available: round.may_call(action, Some(&instance.sag_id)),
    };
    let mut breaker = Breaker::of_instance();
    let mut chunks = users.chunks(BULK_LIMIT);
    let mut under_way = FuturesUnordered::new();
    loop {
        while answers.is_available
            && breaker.open().is_none()
            && under_way.len() < round.gate.share()
        {
            let Some(chunk) = chunks.next() else { break };
            under_way.push(round.gate.call(&instance.region, fetch(chunk)));
        }
        let Some(result) = under_way.next().await else {
            return answers;
        };
        breaker.record(&result);
        let is_off = round.note(action, Some(&instance.sag_id), &result);
        answers.is_available &= !is_off;
        answers.take(result);
    }
}

impl<T> Answers<T> {
    fn take(&mut self, result: Result<Listed<T>, CallError>) {
        match result {
            Ok(listed) => {
                self.entries.extend(listed.entries);
                if listed.unreadable > 0 {
                    self.trouble.get_or_insert_with(unreadable);
                }
            }
            Err(error) => {
                self.trouble.get_or_insert(error);
            }
        }
    }
}

fn unreadable() -> CallError {
    CallError::new(
        FailureKind::Decode,
        "an answer about many users holds entries that cannot be read",
    )
}
