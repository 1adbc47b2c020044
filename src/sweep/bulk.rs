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
    let mut chunks = chunks(users);
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

/// The users in pieces for one call each: as many as the operation takes, and
/// no more than fit into the line of a request.
fn chunks(users: &[UserName]) -> impl Iterator<Item = &[UserName]> {
    let mut rest = users;
    std::iter::from_fn(move || {
        let mut room_bytes = LINE_BYTES;
        let fits = |user: &&UserName| {
            let left = room_bytes.checked_sub(written_bytes(user));
            room_bytes = left.unwrap_or(0);
            left.is_some()
        };
        let fitting = rest.iter().take(BULK_LIMIT).take_while(fits).count();
        // A single name always fits; if not, the cloud may say so.
        let (chunk, others) = rest.split_at_checked(fitting.max(1))?;
        rest = others;
        Some(chunk)
    })
}

/// How much of the line a name takes: what is not plain is written as `%XX`,
/// and `&UserNames.50=` comes before it.
fn written_bytes(user: &UserName) -> usize {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let bytes = user.as_str().bytes();
    bytes
        .map(|byte| if plain(byte) { 1 } else { 3 })
        .sum::<usize>()
        + PARAMETER_BYTES
}

fn unreadable() -> CallError {
    CallError::new(
        FailureKind::Decode,
        "an answer about many users holds entries that cannot be read",
    )
}

/// Many servers take lines of at most 8 KiB; a kilobyte is for the rest of it.
const LINE_BYTES: usize = 7 * 1024;

const PARAMETER_BYTES: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_fit_into_a_call() {
        for (name, users, expected) in [
            ("a", 0, vec![]),
            ("a", 1, vec![1]),
            ("a", 50, vec![50]),
            ("a", 120, vec![50, 50, 20]),
            ("somebody.with.a.name@example.com", 60, vec![50, 10]),
            (&"é".repeat(200), 12, vec![5, 5, 2]),
            (&"😀".repeat(256), 5, vec![2, 2, 1]),
        ] {
            let users = vec![UserName::parse(name).unwrap(); users];
            let sizes: Vec<usize> = chunks(&users).map(<[UserName]>::len).collect();
            assert_eq!(sizes, expected, "{name}");
        }
    }
}
