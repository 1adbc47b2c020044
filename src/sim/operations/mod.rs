//! The operations: parameters in, reply out. By now it is known who calls.

mod bulk;
mod gateways;
mod page;
mod users;

use jiff::Timestamp;

use crate::model::Action;
use crate::sim::refusal::Refusal;
use crate::sim::reply::Reply;
use crate::sim::request::Call;
use crate::sim::world::{Instance, REGIONS, World};

/// Carries a call out.
pub(crate) fn answer(
    world: &mut World,
    action: Action,
    call: &Call,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    let second = now.as_second();
    match action {
        Action::DescribeSmartAccessGatewayClientUsers => users::list(world, call, second),
        Action::DescribeUserOnlineClients => users::sessions(world, call, second),
        Action::DescribeUserOnlineClientStatistics => bulk::online_counts(world, call, second),
        Action::DescribeUserFlowStatistics => bulk::traffic(world, call, now),
        Action::DescribeSagOnlineClientStatistics => bulk::instance_counts(world, call, second),
        Action::DescribeSmartAccessGateways => gateways::list(world, call),
        Action::DescribeRegions => Ok(gateways::regions()),
        Action::ModifySmartAccessGatewayClientUser => users::modify(world, call),
        Action::KickOutClients => users::kick(world, call, second),
    }
}

/// The instance that a call names, in the region that it names.
fn instance<'w>(world: &'w World, call: &Call) -> Result<&'w Instance, Refusal> {
    let region = region(call)?;
    let sag_id = sag_id(call)?;
    world
        .instance(sag_id)
        .ok()
        .filter(|instance| instance.region == region)
        .ok_or_else(Refusal::instance_not_found)
}

fn instance_mut<'w>(world: &'w mut World, call: &Call) -> Result<&'w mut Instance, Refusal> {
    instance(world, call)?;
    let found = world.instance_mut(sag_id(call)?);
    found.map_err(|_| Refusal::instance_not_found())
}

fn sag_id(call: &Call) -> Result<&str, Refusal> {
    call.filled("SmartAGId").ok_or_else(Refusal::instance_empty)
}

fn region(call: &Call) -> Result<&'static str, Refusal> {
    let wanted = call.filled("RegionId");
    let mut regions = REGIONS.iter();
    regions
        .find(|region| Some(region.id) == wanted)
        .map(|region| region.id)
        .ok_or_else(Refusal::region_invalid)
}
