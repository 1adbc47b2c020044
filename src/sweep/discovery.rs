//! Asking which instances there are.

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::CallError;
use super::census::{Census, RegionListing};
use super::cloud::Cloud;
use super::listing::{Listing, list};
use super::options::home_region;
use super::round::Round;
use crate::model::{FailureKind, Region};

/// Lists the instances of all regions, several at once.
pub(super) async fn list_regions<C: Cloud>(
    round: &Round<'_, C>,
    census: &mut Census,
) -> Vec<RegionListing> {
    let trouble = find_regions(round, census).await;
    let listings = FuturesUnordered::new();
    for (order, region) in census.regions().iter().enumerate() {
        let census = &*census;
        listings.push(async move { (order, list_region(round, census, region).await) });
    }
    let mut found: Vec<(usize, RegionListing)> = listings.collect().await;
    found.sort_by_key(|(order, _)| *order);
    let mut found: Vec<RegionListing> = found.into_iter().map(|(_, listing)| listing).collect();
    if let Some(trouble) = trouble {
        add_trouble(&mut found, trouble);
    }
    found
}

/// Asks for the regions, if all are wanted. Those that were found before stand
/// if that fails.
async fn find_regions<C: Cloud>(round: &Round<'_, C>, census: &mut Census) -> Option<CallError> {
    if !round.account.wants_all_regions() {
        return None;
    }
    let home = home_region();
    match round.gate.call(&home, round.cloud().regions(&home)).await {
        Ok(listed) if listed.entries.is_empty() || listed.unreadable > 0 => Some(CallError::new(
            FailureKind::Decode,
            "the list of regions is empty or cannot be read",
        )),
        Ok(listed) => {
            let regions = listed.entries.into_iter().map(|entry| entry.region);
            census.found_regions(regions.take(MAX_REGIONS).collect());
            None
        }
        Err(error) => Some(error),
    }
}

async fn list_region<C: Cloud>(
    round: &Round<'_, C>,
    census: &Census,
    region: &Region,
) -> RegionListing {
    let listing = list(GATEWAYS_PER_PAGE, census.last_whole(region), |page| {
        round
            .gate
            .call(region, round.cloud().gateways(region, page))
    })
    .await;
    RegionListing {
        region: region.clone(),
        listing,
    }
}

/// The regions could not be listed: discovery is not complete, whatever was
/// found in those that are known.
fn add_trouble(found: &mut Vec<RegionListing>, trouble: CallError) {
    let home = home_region();
    match found.iter_mut().find(|one| one.region == home) {
        Some(one) => {
            one.listing.trouble.get_or_insert(trouble);
        }
        None => found.push(RegionListing {
            region: home,
            listing: Listing {
                entries: Vec::new(),
                total: None,
                trouble: Some(trouble),
            },
        }),
    }
}

/// The limit that the documentation of DescribeSmartAccessGateways gives.
const GATEWAYS_PER_PAGE: u32 = 50;

/// The cloud has a few dozen regions.
const MAX_REGIONS: usize = 500;
