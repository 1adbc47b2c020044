//! Which instances there are, and where. Pure: lists come in, targets go out.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::listing::Listing;
use super::optional::is_lasting;
use super::options::home_region;
use super::plan::{Cadence, Roster};
use super::{AccountOptions, CallError, Shard};
use crate::fleet::Collected;
use crate::model::{FailureKind, Instance, Region, SagId};
use crate::plan::{Inventory, RegionInventory};
use crate::sag::Gateway;

/// The instances of a cloud account, with what is remembered of each.
#[derive(Debug, Default)]
pub(super) struct Census {
    shard: Shard,
    /// Where to look.
    regions: Vec<Region>,
    targets: BTreeMap<SagId, Target>,
    /// The last whole list of each region, instances of every hardware.
    listed: HashMap<Region, HashSet<SagId>>,
    /// When discovery last ran.
    pub(super) discovered: Cadence,
}

/// An instance that is swept.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) instance: Instance,
    /// Why nobody knows in which region the instance is, if nobody does.
    pub(super) lost: Option<CallError>,
    /// Whether the facts of the instance were read in this sweep.
    pub(super) facts: Collected<()>,
    pub(super) roster: Roster,
    /// The cloud's own count of its sessions in this sweep, where it can be had.
    pub(super) reported_clients: Option<u64>,
    /// Whether its calls were given up in the last sweep, so that it waits for
    /// the others in the next one.
    pub(super) troubled: bool,
}

/// What discovery found in one region.
#[derive(Debug)]
pub(super) struct RegionListing {
    pub(super) region: Region,
    pub(super) listing: Listing<Gateway>,
}

impl Census {
    /// Starts with the instances of the configuration that belong to this
    /// process, each in the first region until it is found.
    pub(super) fn new(options: &AccountOptions, shard: Shard) -> Self {
        let mut census = Self {
            shard,
            regions: options.regions.clone(),
            ..Self::default()
        };
        let region = options.regions.first().cloned();
        let region = region.unwrap_or_else(home_region);
        for sag_id in options.instances.iter().filter(|id| shard.owns(id)) {
            let target = Target::new(sag_id, &region, options);
            census.targets.insert(sag_id.clone(), target);
        }
        census
    }

    /// The regions in which to look for instances.
    pub(super) fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// Takes the regions that the cloud names.
    pub(super) fn found_regions(&mut self, regions: Vec<Region>) {
        self.regions = regions;
    }

    /// Whether discovery is a bonus, and one that is not granted, so that trying
    /// it again at once is of no use.
    pub(super) fn can_do_without<'a>(
        &self,
        options: &AccountOptions,
        mut troubles: impl Iterator<Item = &'a CallError>,
    ) -> bool {
        !options.needs_discovery() && troubles.all(is_lasting)
    }

    /// Takes what discovery found in all regions; returns the instances that are
    /// no longer there. An instance that is configured stays, found or not.
    pub(super) fn update(
        &mut self,
        options: &AccountOptions,
        regions: Vec<RegionListing>,
    ) -> Vec<SagId> {
        let outcome = Outcome::of(&regions);
        self.remember(&regions);
        let found = if options.instances.is_empty() {
            by_id(regions, |gateway| {
                gateway.is_app() && self.shard.owns(&gateway.sag_id)
            })
        } else {
            let owned = |id: &&SagId| self.shard.owns(id);
            let wanted: HashSet<&SagId> = options.instances.iter().filter(owned).collect();
            by_id(regions, |gateway| wanted.contains(&gateway.sag_id))
        };
        let gone = self.remove_missing(options, &found, &outcome);
        for (sag_id, target) in &mut self.targets {
            if !found.contains_key(sag_id) {
                target.missed(options, &outcome);
            }
        }
        for (sag_id, (region, gateway)) in found {
            self.targets
                .entry(sag_id)
                .or_insert_with_key(|sag_id| Target::new(sag_id, &region, options))
                .found(region, gateway);
        }
        gone
    }

    /// The ids of the last whole list of a region, if there was one.
    pub(super) fn last_whole(&self, region: &Region) -> Option<&HashSet<SagId>> {
        self.listed.get(region)
    }

    /// How much there is to sweep.
    pub(super) fn inventory(&self, options: &AccountOptions) -> Inventory {
        let in_region = |region: &Region| {
            let here = |target: &&Target| target.instance.region == *region;
            let users: Vec<u64> = (self.targets.values().filter(here))
                .map(|target| count(target.roster.len()))
                .collect();
            let listed = self.listed.get(region).map(HashSet::len);
            RegionInventory {
                gateways: count(listed.unwrap_or(users.len())),
                users,
            }
        };
        Inventory {
            finds_regions: options.wants_all_regions(),
            regions: self.regions.iter().map(in_region).collect(),
        }
    }

    /// Says that discovery was not due.
    pub(super) fn not_due(&mut self) {
        for target in self.targets.values_mut() {
            target.facts = Collected::NotDue;
        }
    }

    /// Hands all targets out, those without trouble in the last sweep first.
    pub(super) fn take(&mut self) -> Vec<Target> {
        let mut targets: Vec<Target> = std::mem::take(&mut self.targets).into_values().collect();
        targets.sort_by_key(|target| target.troubled);
        targets
    }

    /// Takes a target back.
    pub(super) fn put_back(&mut self, target: Target) {
        self.targets.insert(target.instance.sag_id.clone(), target);
    }

    fn remember(&mut self, regions: &[RegionListing]) {
        for one in regions.iter().filter(|one| one.listing.trouble.is_none()) {
            let entries = one.listing.entries.iter();
            let ids = entries.map(|gateway| gateway.sag_id.clone()).collect();
            self.listed.insert(one.region.clone(), ids);
        }
    }

    fn remove_missing(
        &mut self,
        options: &AccountOptions,
        found: &HashMap<SagId, (Region, Gateway)>,
        outcome: &Outcome,
    ) -> Vec<SagId> {
        if !options.instances.is_empty() {
            return Vec::new();
        }
        let is_gone = |sag_id: &SagId, target: &Target| {
            !found.contains_key(sag_id) && outcome.trouble(&target.instance.region).is_none()
        };
        self.targets
            .extract_if(.., |sag_id, target| is_gone(sag_id, target))
            .map(|(sag_id, _)| sag_id)
            .collect()
    }
}

impl Target {
    fn new(sag_id: &SagId, region: &Region, options: &AccountOptions) -> Self {
        let instance = Instance::new(sag_id.clone(), options.name.clone(), region.clone());
        let lost = (options.regions.len() != 1).then(|| unlocated(sag_id));
        Self {
            instance,
            lost,
            facts: Collected::NotDue,
            roster: Roster::default(),
            reported_clients: None,
            troubled: false,
        }
    }

    fn found(&mut self, region: Region, gateway: Gateway) {
        self.instance.region = region;
        gateway.describe(&mut self.instance);
        self.lost = None;
        self.facts = Collected::Complete(());
    }

    /// Discovery ran and did not find the instance.
    fn missed(&mut self, options: &AccountOptions, outcome: &Outcome) {
        let here = outcome.trouble(&self.instance.region);
        let trouble = here.or(outcome.first.as_ref()).cloned();
        let several = options.regions.len() != 1;
        self.facts = match &trouble {
            Some(trouble) if !options.needs_discovery() && is_lasting(trouble) => {
                Collected::Unavailable
            }
            Some(trouble) => Collected::Failed(trouble.kind),
            None => Collected::Failed(FailureKind::NotFound),
        };
        // What was found once stays where it was, unless every region says that
        // it is not there.
        if several && (trouble.is_none() || self.lost.is_some()) {
            self.lost = Some(trouble.unwrap_or_else(|| unlocated(&self.instance.sag_id)));
        }
    }
}

/// What went wrong in discovery.
struct Outcome {
    first: Option<CallError>,
    by_region: HashMap<Region, CallError>,
}

impl Outcome {
    fn of(regions: &[RegionListing]) -> Self {
        let troubles = || {
            let trouble = |one: &RegionListing| {
                let error = one.listing.trouble.clone()?;
                Some((one.region.clone(), error))
            };
            regions.iter().filter_map(trouble)
        };
        Self {
            first: troubles().next().map(|(_, error)| error),
            by_region: troubles().collect(),
        }
    }

    fn trouble(&self, region: &Region) -> Option<&CallError> {
        self.by_region.get(region)
    }
}

/// The instances by id; one that shows up in several regions belongs to the
/// first.
fn by_id(
    regions: Vec<RegionListing>,
    wanted: impl Fn(&Gateway) -> bool,
) -> HashMap<SagId, (Region, Gateway)> {
    let mut found = HashMap::new();
    for RegionListing { region, listing } in regions {
        for gateway in listing
            .entries
            .into_iter()
            .filter(|gateway| wanted(gateway))
        {
            found
                .entry(gateway.sag_id.clone())
                .or_insert_with(|| (region.clone(), gateway));
        }
    }
    found
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn unlocated(sag_id: &SagId) -> CallError {
    CallError::new(
        FailureKind::NotFound,
        format!("instance {sag_id} was not found in any of the configured regions"),
    )
}
