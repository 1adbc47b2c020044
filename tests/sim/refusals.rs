//! Parameters that are missing or wrong, and the codes that say so.

use std::sync::Arc;

use sag_exporter::sim::Cloud;

use crate::caller::{Caller, quiet};

const LIST: &str = "DescribeSmartAccessGatewayClientUsers";
const SESSIONS: &str = "DescribeUserOnlineClients";
const COUNTS: &str = "DescribeUserOnlineClientStatistics";
const TRAFFIC: &str = "DescribeUserFlowStatistics";
const TOTALS: &str = "DescribeSagOnlineClientStatistics";
const GATEWAYS: &str = "DescribeSmartAccessGateways";
const MODIFY: &str = "ModifySmartAccessGatewayClientUser";
const KICK: &str = "KickOutClients";

/// A cloud and one caller, who must be the same so that the nonces differ.
struct Desk {
    cloud: Arc<Cloud>,
    caller: Caller,
}

impl Desk {
    fn new(instances: usize) -> Self {
        Self {
            cloud: quiet(instances, 3),
            caller: Caller::new(),
        }
    }

    async fn check(&self, action: &str, parameters: &[(&str, &str)], code: &str) {
        let found = self.caller.refusal(&self.cloud, action, parameters).await;
        assert_eq!(found, (400, code.to_owned()), "{action} {parameters:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_instance_the_region_and_the_page_are_checked() {
    let desk = Desk::new(4);
    let cloud = &desk.cloud;
    let id = cloud.instances()[0].0.clone();
    let elsewhere = cloud.instances()[3].0.clone();
    let with = |name, value| vec![("SmartAGId", id.as_str()), (name, value)];
    for (parameters, code) in [
        (vec![], "SAG.InstanceIdEmpty"),
        (vec![("SmartAGId", "")], "SAG.InstanceIdEmpty"),
        (vec![("SmartAGId", "sag-none")], "SAG.InstanceNoFound"),
        (vec![("SmartAGId", &elsewhere)], "SAG.InstanceNoFound"),
        (with("RegionId", "mars"), "InvalidRegionId"),
        (with("RegionId", ""), "InvalidRegionId"),
        (with("PageNumber", "0"), "InvalidParameter"),
        (with("PageNumber", "x"), "InvalidParameter"),
        (with("PageSize", "-1"), "InvalidParameter"),
    ] {
        desk.check(LIST, &parameters, code).await;
    }
    desk.check(GATEWAYS, &[("RegionId", "mars")], "InvalidRegionId")
        .await;
    desk.check(TOTALS, &[], "SAG.InstanceIdEmpty").await;
    desk.check(TOTALS, &[("SmartAGIds.1", "sag-none")], "InvalidId.SMARTAG")
        .await;
}

#[tokio::test(start_paused = true)]
async fn user_names_are_checked() {
    let desk = Desk::new(1);
    let cloud = &desk.cloud;
    let id = cloud.instances()[0].0.clone();
    let id = ("SmartAGId", id.as_str());
    let user = cloud.truth(cloud.now()).instances[0].users[0].name.clone();
    let many: Vec<_> = (1..=51).map(|n| format!("UserNames.{n}")).collect();
    let many: Vec<_> = many
        .iter()
        .map(|key| (key.as_str(), "a"))
        .chain([id])
        .collect();
    let one = ("UserNames.1", "a");
    for (action, parameters, code) in [
        (SESSIONS, vec![("UserName", "a")], "SAG.InstanceIdEmpty"),
        (SESSIONS, vec![id], "ClientUser.NameEmpty"),
        (
            SESSIONS,
            vec![id, ("UserName", "nobody")],
            "ClientUser.NameInvalid",
        ),
        (COUNTS, vec![id], "ClientUser.NameEmpty"),
        (COUNTS, many.clone(), "InvalidParameter"),
        (TRAFFIC, vec![id], "ClientUser.NameEmpty"),
        (TRAFFIC, many, "InvalidParameter"),
        (
            TRAFFIC,
            vec![id, one, ("StatisticsDate", "202613")],
            "InvalidParameter",
        ),
        (
            TRAFFIC,
            vec![id, one, ("StatisticsDate", "-20261")],
            "InvalidParameter",
        ),
        (KICK, vec![id], "ClientUser.NameEmpty"),
        (
            KICK,
            vec![id, ("UserName", user.as_str())],
            "ClientUser.NameEmpty",
        ),
        (
            KICK,
            vec![id, ("Username", "nobody")],
            "ResourceNotFound.User",
        ),
        (MODIFY, vec![id], "ClientUser.NameEmpty"),
    ] {
        desk.check(action, &parameters, code).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_bandwidth_is_checked() {
    let desk = Desk::new(1);
    let cloud = &desk.cloud;
    let id = cloud.instances()[0].0.clone();
    let before = cloud.truth(cloud.now());
    let user = before.instances[0].users[0].name.clone();
    for (user, bandwidth, code) in [
        ("nobody", Some("1"), "ResourceNotFound.User"),
        (&user, None, "ClientUser.BandwidthInvalid"),
        (&user, Some("0"), "ClientUser.BandwidthInvalid"),
        (&user, Some("20001"), "ClientUser.BandwidthInvalid"),
        (&user, Some("2M"), "ClientUser.BandwidthInvalid"),
    ] {
        let mut parameters = vec![
            ("SmartAGId", id.as_str()),
            ("UserName", user),
            ("Email", "a@b"),
        ];
        parameters.extend(bandwidth.map(|kbps| ("Bandwidth", kbps)));
        desk.check(MODIFY, &parameters, code).await;
    }
    assert_eq!(cloud.truth(before.at), before, "nothing was changed");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_operation_is_not_found() {
    let desk = Desk::new(1);
    let cloud = &desk.cloud;
    let found = desk.caller.refusal(cloud, "DescribeVpcs", &[]).await;
    assert_eq!(found, (404, "InvalidAction.NotFound".to_owned()));
}
