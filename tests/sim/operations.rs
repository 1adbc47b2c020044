//! Every operation: its answer against the truth, its errors.

use std::collections::BTreeSet;
use std::time::Duration;

use sag_exporter::sim::{Cloud, InstanceTruth, NewUser, Options, Tempo};
use serde_json::{Value, json};

use crate::caller::{Caller, cloud, items, quiet, text};

const LIST: &str = "DescribeSmartAccessGatewayClientUsers";
const SESSIONS: &str = "DescribeUserOnlineClients";
const COUNTS: &str = "DescribeUserOnlineClientStatistics";
const TRAFFIC: &str = "DescribeUserFlowStatistics";
const TOTALS: &str = "DescribeSagOnlineClientStatistics";
const GATEWAYS: &str = "DescribeSmartAccessGateways";
const MODIFY: &str = "ModifySmartAccessGatewayClientUser";
const KICK: &str = "KickOutClients";

fn first(cloud: &Cloud) -> String {
    cloud.instances()[0].0.clone()
}

fn busy() -> std::sync::Arc<Cloud> {
    cloud(Options {
        instances: 5,
        users: 123,
        ..Options::default()
    })
}

#[tokio::test(start_paused = true)]
async fn the_pages_of_the_list_hold_every_user_once() {
    let cloud = busy();
    let caller = Caller::new();
    let sag_id = first(&cloud);
    for (asked, echoed) in [
        (None, 10),
        (Some("7"), 7),
        (Some("50"), 50),
        (Some("1000"), 50),
    ] {
        let mut users = Vec::new();
        for number in 1.. {
            let number = number.to_string();
            let mut parameters = vec![("SmartAGId", sag_id.as_str()), ("PageNumber", &number)];
            parameters.extend(asked.map(|size| ("PageSize", size)));
            let body = caller.ok(&cloud, LIST, &parameters).await;
            assert_eq!(body["TotalCount"], 123);
            assert_eq!(body["PageSize"], echoed);
            assert_eq!(body["PageNumber"].to_string(), number);
            let page = items(&body, "Users", "User");
            assert!(page.len() <= echoed);
            users.extend_from_slice(page);
            if page.is_empty() {
                break;
            }
        }
        assert_eq!(users, listed(&cloud, &sag_id), "page size {asked:?}");
    }
}

/// The list as it must be, from the truth.
fn listed(cloud: &Cloud, sag_id: &str) -> Vec<Value> {
    let truth = cloud.truth(cloud.now());
    let users = truth.instance(sag_id).unwrap().users.iter();
    users
        .map(|user| {
            json!({
                "UserName": user.name,
                "UserMail": user.mail,
                "State": u8::from(!user.enabled),
                "Bandwidth": user.bandwidth_kbps,
                "AccelerateBandwidth": user.acceleration_kbps,
                "ClientIp": user.listed_ip.map_or_else(String::new, |ip| ip.to_string()),
                "IsStaticIp": u8::from(user.static_ip),
            })
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_list_can_be_filtered() {
    let cloud = busy();
    let caller = Caller::new();
    let sag_id = first(&cloud);
    let user = cloud.truth(cloud.now()).instances[0].users[77].clone();
    for (name, value, expected) in [
        ("UserName", user.name.as_str(), 1),
        ("UserMail", &user.mail, 1),
        ("UserName", "nobody", 0),
        ("UserName", "", 123),
    ] {
        let parameters = [("SmartAGId", sag_id.as_str()), (name, value)];
        let body = caller.ok(&cloud, LIST, &parameters).await;
        assert_eq!(body["TotalCount"], expected, "{name}={value}");
        let found = items(&body, "Users", "User");
        assert_eq!(found.len(), expected.min(10));
        if expected == 1 {
            assert_eq!(found[0]["UserName"], user.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn sessions_and_counts_and_totals_agree_with_the_truth() {
    let cloud = busy();
    let caller = Caller::new();
    for _ in 0..4 {
        let truth = cloud.truth(cloud.now());
        let online: usize = truth
            .instances
            .iter()
            .map(InstanceTruth::online_clients)
            .sum();
        assert!(online > 50, "only {online} sessions in the whole world");
        for instance in &truth.instances {
            let base = [
                ("SmartAGId", instance.sag_id.as_str()),
                ("RegionId", &instance.region),
            ];
            for user in &instance.users {
                let mut parameters = base.to_vec();
                parameters.push(("UserName", &user.name));
                let body = caller.ok(&cloud, SESSIONS, &parameters).await;
                let expected = user.sessions.iter().map(|session| {
                    json!({"ClientIp": session.client_ip.to_string(),
                           "OnlineTime": session.started.as_second().to_string()})
                });
                let expected: Vec<_> = expected.collect();
                assert_eq!(items(&body, "Users", "User"), expected, "{}", user.name);
            }
            let keys: Vec<_> = (1..=50).map(|n| format!("UserNames.{n}")).collect();
            let mut parameters = base.to_vec();
            let named = keys.iter().zip(&instance.users);
            parameters.extend(named.map(|(key, user)| (key.as_str(), user.name.as_str())));
            let body = caller.ok(&cloud, COUNTS, &parameters).await;
            let expected = instance.users.iter().take(50).map(|user| {
                json!({"UserName": user.name, "OnlineCount": user.sessions.len().to_string()})
            });
            let expected: Vec<_> = expected.collect();
            assert_eq!(items(&body, "UserStatistics", "Statistics"), expected);
            let parameters = [("SmartAGIds.1", instance.sag_id.as_str())];
            let body = caller.ok(&cloud, TOTALS, &parameters).await;
            let total = instance.online_clients().to_string();
            let expected = [json!({"SmartAGId": instance.sag_id, "OnlineCount": total})];
            assert_eq!(items(&body, "SagStatistics", "Statistics"), expected);
        }
        tokio::time::advance(Duration::from_secs(6 * 3600)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn traffic_grows_while_online_and_starts_anew_with_the_month() {
    let cloud = quiet(1, 3);
    let caller = Caller::new();
    let sag_id = first(&cloud);
    let names: Vec<_> = cloud.truth(cloud.now()).instances[0]
        .users
        .iter()
        .map(|u| u.name.clone())
        .collect();
    cloud.login(&sag_id, &names[0], None).unwrap();
    let read = async |month: Option<&str>| {
        let mut parameters = vec![
            ("SmartAGId", sag_id.as_str()),
            ("UserNames.1", &names[0]),
            ("UserNames.2", &names[1]),
            ("UserNames.3", "nobody"),
        ];
        parameters.extend(month.map(|month| ("StatisticsDate", month)));
        let body = caller.ok(&cloud, TRAFFIC, &parameters).await;
        let rows = items(&body, "SagStatistics", "Statistics").to_vec();
        assert_eq!(rows.len(), 2, "one that does not exist is left out");
        let number = |row: &Value, name: &str| text(&row[name]).parse::<u64>().unwrap();
        assert_eq!(number(&rows[1], "TotalBytes"), 0);
        (
            number(&rows[0], "TotalBytes"),
            number(&rows[0], "TotalLeaveBytes"),
        )
    };
    assert_eq!(read(None).await.0, 0);
    tokio::time::advance(Duration::from_secs(100)).await;
    let (after, left) = read(None).await;
    assert!(after > 0);
    tokio::time::advance(Duration::from_secs(100)).await;
    assert_eq!(read(None).await, (2 * after, left - after));
    cloud.logout(&sag_id, &names[0]).unwrap();
    tokio::time::advance(Duration::from_secs(100)).await;
    assert_eq!(read(None).await.0, 2 * after);
    tokio::time::advance(Duration::from_secs(12 * 24 * 3600)).await;
    assert_eq!(read(None).await.0, 0, "another month");
    assert_eq!(read(Some("202611")).await.0, 2 * after);
    assert_eq!(read(Some("202610")).await.0, 0);
    assert_eq!(read(Some("209912")).await.0, 0);
}

#[tokio::test(start_paused = true)]
async fn gateways_are_listed_by_region() {
    let cloud = busy();
    let caller = Caller::new();
    let truth = cloud.truth(cloud.now());
    let mut seen = BTreeSet::new();
    for region in ["cn-shanghai", "ap-southeast-1"] {
        let parameters = [
            ("RegionId", region),
            ("InstanceType", "software"),
            ("PageSize", "50"),
        ];
        let body = caller.ok(&cloud, GATEWAYS, &parameters).await;
        let found = items(&body, "SmartAccessGateways", "SmartAccessGateway");
        assert_eq!(body["TotalCount"], found.len());
        for gateway in found {
            let instance = truth.instance(text(&gateway["SmartAGId"])).unwrap();
            assert_eq!(instance.region, region);
            assert_eq!(gateway["Name"], instance.name);
            assert_eq!(gateway["HardwareVersion"], "sag-software");
            assert_eq!(gateway["UserCount"], instance.account_quota);
            assert_eq!(gateway["EndTime"], instance.end.as_millisecond());
            let bandwidth = text(&gateway["MaxBandwidth"]).replace([' ', 'M'], "");
            assert_eq!(bandwidth, instance.max_bandwidth_mbps.to_string());
            seen.insert(instance.sag_id.clone());
        }
    }
    assert_eq!(seen.len(), 5);
    for (name, value, expected) in [
        ("InstanceType", "hardware", 0),
        ("SmartAGId", &first(&cloud), 1),
        ("SmartAGIds.1", &first(&cloud), 1),
        ("Status", "Active", 4),
        ("Name", "nothing", 0),
        ("PageSize", "1", 1),
    ] {
        let body = caller.ok(&cloud, GATEWAYS, &[(name, value)]).await;
        let found = items(&body, "SmartAccessGateways", "SmartAccessGateway");
        assert_eq!(found.len(), expected, "{name}={value}");
    }
    let body = caller.ok(&cloud, "DescribeRegions", &[]).await;
    let regions = items(&body, "Regions", "Region");
    assert_eq!(regions.len(), 2);
    assert_eq!(
        regions[0]["RegionEndpoint"],
        "smartag.cn-shanghai.aliyuncs.com"
    );
}

#[tokio::test(start_paused = true)]
async fn modify_modifies_and_kick_kicks() {
    let cloud = quiet(1, 3);
    let caller = Caller::new();
    let sag_id = first(&cloud);
    let odd = "a b+c*~@x/é中";
    cloud.create_user(&sag_id, odd, NewUser::default()).unwrap();
    let parameters = [
        ("SmartAGId", sag_id.as_str()),
        ("UserName", odd),
        ("Bandwidth", "20000"),
    ];
    let body = caller.ok(&cloud, MODIFY, &parameters).await;
    assert_eq!(body["UserName"], odd);
    assert_eq!(body["Bandwidth"], 20_000);
    let before = cloud.user(&sag_id, odd, cloud.now()).unwrap();
    assert_eq!(before.bandwidth_kbps, 20_000);
    assert_eq!(body["UserMail"], before.mail, "untouched without Email");
    let parameters = [
        ("SmartAGId", sag_id.as_str()),
        ("UserName", odd),
        ("Bandwidth", "1"),
        ("Email", "o@example.com"),
    ];
    caller.ok(&cloud, MODIFY, &parameters).await;
    let after = cloud.user(&sag_id, odd, cloud.now()).unwrap();
    assert_eq!(
        (after.bandwidth_kbps, after.mail.as_str()),
        (1, "o@example.com")
    );

    cloud.login(&sag_id, odd, None).unwrap();
    cloud.login(&sag_id, odd, None).unwrap();
    assert_eq!(
        cloud
            .user(&sag_id, odd, cloud.now())
            .unwrap()
            .sessions
            .len(),
        2
    );
    for _ in 0..2 {
        let parameters = [("SmartAGId", sag_id.as_str()), ("Username", odd)];
        let body = caller.ok(&cloud, KICK, &parameters).await;
        assert_eq!(body.as_object().unwrap().len(), 1, "only the RequestId");
        assert_eq!(cloud.user(&sag_id, odd, cloud.now()).unwrap().sessions, []);
    }
}

#[tokio::test(start_paused = true)]
async fn habitual_sessions_can_be_kicked_too() {
    let cloud = cloud(Options {
        instances: 1,
        users: 40,
        tempo: Tempo::DEMO,
        ..Options::default()
    });
    let caller = Caller::new();
    let sag_id = first(&cloud);
    let truth = cloud.truth(cloud.now());
    let online = truth.instances[0]
        .users
        .iter()
        .find(|user| !user.sessions.is_empty())
        .unwrap();
    let parameters = [("SmartAGId", sag_id.as_str()), ("Username", &online.name)];
    caller.ok(&cloud, KICK, &parameters).await;
    assert_eq!(
        cloud
            .user(&sag_id, &online.name, cloud.now())
            .unwrap()
            .sessions,
        []
    );
    let before = cloud.user(&sag_id, &online.name, truth.at).unwrap();
    assert!(before.sessions.is_empty(), "kicked at this very second");
    tokio::time::advance(Duration::from_secs(1_800)).await;
    let later: usize = (0..60)
        .map(|n| {
            cloud
                .user(
                    &sag_id,
                    &online.name,
                    jiff::Timestamp::from_second(truth.at.as_second() + n * 30).unwrap(),
                )
                .unwrap()
                .sessions
                .len()
        })
        .sum();
    assert!(later > 0, "the person comes back");
}
