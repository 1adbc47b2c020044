//! What a person does with users at the terminal: list, show, change, kick.
//!
//! Reading comes first, always: a command shows what it found before it changes
//! anything, and changes only what it showed. `changes` decides and is pure;
//! `write` and `kick` are the only places of the program that change
//! something in the cloud, and the daemon has no way to them.

mod changes;
mod error;
mod filter;
mod kick;
mod place;
mod roll;
mod single;
#[cfg(test)]
mod tests;
mod write;

use tokio_util::sync::CancellationToken;

use super::causes::whole;
use super::daemon::Plan;
use crate::model::{AccountName, BandwidthSetting, ClientUser, Region, SagId, Session, UserName};
use crate::rules::{Limits, Pattern, Policy};
use crate::sag::{Email, Traffic};

pub use self::changes::{Change, Proposal, Refused, Unchanged, Wish};
pub use self::error::{Gap, UsersError};
pub use self::filter::{Filter, SortKey, sort};
pub use self::kick::{KickError, Kickable, Kicked};
pub use self::roll::{Entry, Roll};
pub use self::write::{Outcome, Stop, Tally};

pub(super) use self::place::{Place, places};

use self::changes::Subject;

/// The users of every instance of the configuration.
#[derive(Debug)]
pub struct Users {
    places: Vec<Place>,
    page_size: u32,
    policy: Policy,
}

/// Listens to reading that takes a while. Calls come often: return at once.
pub trait Progress: Sync {
    /// Something else begins.
    fn stage(&self, _what: &'static str) {}

    /// So many more users are to be read.
    fn expect(&self, _users: u64) {}

    /// So many more users were read.
    fn advance(&self, _users: u64) {}
}

/// Nobody listens.
impl Progress for () {}

/// What is to be set.
#[derive(Debug)]
pub enum Request {
    /// One user.
    One {
        /// The name, which one instance only may have.
        user: UserName,
        /// The bandwidth, if it is to change.
        bandwidth: Option<BandwidthSetting>,
        /// The e-mail address, if it is to change.
        email: Option<Email>,
    },
    /// Everybody with such a name, in every instance.
    All {
        /// The names.
        names: Pattern,
        /// The bandwidth.
        bandwidth: BandwidthSetting,
    },
    /// The bandwidths of the policy.
    Policy {
        /// The names of the users; `None` for everybody.
        names: Option<Pattern>,
    },
    /// What a file says.
    Wishes(Vec<Wish>),
}

/// Everything about one user but the e-mail address.
#[derive(Debug)]
pub struct Dossier {
    /// The cloud account.
    pub account: AccountName,
    /// Where the instance is.
    pub region: Region,
    /// The instance.
    pub sag_id: SagId,
    /// What the list of users says.
    pub user: ClientUser,
    /// What the policy expects.
    pub limits: Limits,
    /// The sessions, oldest first; `None` if they cannot be read.
    pub sessions: Option<Vec<Session>>,
    /// The traffic of this month; `None` if the cloud does not tell.
    pub traffic: Option<Traffic>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

impl Users {
    /// Finds the instances. Whatever else happens is called later.
    ///
    /// # Errors
    ///
    /// If the configuration cannot be carried out, instances cannot be listed, or
    /// one of them does not exist.
    pub async fn open(plan: Plan) -> Result<Self, UsersError> {
        let (places, config) = places(plan).await?;
        Ok(Self {
            places,
            page_size: config.sweep.page_size.users(),
            policy: config.rules.policy,
        })
    }

    /// The users that the filter admits. What cannot be read is in the gaps.
    pub async fn list(&self, filter: &Filter, progress: &dyn Progress) -> Roll {
        let places: Vec<&Place> = self.places.iter().collect();
        let mut roll = roll::read(&places, self.page_size, progress).await;
        roll.entries.retain(|entry| filter.admits(entry));
        roll::count_online(&places, &mut roll, progress).await;
        roll.entries.retain(|entry| filter.admits_presence(entry));
        roll
    }

    /// Everything about one user.
    ///
    /// # Errors
    ///
    /// If there is no such user or several, or the users cannot be read.
    pub async fn show(&self, user: &UserName) -> Result<Dossier, UsersError> {
        let found = single::only(&self.places, user).await?;
        let place = found.place;
        let (region, sag_id) = (&place.region, &place.sag_id);
        let names = std::slice::from_ref(user);
        let (sessions, traffic) = tokio::join!(
            place.client.online_clients(region, sag_id, user),
            place.client.traffic(region, sag_id, names),
        );
        let mut gaps = Vec::new();
        let mut gap = |what, error| {
            gaps.push(Gap {
                sag_id: sag_id.clone(),
                what,
                why: whole(&error),
            });
        };
        let sessions = sessions.map_err(|error| gap("the sessions cannot be read", error));
        let traffic = traffic.map_err(|error| gap("the traffic cannot be read", error));
        let traffic = traffic.ok().and_then(|listed| {
            let mut entries = listed.entries.into_iter();
            entries.find(|traffic| traffic.user == *user)
        });
        Ok(Dossier {
            account: place.account.clone(),
            region: region.clone(),
            sag_id: sag_id.clone(),
            limits: self.policy.limits(sag_id, user.as_str()),
            user: found.contact.user,
            sessions: sessions.ok().map(oldest_first),
            traffic,
            gaps,
        })
    }

    /// Reads the users and says what the request would change.
    ///
    /// # Errors
    ///
    /// If the user that is named does not exist or exists several times, or the
    /// users cannot be read: nothing is proposed from half of a list.
    pub async fn propose(
        &self,
        request: Request,
        progress: &dyn Progress,
    ) -> Result<Proposal, UsersError> {
        match request {
            Request::One {
                user,
                bandwidth,
                email,
            } => {
                let found = single::only(&self.places, &user).await?;
                let subject = Subject {
                    sag_id: &found.place.sag_id,
                    user: &user,
                    bandwidth: found.contact.user.bandwidth,
                    email: found.contact.email.as_ref(),
                };
                Ok(Proposal::for_one(&subject, bandwidth, email))
            }
            Request::All { names, bandwidth } => {
                let entries = self.whole(|_| true, progress).await?;
                Ok(Proposal::for_all(&entries, &names, bandwidth))
            }
            Request::Policy { names } => {
                let entries = self.whole(|_| true, progress).await?;
                Ok(Proposal::for_policy(&entries, names.as_ref(), &self.policy))
            }
            Request::Wishes(wishes) => {
                let is_named = |place: &Place| {
                    let mut ids = wishes.iter().map(|wish| wish.sag_id.as_ref());
                    ids.any(|id| id.is_none_or(|id| *id == place.sag_id))
                };
                let entries = self.whole(is_named, progress).await?;
                let ids: Vec<SagId> = self.places.iter().map(|p| p.sag_id.clone()).collect();
                Ok(Proposal::for_wishes(&entries, &ids, &wishes))
            }
        }
    }

    /// Makes the changes, one after the other, until `shutdown`; `told` hears of
    /// each.
    pub async fn carry_out(
        &self,
        changes: &[Change],
        shutdown: &CancellationToken,
        told: &mut dyn FnMut(&Change, &Outcome),
    ) -> Tally {
        write::carry_out(&self.places, changes, shutdown, told).await
    }

    /// The sessions of a user, ready to be cut.
    ///
    /// # Errors
    ///
    /// If there is no such user or several, or the sessions cannot be read.
    pub async fn kickable(&self, user: &UserName) -> Result<Kickable, UsersError> {
        let found = single::only(&self.places, user).await?;
        let place = found.place.clone();
        let sessions = place
            .client
            .online_clients(&place.region, &place.sag_id, user);
        let sessions = sessions.await.map_err(|error| UsersError::Sessions {
            sag_id: place.sag_id.clone(),
            user: user.clone(),
            source: error.into(),
        })?;
        Ok(Kickable {
            place,
            user: user.clone(),
            sessions: oldest_first(sessions),
        })
    }

    /// All users of some instances, or an error.
    async fn whole(
        &self,
        is_wanted: impl Fn(&Place) -> bool,
        progress: &dyn Progress,
    ) -> Result<Vec<Entry>, UsersError> {
        let places: Vec<&Place> = self
            .places
            .iter()
            .filter(|place| is_wanted(place))
            .collect();
        let roll = roll::read(&places, self.page_size, progress).await;
        match roll.gaps.into_iter().next() {
            None => Ok(roll.entries),
            Some(gap) => Err(UsersError::Incomplete(gap)),
        }
    }
}

/// What is not known comes last.
fn oldest_first(mut sessions: Vec<Session>) -> Vec<Session> {
    sessions.sort_by_key(|session| {
        (
            session.started.is_none(),
            session.started,
            session.client_ip,
        )
    });
    sessions
}
