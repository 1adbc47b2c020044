//! The user behind a pseudonym. A pseudonym cannot be turned back; but the
//! users can be listed, and each given its pseudonym.

use futures_util::future::try_join_all;

use super::daemon::Plan;
use super::users::{Place, UsersError, places};
use crate::fleet::Pseudonyms;
use crate::model::{AccountName, SagId, UserName};
use crate::sweep::{CallError, list_once};

/// Somebody with the pseudonym that was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The name of the user.
    pub user: UserName,
    /// The instance.
    pub sag_id: SagId,
    /// The cloud account.
    pub account: AccountName,
}

/// Lists the users of all instances, and returns those with this pseudonym. A
/// name that exists in several instances has the same pseudonym in each.
///
/// # Errors
///
/// If the configuration cannot be carried out, or users cannot be listed.
pub async fn whois(
    plan: Plan,
    pseudonyms: &Pseudonyms,
    wanted: &str,
) -> Result<Vec<Known>, UsersError> {
    let page_size = plan.config.sweep.page_size.users();
    let (places, _) = places(plan).await?;
    let searches = places
        .iter()
        .map(|place| search(place, page_size, pseudonyms, wanted));
    Ok(try_join_all(searches).await?.concat())
}

async fn search(
    place: &Place,
    page_size: u32,
    pseudonyms: &Pseudonyms,
    wanted: &str,
) -> Result<Vec<Known>, UsersError> {
    let listing = list_once(page_size, async |page| {
        let _turn = place.turn().await;
        let call = place
            .client
            .client_users(&place.region, &place.sag_id, page);
        call.await.map_err(CallError::from)
    })
    .await;
    if let Some(source) = listing.trouble {
        return Err(UsersError::Users {
            sag_id: place.sag_id.clone(),
            source,
        });
    }
    let mut users: Vec<UserName> = (listing.entries.into_iter())
        .map(|user| user.name)
        .filter(|name| pseudonyms.of(name.as_str()) == wanted)
        .collect();
    users.sort();
    let known = |user| Known {
        user,
        sag_id: place.sag_id.clone(),
        account: place.account.clone(),
    };
    Ok(users.into_iter().map(known).collect())
}
