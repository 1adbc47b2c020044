//! Changes, carried out one after the other.

use tokio_util::sync::CancellationToken;

use super::changes::Change;
use super::place::Place;
use super::single;
use crate::app::causes::whole;
use crate::model::{Kbps, UserName};
use crate::sag::UserChange;

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The cloud says that it is in force.
    Done,
    /// The outcome of the write was unknown, and the user was read back: the
    /// change is in force.
    FoundDone {
        /// Why it was unknown.
        doubt: String,
    },
    /// The outcome is unknown, and reading back did not show the change.
    Unknown {
        /// Why it is unknown.
        doubt: String,
        /// What reading back showed.
        found: String,
    },
    /// The cloud did not carry it out.
    Failed {
        /// Why.
        why: String,
    },
}

/// How many changes had which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// In force.
    pub done: usize,
    /// Certainly not carried out.
    pub failed: usize,
    /// Nobody knows.
    pub unknown: usize,
    /// Not tried.
    pub left: usize,
    /// Why those were not tried.
    pub stopped: Option<Stop>,
}

/// Why changes were not tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Somebody wanted it to end.
    Interrupted,
    /// Too many in a row went wrong.
    Failures,
}

/// Makes the changes in their order, one at a time, so that at most one is under
/// way when this is to end. No write is sent twice.
pub(super) async fn carry_out(
    places: &[Place],
    changes: &[Change],
    shutdown: &CancellationToken,
    told: &mut dyn FnMut(&Change, &Outcome),
) -> Tally {
    let mut tally = Tally::default();
    let mut in_a_row = 0;
    for (index, change) in changes.iter().enumerate() {
        tally.stopped = match (shutdown.is_cancelled(), in_a_row >= FAILURES_IN_A_ROW) {
            (true, _) => Some(Stop::Interrupted),
            (_, true) => Some(Stop::Failures),
            _ => None,
        };
        if tally.stopped.is_some() {
            tally.left = changes.len() - index;
            break;
        }
        let outcome = write(places, change).await;
        match &outcome {
            Outcome::Done | Outcome::FoundDone { .. } => tally.done += 1,
            Outcome::Unknown { .. } => tally.unknown += 1,
            Outcome::Failed { .. } => tally.failed += 1,
        }
        let well = matches!(outcome, Outcome::Done | Outcome::FoundDone { .. });
        in_a_row = if well { 0 } else { in_a_row + 1 };
        told(change, &outcome);
    }
    tally
}

async fn write(places: &[Place], change: &Change) -> Outcome {
    let Some(place) = places.iter().find(|place| place.sag_id == change.sag_id) else {
        return Outcome::Failed {
            why: format!(
                "instance {} is not one of those that were read",
                change.sag_id
            ),
        };
    };
    let written = place.client.modify_client_user(
        &place.region,
        &place.sag_id,
        &change.user,
        change.after,
        change.email.as_ref(),
    );
    match written.await {
        Ok(answer) => match contradiction(change, &answer) {
            None => Outcome::Done,
            Some(doubt) => read_back(place, change, doubt).await,
        },
        Err(error) if error.kind().is_certainly_undone() => Outcome::Failed { why: whole(&error) },
        Err(error) => read_back(place, change, whole(&error)).await,
    }
}

/// What an answer says against the change. What it leaves out says nothing.
fn contradiction(change: &Change, answer: &UserChange) -> Option<String> {
    let other_user = |name: &UserName| *name != change.user;
    if answer.user.as_ref().is_some_and(other_user) {
        return Some("the answer is about another user".to_owned());
    }
    let kbps = answer.bandwidth?;
    (kbps != Kbps(change.after.kbps())).then(|| format!("the answer says {} Kbit/s", kbps.0))
}

async fn read_back(place: &Place, change: &Change, doubt: String) -> Outcome {
    let found = match single::look(place, &change.user).await {
        Err(error) => format!("cannot be read back: {error}"),
        Ok(None) => "read back: the user does not exist".to_owned(),
        Ok(Some(contact)) => {
            let email_is = |email| contact.email.as_ref() == Some(email);
            let email_holds = change.email.as_ref().is_none_or(email_is);
            match contact.user.bandwidth {
                None => "read back: the cloud does not tell the bandwidth".to_owned(),
                Some(kbps) if kbps != Kbps(change.after.kbps()) => {
                    format!("read back: {} Kbit/s", kbps.0)
                }
                Some(_) if !email_holds => {
                    "read back: the e-mail address did not change".to_owned()
                }
                Some(_) => return Outcome::FoundDone { doubt },
            }
        }
    };
    Outcome::Unknown { doubt, found }
}

/// A cloud that refuses so many changes one after the other refuses the rest
/// too.
const FAILURES_IN_A_ROW: u32 = 5;
