//! Ending the sessions of one user.

use super::place::Place;
use crate::app::causes::whole;
use crate::model::{SagId, Session, UserName};
use crate::sweep::CallError;

/// Sessions that can be cut.
#[derive(Debug)]
pub struct Kickable {
    pub(super) place: Place,
    /// The user.
    pub user: UserName,
    /// The sessions as they were read, oldest first.
    pub sessions: Vec<Session>,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Kicked {
    /// The sessions that are gone.
    pub cut: Vec<Session>,
    /// Those that are still there.
    pub remaining: Vec<Session>,
    /// Those that began meanwhile: the client has come back.
    pub new: Vec<Session>,
    /// Why it is not known whether the cloud cut anything, if its reply was
    /// lost. The sessions were read all the same.
    pub doubt: Option<String>,
}

/// Nobody was kicked, or nobody knows.
#[derive(Debug, thiserror::Error)]
pub enum KickError {
    /// The cloud refused.
    #[error("nothing was cut: {0}")]
    Refused(String),
    /// The sessions cannot be read afterwards.
    #[error("the outcome is unknown: the sessions cannot be read back: {found}{}", after(.doubt.as_deref()))]
    Unknown {
        /// Why the outcome of the call itself is unknown, if it is.
        doubt: Option<String>,
        /// Why the sessions cannot be read.
        found: CallError,
    },
}

impl Kickable {
    /// The instance.
    pub fn sag_id(&self) -> &SagId {
        &self.place.sag_id
    }

    /// Cuts them, and looks what is left. The call is made once.
    ///
    /// # Errors
    ///
    /// If the cloud refuses, or the sessions cannot be read afterwards.
    pub async fn kick(&self) -> Result<Kicked, KickError> {
        let (region, sag_id) = (&self.place.region, &self.place.sag_id);
        let client = &self.place.client;
        let doubt = match client.kick_out(region, sag_id, &self.user).await {
            Ok(()) => None,
            Err(error) if error.kind().is_certainly_undone() => {
                return Err(KickError::Refused(whole(&error)));
            }
            Err(error) => Some(whole(&error)),
        };
        match client.online_clients(region, sag_id, &self.user).await {
            Ok(after) => Ok(compare(&self.sessions, &after, doubt)),
            Err(error) => Err(KickError::Unknown {
                doubt,
                found: error.into(),
            }),
        }
    }
}

fn after(doubt: Option<&str>) -> String {
    doubt.map_or_else(String::new, |doubt| format!(", after {doubt}"))
}

/// Two sessions may be equal to the last digit, so each is counted off.
fn compare(before: &[Session], after: &[Session], doubt: Option<String>) -> Kicked {
    let mut new = after.to_vec();
    let (mut cut, mut remaining) = (Vec::new(), Vec::new());
    for session in before {
        match new.iter().position(|other| other == session) {
            Some(place) => remaining.push(new.remove(place)),
            None => cut.push(*session),
        }
    }
    Kicked {
        cut,
        remaining,
        new,
        doubt,
    }
}
