//! How much there is to sweep, by the cheapest calls that tell.

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio_util::sync::CancellationToken;

use super::cloud::Ground;
use super::daemon::{Plan, SetupError, accesses};
use crate::config::Account;
use crate::model::{AccountName, Region, SagId};
use crate::openapi::ApiError;
use crate::plan::{Inventory, RegionInventory};
use crate::sag::{self, Page, PageRequest};
use crate::sweep::{Shard, home_region};
use crate::telemetry::Telemetry;

/// What was found in one cloud account.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// The cloud account.
    pub account: AccountName,
    /// What this process would sweep of it.
    pub inventory: Inventory,
    /// The sessions online now over the users, where the cloud tells; as each
    /// user has one session or more, at least the part of users online.
    pub online: Option<f64>,
}

/// The cloud does not tell how much there is.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The configuration cannot be carried out.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The regions cannot be listed.
    #[error("account {account}: cannot list the regions")]
    Regions {
        /// The cloud account.
        account: AccountName,
        /// Why.
        source: ApiError,
    },
    /// The instances of a region cannot be listed.
    #[error("account {account}: cannot list the instances of region {region}")]
    Instances {
        /// The cloud account.
        account: AccountName,
        /// Where.
        region: Region,
        /// Why.
        source: ApiError,
    },
    /// The users of an instance cannot be counted.
    #[error("account {account}: cannot count the users of instance {sag_id}")]
    Users {
        /// The cloud account.
        account: AccountName,
        /// Which instance.
        sag_id: SagId,
        /// Why.
        source: ApiError,
    },
    /// The number of users is not in the answer.
    #[error(
        "account {account}: the list of users of instance {sag_id} came without a TotalCount: \
         expected a number"
    )]
    Uncounted {
        /// The cloud account.
        account: AccountName,
        /// Which instance.
        sag_id: SagId,
    },
    /// An instance of the configuration is in none of its regions.
    #[error(
        "account {account}: instance {sag_id} was not found: expected it in one of the configured \
         regions"
    )]
    Lost {
        /// The cloud account.
        account: AccountName,
        /// Which instance.
        sag_id: SagId,
    },
}

/// Looks into every cloud account, at the configured pace; `None` if `shutdown`
/// came first.
///
/// # Errors
///
/// At the first thing that the cloud does not tell.
pub async fn survey(
    plan: Plan,
    shutdown: CancellationToken,
) -> Result<Option<Vec<Survey>>, SurveyError> {
    let telemetry = Telemetry::new(plan.build).map_err(SetupError::from)?;
    let ground = Ground::new(plan.environment, plan.clock, telemetry).map_err(SetupError::from)?;
    let shard = plan.config.sweep.shard;
    let accounts = accesses(&plan.config, &ground).map_err(SetupError::from)?;
    let look = async {
        let mut surveys = Vec::with_capacity(accounts.len());
        for (account, access) in accounts {
            let client = sag::Client::new(access.client);
            surveys.push(
                Surveyor {
                    account,
                    client,
                    shard,
                }
                .survey()
                .await?,
            );
        }
        Ok(surveys)
    };
    shutdown.run_until_cancelled(look).await.transpose()
}

struct Surveyor {
    account: Account,
    client: sag::Client,
    shard: Shard,
}

/// The instances of a region.
struct Found {
    gateways: u64,
    swept: Vec<SagId>,
}

impl Surveyor {
    async fn survey(&self) -> Result<Survey, SurveyError> {
        let sweep = &self.account.sweep;
        let looked_in = self.regions().await?;
        let mut regions = Vec::with_capacity(looked_in.len());
        for region in &looked_in {
            regions.push((region, self.discover(region).await?));
        }
        self.all_found(&regions)?;
        let mut inventory = Inventory {
            finds_regions: sweep.wants_all_regions(),
            regions: Vec::with_capacity(looked_in.len()),
        };
        let mut sessions = Some(0_u64);
        for (region, found) in regions {
            let users = self.count_users(region, &found.swept).await?;
            sessions = match (sessions, self.sessions(region, &found.swept).await) {
                (Some(sum), Some(here)) => Some(sum + here),
                _ => None,
            };
            inventory.regions.push(RegionInventory {
                gateways: found.gateways,
                users,
            });
        }
        let users = inventory.users();
        let online = sessions.filter(|_| users > 0);
        Ok(Survey {
            account: sweep.name.clone(),
            online: online.map(|sessions| (sessions as f64 / users as f64).min(1.0)),
            inventory,
        })
    }

    /// Where to look for instances.
    async fn regions(&self) -> Result<Vec<Region>, SurveyError> {
        let sweep = &self.account.sweep;
        if !sweep.wants_all_regions() {
            return Ok(sweep.regions.clone());
        }
        let listed = self.client.regions(&home_region()).await;
        let listed = listed.map_err(|source| SurveyError::Regions {
            account: sweep.name.clone(),
            source,
        })?;
        Ok(listed.entries.into_iter().map(|one| one.region).collect())
    }

    /// The instances of a region that this process sweeps. Where the
    /// configuration says all that a sweep must know, it need not be allowed.
    async fn discover(&self, region: &Region) -> Result<Found, SurveyError> {
        let sweep = &self.account.sweep;
        let listed = match self.gateways(region).await {
            Ok(listed) => listed,
            Err(_) if !sweep.needs_discovery() => sweep
                .instances
                .iter()
                .map(|id| (id.clone(), true))
                .collect(),
            Err(source) => {
                return Err(SurveyError::Instances {
                    account: sweep.name.clone(),
                    region: region.clone(),
                    source,
                });
            }
        };
        let wanted = |id: &SagId, is_app: bool| match &sweep.instances[..] {
            [] => is_app,
            ids => ids.contains(id),
        };
        Ok(Found {
            gateways: u64::try_from(listed.len()).unwrap_or(u64::MAX),
            swept: (listed.into_iter())
                .filter(|(id, is_app)| wanted(id, *is_app) && self.shard.owns(id))
                .map(|(id, _)| id)
                .collect(),
        })
    }

    /// The instances of a region, and which of them have users.
    async fn gateways(&self, region: &Region) -> Result<HashMap<SagId, bool>, ApiError> {
        let mut listed = HashMap::new();
        for number in 1..=PAGES_LIMIT {
            let size = GATEWAYS_PER_PAGE;
            let page = PageRequest { number, size };
            let Page { total, entries, .. } = self.client.gateways(region, page).await?;
            let before = listed.len();
            for gateway in entries {
                let is_app = gateway.is_app();
                listed.insert(gateway.sag_id, is_app);
            }
            let seen = u64::try_from(listed.len()).unwrap_or(u64::MAX);
            if listed.len() == before || total.is_some_and(|total| seen >= total) {
                break;
            }
        }
        Ok(listed)
    }

    fn all_found(&self, regions: &[(&Region, Found)]) -> Result<(), SurveyError> {
        let sweep = &self.account.sweep;
        let is_found = |id: &SagId| regions.iter().any(|(_, found)| found.swept.contains(id));
        let mut mine = (sweep.instances.iter()).filter(|id| self.shard.owns(id));
        match mine.find(|id| !is_found(id)) {
            None => Ok(()),
            Some(lost) => Err(SurveyError::Lost {
                account: sweep.name.clone(),
                sag_id: lost.clone(),
            }),
        }
    }

    async fn count_users(&self, region: &Region, ids: &[SagId]) -> Result<Vec<u64>, SurveyError> {
        let at_once = usize::try_from(self.account.sweep.concurrency.get()).unwrap_or(1);
        let counts = stream::iter(ids.iter().map(|id| self.count_of(region, id)));
        counts.buffered(at_once).try_collect().await
    }

    /// A page of one user tells how many there are.
    async fn count_of(&self, region: &Region, sag_id: &SagId) -> Result<u64, SurveyError> {
        let account = self.account.sweep.name.clone();
        let sag_id = sag_id.clone();
        let page = PageRequest { number: 1, size: 1 };
        match self.client.client_users(region, &sag_id, page).await {
            Ok(Page {
                total: Some(total), ..
            }) => Ok(total),
            Ok(_) => Err(SurveyError::Uncounted { account, sag_id }),
            Err(source) => Err(SurveyError::Users {
                account,
                sag_id,
                source,
            }),
        }
    }

    /// How many sessions the instances have, if the cloud tells it of all of
    /// them. It is a bonus for which not everybody grants the permission.
    async fn sessions(&self, region: &Region, ids: &[SagId]) -> Option<u64> {
        let mut sum = 0;
        for ids in ids.chunks(sag::BULK_LIMIT) {
            let answer = self.client.instance_online_counts(region, ids).await.ok()?;
            if answer.entries.len() < ids.len() {
                return None;
            }
            sum += answer
                .entries
                .iter()
                .map(|(_, count)| u64::from(*count))
                .sum::<u64>();
        }
        Some(sum)
    }
}

/// An account has at most 500 instances, in pages of 50.
const PAGES_LIMIT: u32 = 100;

/// The limit of DescribeSmartAccessGateways.
const GATEWAYS_PER_PAGE: u32 = 50;
