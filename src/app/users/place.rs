//! The instances of all cloud accounts, each with what it takes to call it.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::try_join_all;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::UsersError;
use crate::app::cloud::{Access, Ground};
use crate::app::daemon::{Plan, SetupError, accesses};
use crate::config::{Account, Config};
use crate::model::{AccountName, Region, SagId};
use crate::sag::{self, Gateway};
use crate::sweep::{CallError, Listing, home_region, list_once};
use crate::telemetry::Telemetry;

/// An instance that can be called.
#[derive(Debug, Clone)]
pub(in crate::app) struct Place {
    /// The cloud account.
    pub(in crate::app) account: AccountName,
    /// Where the instance is.
    pub(in crate::app) region: Region,
    /// The instance.
    pub(in crate::app) sag_id: SagId,
    /// The client of the cloud account.
    pub(in crate::app) client: sag::Client,
    /// Shared by all instances of the cloud account: `concurrency` of its
    /// configuration.
    turns: Arc<Semaphore>,
}

impl Place {
    /// Waits until one more call of the cloud account may be under way. The pace
    /// is the client's own business.
    pub(in crate::app) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed; if it were, the client would still keep its pace.
        self.turns.acquire().await.ok()
    }
}

/// Finds the instances of all cloud accounts, by the order of their ids.
///
/// # Errors
///
/// If instances cannot be listed, or one of the configuration does not exist.
pub(in crate::app) async fn places(plan: Plan) -> Result<(Vec<Place>, Config), UsersError> {
    let telemetry = Telemetry::new(plan.build).map_err(SetupError::from)?;
    let ground = Ground::new(plan.environment, plan.clock, telemetry).map_err(SetupError::from)?;
    let accounts = accesses(&plan.config, &ground).map_err(SetupError::from)?;
    let found = try_join_all(accounts.into_iter().map(of_account)).await?;
    let mut places = found.concat();
    places.sort_by(|a, b| a.sag_id.cmp(&b.sag_id));
    Ok((places, plan.config))
}

async fn of_account((account, access): (Account, Access)) -> Result<Vec<Place>, UsersError> {
    let options = &account.sweep;
    let client = sag::Client::new(access.client);
    let at_once = usize::try_from(options.concurrency.get()).unwrap_or(1);
    let turns = Arc::new(Semaphore::new(at_once));
    let place = |(region, sag_id): (Region, SagId)| Place {
        account: options.name.clone(),
        region,
        sag_id,
        client: client.clone(),
        turns: Arc::clone(&turns),
    };
    let found = match (&options.regions[..], options.needs_discovery()) {
        ([region], false) => {
            let each = options.instances.iter();
            each.map(|id| (region.clone(), id.clone())).collect()
        }
        _ => discover(&client, &account).await?,
    };
    Ok(found.into_iter().map(place).collect())
}

async fn discover(
    client: &sag::Client,
    account: &Account,
) -> Result<Vec<(Region, SagId)>, UsersError> {
    let options = &account.sweep;
    let failed = |source: CallError| UsersError::Instances {
        account: options.name.clone(),
        source,
    };
    let mut regions = options.regions.clone();
    if options.wants_all_regions() {
        let listed = client.regions(&home_region()).await;
        let listed = listed.map_err(|error| failed(error.into()))?;
        regions = listed
            .entries
            .into_iter()
            .map(|entry| entry.region)
            .collect();
    }
    let mut found = Vec::new();
    for region in regions {
        let listing = gateways(client, &region).await;
        if let Some(trouble) = listing.trouble {
            return Err(failed(trouble));
        }
        let wanted = |gateway: &Gateway| match &options.instances[..] {
            [] => gateway.is_app(),
            ids => ids.contains(&gateway.sag_id),
        };
        let ids = listing.entries.into_iter().filter(wanted);
        found.extend(ids.map(|gateway| (region.clone(), gateway.sag_id)));
    }
    all_found(account, &found)?;
    Ok(found)
}

async fn gateways(client: &sag::Client, region: &Region) -> Listing<Gateway> {
    list_once(GATEWAYS_PER_PAGE, async |page| {
        client.gateways(region, page).await.map_err(CallError::from)
    })
    .await
}

fn all_found(account: &Account, found: &[(Region, SagId)]) -> Result<(), UsersError> {
    let ids: HashSet<&SagId> = found.iter().map(|(_, id)| id).collect();
    let mut wanted = account.sweep.instances.iter();
    match wanted.find(|id| !ids.contains(id)) {
        None => Ok(()),
        Some(lost) => Err(UsersError::Lost {
            account: account.sweep.name.clone(),
            sag_id: lost.clone(),
        }),
    }
}

/// The limit of DescribeSmartAccessGateways.
const GATEWAYS_PER_PAGE: u32 = 50;
