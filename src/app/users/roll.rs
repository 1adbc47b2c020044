//! The users of all instances, and how many clients each has online.

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt as _};

use super::Progress;
use super::error::Gap;
use super::place::Place;
use crate::model::{AccountName, ClientUser, FailureKind, SagId, UserName};
use crate::openapi::{ApiError, Missing};
use crate::sag::{BULK_LIMIT, Listed, PageRequest};
use crate::sweep::{CallError, list_once};

/// One user of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The cloud account.
    pub account: AccountName,
    /// The instance.
    pub sag_id: SagId,
    /// What the list of users says.
    pub user: ClientUser,
    /// How many clients are online, where that is known.
    pub online_clients: Option<u32>,
}

/// The users that could be read.
#[derive(Debug, Default)]
pub struct Roll {
    /// By instance, then by name.
    pub entries: Vec<Entry>,
    /// What is not in them.
    pub gaps: Vec<Gap>,
}

/// Reads the lists of users, all pages of them.
pub(super) async fn read(places: &[&Place], page_size: u32, progress: &dyn Progress) -> Roll {
    progress.stage("reading users");
    let lists = places.iter().map(|place| list(place, page_size, progress));
    let mut roll = Roll::default();
    let mut lists = stream::iter(lists).buffered(INSTANCES_AT_ONCE);
    while let Some((mut entries, gap)) = lists.next().await {
        entries.sort_by(|a, b| a.user.name.cmp(&b.user.name));
        roll.entries.extend(entries);
        roll.gaps.extend(gap);
    }
    roll
}

async fn list(place: &Place, page_size: u32, progress: &dyn Progress) -> (Vec<Entry>, Option<Gap>) {
    let listing = list_once(page_size, async |page: PageRequest| {
        let _turn = place.turn().await;
        let call = place
            .client
            .client_users(&place.region, &place.sag_id, page);
        let read = call.await.map_err(CallError::from)?;
        if page.number == 1 {
            progress.expect(read.total.unwrap_or(0));
        }
        progress.advance(count(read.entries.len()));
        Ok(read)
    })
    .await;
    let entry = |user| Entry {
        account: place.account.clone(),
        sag_id: place.sag_id.clone(),
        user,
        online_clients: None,
    };
    let gap = listing.trouble.map(|why| Gap {
        sag_id: place.sag_id.clone(),
        what: "the list of users is not whole",
        why: why.to_string(),
    });
    (listing.entries.into_iter().map(entry).collect(), gap)
}

/// Finds out who is online, fifty users a call, and one by one where that does
/// not work.
pub(super) async fn count_online(places: &[&Place], roll: &mut Roll, progress: &dyn Progress) {
    progress.stage("counting clients");
    progress.expect(count(roll.entries.len()));
    let mut names: HashMap<&SagId, Vec<UserName>> = HashMap::new();
    for entry in &roll.entries {
        let here = names.entry(&entry.sag_id).or_default();
        here.push(entry.user.name.clone());
    }
    let counted = places.iter().map(|place| {
        let names = names.remove(&place.sag_id).unwrap_or_default();
        async move { (&place.sag_id, of_place(place, names, progress).await) }
    });
    let counted: Vec<_> = counted.collect();
    let counted = stream::iter(counted).buffered(INSTANCES_AT_ONCE);
    let counted: Vec<(&SagId, Counted)> = counted.collect().await;
    let mut online = HashMap::new();
    for (sag_id, counted) in counted {
        roll.gaps.extend(counted.failure.map(|why| Gap {
            sag_id: sag_id.clone(),
            what: "not known of everybody how many clients are online",
            why: why.to_string(),
        }));
        online.insert(sag_id, counted.clients);
    }
    for entry in &mut roll.entries {
        let here = online.get(&entry.sag_id);
        entry.online_clients = here.and_then(|here| here.get(&entry.user.name).copied());
    }
}

#[derive(Default)]
struct Counted {
    clients: HashMap<UserName, u32>,
    failure: Option<CallError>,
}

async fn of_place(place: &Place, names: Vec<UserName>, progress: &dyn Progress) -> Counted {
    let mut counted = Counted::default();
    let in_bulk = count_in_bulk(place, &names, &mut counted, progress).await;
    // In a cloud that is in trouble, asking for each would be far more trouble.
    if in_bulk && counted.failure.is_some() {
        return counted;
    }
    // What kept the counts away does not matter if the users can be asked for.
    counted.failure = None;
    let is_left = |name: &&UserName| !counted.clients.contains_key(*name);
    let left = names.iter().filter(is_left);
    let left: Vec<_> = left.map(|name| alone(place, name)).collect();
    let mut left = stream::iter(left).buffer_unordered(CALLS_AT_ONCE);
    while let Some((name, answer)) = left.next().await {
        progress.advance(1);
        match answer {
            Ok(clients) => drop(counted.clients.insert(name.clone(), clients)),
            // Deleted since the list was read.
            Err(error) if error.missing() == Some(Missing::User) => {}
            Err(error) => counted.failure = Some(error.into()),
        }
    }
    counted
}

/// Counts fifty users a call; whether that is possible here at all.
async fn count_in_bulk(
    place: &Place,
    names: &[UserName],
    counted: &mut Counted,
    progress: &dyn Progress,
) -> bool {
    let mut chunks = names.chunks(BULK_LIMIT);
    let Some(first) = chunks.next() else {
        return true;
    };
    // The first call shows whether the operation is there and permitted.
    let answer = bulk(place, first).await;
    let is_possible = !answer.as_ref().is_err_and(is_not_for_us);
    counted.take(answer, progress);
    if is_possible {
        let rest: Vec<_> = chunks.map(|names| bulk(place, names)).collect();
        let mut rest = stream::iter(rest).buffer_unordered(CALLS_AT_ONCE);
        while let Some(answer) = rest.next().await {
            counted.take(answer, progress);
        }
    }
    is_possible
}

impl Counted {
    fn take(&mut self, answer: Result<Listed<(UserName, u32)>, ApiError>, progress: &dyn Progress) {
        match answer {
            Ok(listed) => {
                progress.advance(count(listed.entries.len()));
                self.clients.extend(listed.entries);
            }
            Err(error) => self.failure = Some(error.into()),
        }
    }
}

async fn bulk(place: &Place, names: &[UserName]) -> Result<Listed<(UserName, u32)>, ApiError> {
    let _turn = place.turn().await;
    let (region, sag_id) = (&place.region, &place.sag_id);
    place.client.online_counts(region, sag_id, names).await
}

async fn alone<'a>(place: &Place, name: &'a UserName) -> (&'a UserName, Result<u32, ApiError>) {
    let _turn = place.turn().await;
    let (region, sag_id) = (&place.region, &place.sag_id);
    let sessions = place.client.online_clients(region, sag_id, name).await;
    let clients = sessions.map(|sessions| u32::try_from(sessions.len()).unwrap_or(u32::MAX));
    (name, clients)
}

/// Whether an operation is missing or not permitted, so that another one has to
/// do.
fn is_not_for_us(error: &ApiError) -> bool {
    matches!(error.kind(), FailureKind::Denied | FailureKind::NotFound)
}

pub(super) fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

/// Instances that are read side by side. How many calls are under way, the
/// configuration of their cloud accounts says.
const INSTANCES_AT_ONCE: usize = 16;

/// Calls that wait for their turn; the account lets fewer of them go at once.
const CALLS_AT_ONCE: usize = 256;
