//! The smallest RAM policy.

use serde_json::{Value, json};

use crate::model::{Action, Region, SagId};

/// The policy with which the exporter can read these instances, or all of the
/// regions if none is named; no region stands for every region. An instance of
/// which the region is not known may be in any.
///
/// Which operations can be granted for single instances is in the RAM section
/// of the product's documentation: discovery and the count of whole instances
/// cannot. What is unused need not be granted.
pub(super) fn smallest(
    regions: &[Region],
    instances: &[(SagId, Option<Region>)],
    unused: &[Action],
) -> Value {
    let is_used = |action: &Action| !unused.contains(action);
    let single: Vec<String> = SINGLE.into_iter().filter(is_used).map(name).collect();
    let resource = |region: &str, id: &str| format!("acs:smartag:{region}:*:smartag/{id}");
    let mut whole = WHOLE.map(name).to_vec();
    if regions.is_empty() {
        whole.push(name(Action::DescribeRegions));
    }
    let resources: Vec<String> = if instances.is_empty() && regions.is_empty() {
        vec![resource("*", "*")]
    } else if instances.is_empty() {
        let each = regions.iter();
        each.map(|region| resource(region.as_str(), "*")).collect()
    } else {
        let region =
            |region: &Option<Region>| region.as_ref().map_or("*", Region::as_str).to_owned();
        let each = instances.iter();
        each.map(|(id, at)| resource(&region(at), id.as_str()))
            .collect()
    };
    json!({
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": single,
                "Resource": resources,
            },
            {
                "Effect": "Allow",
                "Action": whole,
                "Resource": "*",
            },
        ],
    })
}

fn name(action: Action) -> String {
    format!("smartag:{}", action.as_str())
}

/// What is granted for single instances.
const SINGLE: [Action; 4] = [
    Action::DescribeSmartAccessGatewayClientUsers,
    Action::DescribeUserOnlineClients,
    Action::DescribeUserOnlineClientStatistics,
    Action::DescribeUserFlowStatistics,
];

/// What is granted for everything or not at all.
const WHOLE: [Action; 2] = [
    Action::DescribeSmartAccessGateways,
    Action::DescribeSagOnlineClientStatistics,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_sweeps_do_without_is_not_granted() {
        let unused = [
            Action::DescribeUserOnlineClientStatistics,
            Action::DescribeUserFlowStatistics,
        ];
        assert_eq!(
            smallest(&[], &[], &unused)["Statement"][0]["Action"],
            json!([
                "smartag:DescribeSmartAccessGatewayClientUsers",
                "smartag:DescribeUserOnlineClients",
            ])
        );
    }

    #[test]
    fn instances_are_granted_one_by_one_where_they_are_known() {
        let region = |text: &str| Region::parse(text).unwrap();
        let id = |text: &str| SagId::parse(text).unwrap();
        let everywhere = smallest(&[], &[], &[]);
        let statement = &everywhere["Statement"];
        assert_eq!(
            statement[0]["Resource"],
            json!(["acs:smartag:*:*:smartag/*"])
        );
        assert_eq!(statement[1]["Action"][2], "smartag:DescribeRegions");
        let check = |instances: &[(SagId, Option<Region>)], expected: &[&str]| {
            let regions = [region("cn-shanghai"), region("eu-central-1")];
            let policy = smallest(&regions, instances, &[]);
            assert_eq!(policy["Statement"][0]["Resource"], json!(expected));
            assert_eq!(policy["Statement"][1]["Resource"], "*");
        };
        check(
            &[],
            &[
                "acs:smartag:cn-shanghai:*:smartag/*",
                "acs:smartag:eu-central-1:*:smartag/*",
            ],
        );
        check(
            &[
                (id("sag-1"), Some(region("cn-shanghai"))),
                (id("sag-2"), None),
            ],
            &[
                "acs:smartag:cn-shanghai:*:smartag/sag-1",
                "acs:smartag:*:*:smartag/sag-2",
            ],
        );
    }
}
