//! One user, by name.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::error::UsersError;
use super::place::Place;
use crate::model::UserName;
use crate::sag::{Contact, PageRequest};
use crate::sweep::{CallError, list_once};

/// A user and the instance that has it.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) place: &'a Place,
    pub(super) contact: Contact,
}

/// The only user with this name.
pub(super) async fn only<'a>(
    places: &'a [Place],
    user: &UserName,
) -> Result<Found<'a>, UsersError> {
    let looks: Vec<_> = places
        .iter()
        .map(|place| async move {
            let looked = look(place, user).await;
            let found = looked.map_err(|source| UsersError::Users {
                sag_id: place.sag_id.clone(),
                source,
            })?;
            Ok::<_, UsersError>(found.map(|contact| Found { place, contact }))
        })
        .collect();
    // All of them, for the name could be in the last one too.
    let looked: Vec<Option<Found<'_>>> = stream::iter(looks)
        .buffered(INSTANCES_AT_ONCE)
        .try_collect()
        .await?;
    let mut found: Vec<Found<'_>> = looked.into_iter().flatten().collect();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err(UsersError::Unknown {
            user: user.clone(),
            looked_in: places.len(),
        }),
        (Some(last), false) => {
            found.push(last);
            let ids = found.iter().map(|found| found.place.sag_id.clone());
            Err(UsersError::Ambiguous {
                user: user.clone(),
                sag_ids: ids.collect(),
            })
        }
    }
}

/// The user of this name in an instance. Whether the cloud's own search is exact
/// is not documented, so its answer is searched once more.
pub(super) async fn look(place: &Place, user: &UserName) -> Result<Option<Contact>, CallError> {
    let listing = list_once(PAGE_SIZE, async |page: PageRequest| {
        let _turn = place.turn().await;
        let (region, sag_id) = (&place.region, &place.sag_id);
        let call = place.client.contacts(region, sag_id, user, page);
        call.await.map_err(CallError::from)
    })
    .await;
    let mut entries = listing.entries.into_iter();
    match entries.find(|contact| contact.user.name == *user) {
        Some(contact) => Ok(Some(contact)),
        None => listing.trouble.map_or(Ok(None), Err),
    }
}

/// What every cloud allows; the search finds one user as a rule.
const PAGE_SIZE: u32 = 50;

/// Instances that are asked side by side.
const INSTANCES_AT_ONCE: usize = 64;
