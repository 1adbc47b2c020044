//! The user behind a pseudonym. A pseudonym cannot be turned back; but the
//! users can be listed, and each given its pseudonym.

use futures_util::future::try_join_all;

use super::cloud::{Access, Ground};
use super::daemon::{Plan, SetupError, accesses};
use crate::config::Account;
use crate::fleet::Pseudonyms;
use crate::model::{AccountName, Region, SagId, UserName};
use crate::openapi::ApiError;
use crate::sag::{self, Page, PageRequest};
use crate::telemetry::Telemetry;

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

/// The users cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum WhoisError {
    /// The configuration cannot be carried out.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A call failed.
    #[error("the users of account {account} cannot be listed")]
    Call {
        /// The cloud account.
        account: AccountName,
        /// Why.
        source: ApiError,
    },
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
) -> Result<Vec<Known>, WhoisError> {
    let telemetry = Telemetry::new(plan.build).map_err(SetupError::from)?;
    let ground = Ground::new(plan.environment, plan.clock, telemetry).map_err(SetupError::from)?;
    let accounts = accesses(&plan.config, &ground).map_err(SetupError::from)?;
    let searches = accounts.into_iter().map(|(account, access)| async move {
        let name = account.sweep.name.clone();
        let found = search(account, access, pseudonyms, wanted).await;
        found.map_err(|source| WhoisError::Call {
            account: name,
            source,
        })
    });
    Ok(try_join_all(searches).await?.concat())
}

async fn search(
    account: Account,
    access: Access,
    pseudonyms: &Pseudonyms,
    wanted: &str,
) -> Result<Vec<Known>, ApiError> {
    let client = sag::Client::new(access.client);
    let mut known = Vec::new();
    for (region, sag_id) in instances(&client, &account).await? {
        let mut pages = Pages::default();
        while let Some(request) = pages.next() {
            let page = client.client_users(&region, &sag_id, request).await?;
            pages.take(&page);
            for user in page.entries {
                if pseudonyms.of(user.name.as_str()) == wanted {
                    known.push(Known {
                        user: user.name,
                        sag_id: sag_id.clone(),
                        account: account.sweep.name.clone(),
                    });
                }
            }
        }
    }
    // A user that moved to another page while they were read comes twice.
    known.sort_by(|a, b| (&a.sag_id, &a.user).cmp(&(&b.sag_id, &b.user)));
    known.dedup();
    Ok(known)
}

async fn instances(
    client: &sag::Client,
    account: &Account,
) -> Result<Vec<(Region, SagId)>, ApiError> {
    let wanted = &account.sweep.instances;
    if let ([region], [_, ..]) = (&account.sweep.regions[..], &wanted[..]) {
        let each = wanted.iter();
        return Ok(each.map(|id| (region.clone(), id.clone())).collect());
    }
    let mut regions = account.sweep.regions.clone();
    if let (true, Ok(home)) = (regions.is_empty(), Region::parse(HOME_REGION)) {
        let listed = client.regions(&home).await?.entries.into_iter();
        regions = listed.map(|entry| entry.region).collect();
    }
    let mut found = Vec::new();
    for region in &regions {
        let mut pages = Pages::default();
        while let Some(request) = pages.next() {
            let page = client.gateways(region, request).await?;
            pages.take(&page);
            let is_wanted = |id: &SagId| wanted.is_empty() || wanted.contains(id);
            let apps = page.entries.into_iter().filter(sag::Gateway::is_app);
            let ids = apps.map(|app| app.sag_id).filter(is_wanted);
            found.extend(ids.map(|id| (region.clone(), id)));
        }
    }
    Ok(found)
}

/// Goes through the pages of a list, to its end by the cloud's own count.
#[derive(Default)]
struct Pages {
    read: u32,
    seen: u64,
    at_end: bool,
}

impl Pages {
    fn next(&self) -> Option<PageRequest> {
        (!self.at_end && self.read < MAX_PAGES).then_some(PageRequest {
            number: self.read + 1,
            size: PAGE,
        })
    }

    fn take<T>(&mut self, page: &Page<T>) {
        let entries = page.entries.len() + page.unreadable;
        self.read += 1;
        self.seen += u64::try_from(entries).unwrap_or(u64::MAX);
        self.at_end = entries == 0 || page.total.is_some_and(|total| self.seen >= total);
    }
}

/// Which region is asked about all of them.
const HOME_REGION: &str = "cn-shanghai";

/// What every operation allows.
const PAGE: u32 = 50;

/// More than any instance has, so that a cloud which never ends a list is
/// left.
const MAX_PAGES: u32 = 10_000;
