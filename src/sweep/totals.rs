//! The cloud's own counts of the sessions of instances, to check ours against.

use std::collections::{BTreeMap, HashMap};

use super::SessionsMode;
use super::census::Target;
use super::cloud::Cloud;
use super::round::Round;
use crate::model::{Action, Region, SagId};
use crate::sag::BULK_LIMIT;

/// Asks for the number of sessions of each instance, where the operation exists.
/// A failure leaves the number unknown and is not worth more than that.
pub(super) async fn ask<C: Cloud>(round: &Round<'_, C>, targets: &mut [Target]) {
    if round.options().sessions != SessionsMode::Auto {
        return;
    }
    let mut counts = HashMap::new();
    for (region, sag_ids) in by_region(targets) {
        for sag_ids in sag_ids.chunks(BULK_LIMIT) {
            counts.extend(ask_one(round, &region, sag_ids).await);
        }
    }
    for target in targets {
        let count = counts.get(&target.instance.sag_id).copied();
        target.reported_clients = count.map(u64::from);
    }
}

async fn ask_one<C: Cloud>(
    round: &Round<'_, C>,
    region: &Region,
    sag_ids: &[SagId],
) -> Vec<(SagId, u32)> {
    let action = Action::DescribeSagOnlineClientStatistics;
    if !round.may_call(action, None) {
        return Vec::new();
    }
    let call = round.cloud().instance_online_counts(region, sag_ids);
    let result = round.gate.call(region, call).await;
    round.note(action, None, &result);
    result.map(|listed| listed.entries).unwrap_or_default()
}

/// Instances that had trouble are left out: one that does not exist would spoil
/// the answer for the others.
fn by_region(targets: &[Target]) -> BTreeMap<Region, Vec<SagId>> {
    let mut regions: BTreeMap<Region, Vec<SagId>> = BTreeMap::new();
    let sound = |target: &&Target| target.lost.is_none() && !target.troubled;
    for target in targets.iter().filter(sound) {
        let (region, sag_id) = (&target.instance.region, &target.instance.sag_id);
        regions
            .entry(region.clone())
            .or_default()
            .push(sag_id.clone());
    }
    regions
}
