//! Operations that list instances and regions.

use crate::sim::operations::page::Page;
use crate::sim::operations::region;
use crate::sim::refusal::Refusal;
use crate::sim::reply::{Field, Fields, Reply};
use crate::sim::request::Call;
use crate::sim::world::{Instance, REGIONS, World};

/// DescribeSmartAccessGateways. Every instance here is one of software.
pub(super) fn list(world: &World, call: &Call) -> Result<Reply, Refusal> {
    let region = region(call)?;
    let page = Page::of(call)?;
    let software = call
        .filled("InstanceType")
        .is_none_or(|kind| kind == "software");
    let wanted =
        |parameter: &str, value: &str| call.filled(parameter).is_none_or(|wanted| wanted == value);
    let ids = call.list("SmartAGIds");
    let found: Vec<_> = world
        .instances()
        .iter()
        .filter(|instance| software && instance.region == region)
        .filter(|instance| wanted("SmartAGId", &instance.sag_id) && wanted("Name", &instance.name))
        .filter(|instance| wanted("Status", instance.status))
        .filter(|instance| ids.is_empty() || ids.contains(&instance.sag_id.as_str()))
        .collect();
    let shown = found.iter().skip(page.skip()).take(page.size());
    let items = shown.map(|instance| gateway(instance)).collect();
    Ok(Reply {
        fields: page.fields(found.len()),
        ..Reply::listing("SmartAccessGateways", "SmartAccessGateway", items)
    })
}

/// DescribeRegions.
pub(super) fn regions() -> Reply {
    let regions = REGIONS.iter().map(|region| {
        vec![
            ("RegionId", Field::text(region.id)),
            ("LocalName", Field::text(region.local_name)),
            ("RegionEndpoint", Field::text(region.endpoint)),
        ]
    });
    Reply::listing("Regions", "Region", regions.collect())
}

fn gateway(instance: &Instance) -> Fields {
    vec![
        ("SmartAGId", Field::text(instance.sag_id.clone())),
        ("Name", Field::text(instance.name.clone())),
        ("Status", Field::text(instance.status)),
        ("HardwareVersion", Field::text("sag-software")),
        ("UserCount", Field::count(instance.account_quota)),
        ("MaxBandwidth", Field::text(instance.max_bandwidth.clone())),
        ("DataPlan", Field::Number(instance.data_plan_gb.into())),
        ("CreateTime", Field::Number(instance.created_ms)),
        ("EndTime", Field::Number(instance.end_ms)),
    ]
}
