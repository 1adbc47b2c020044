//! Every operation through every SDK.

use std::net::Ipv4Addr;

use sag_exporter::sim::{InstanceTruth, NewUser, Options, Scenario, UserTruth};
use serde_json::{Value, json};

use crate::leash::{Identity, Leash, Sdk, Server};

/// Names that are hard to sign.
const NAMES: [&str; 12] = [
    "a b",
    "a+b",
    "a*b",
    "a~b",
    "a.b@example.com",
    "a/b",
    "张三",
    "zoë é",
    "100%",
    "a&b=c",
    "quo\"te'<x>",
    " ~+* @/é ",
];

#[tokio::test]
async fn the_new_sdk_reads_and_writes_the_truth() {
    check(Sdk::New).await;
}

#[tokio::test]
async fn the_new_sdk_with_v1_reads_and_writes_the_truth() {
    check(Sdk::NewWithV1).await;
}

#[tokio::test]
async fn the_old_sdk_reads_and_writes_the_truth() {
    check(Sdk::Old).await;
}

struct Visit {
    server: Server,
    sdk: Leash,
    sag_id: String,
}

async fn check(sdk: Sdk) {
    let server = Server::start(Options {
        instances: 5,
        users: 60,
        scenario: Scenario::Quiet,
        ..Options::default()
    })
    .await;
    let sag_id = server.cloud.instances()[0].0.clone();
    for (number, name) in (1..).zip(NAMES) {
        let cloud = &server.cloud;
        cloud
            .create_user(&sag_id, name, NewUser::default())
            .unwrap();
        for _ in 0..number % 3 {
            let address = Ipv4Addr::new(10, 200, 0, number);
            cloud.login(&sag_id, name, Some(address)).unwrap();
        }
    }
    let sdk = Leash::start(sdk, &server, Identity::DEFAULT).await;
    let mut visit = Visit {
        server,
        sdk,
        sag_id,
    };
    visit.accounts().await;
    visit.sessions().await;
    visit.bulk().await;
    visit.discovery().await;
    visit.modify().await;
    visit.kick().await;
    visit.sdk.stop().await;
    visit.server.stop().await;
}

impl Visit {
    fn truth(&self) -> InstanceTruth {
        let truth = self.server.cloud.truth(self.server.cloud.now());
        truth.instance(&self.sag_id).unwrap().clone()
    }

    fn user(&self, name: &str) -> UserTruth {
        self.truth().user(name).unwrap().clone()
    }

    async fn call(&mut self, operation: &str, parameters: Value) -> Value {
        let mut all = json!({"RegionId": "cn-shanghai", "SmartAGId": self.sag_id});
        let (all_fields, fields) = (
            all.as_object_mut().unwrap(),
            parameters.as_object().unwrap(),
        );
        all_fields.extend(fields.clone());
        self.sdk.ok(operation, all).await
    }

    async fn accounts(&mut self) {
        const LIST: &str = "DescribeSmartAccessGatewayClientUsers";
        let mut listed = Vec::new();
        for number in 1..=3 {
            let body = self
                .call(LIST, json!({"PageNumber": number, "PageSize": 30}))
                .await;
            assert_eq!(
                (&body["TotalCount"], &body["PageSize"]),
                (&json!(72), &json!(30))
            );
            listed.extend(body["Users"]["User"].as_array().unwrap().clone());
        }
        let users = self.truth().users;
        assert_eq!(listed.len(), users.len());
        for (listed, user) in listed.iter().zip(&users) {
            check_account(listed, user);
        }
        for name in NAMES {
            let body = self.call(LIST, json!({"UserName": name})).await;
            assert_eq!(body["TotalCount"], 1, "{name}");
            check_account(&body["Users"]["User"][0], &self.user(name));
        }
    }

    async fn sessions(&mut self) {
        for name in NAMES {
            let body = self
                .call("DescribeUserOnlineClients", json!({"UserName": name}))
                .await;
            let expected = self.user(name).sessions.into_iter().map(|session| {
                json!({"ClientIp": session.client_ip.to_string(),
                       "OnlineTime": session.started.as_second().to_string()})
            });
            let expected: Vec<_> = expected.collect();
            assert_eq!(body["Users"]["User"], json!(expected), "{name}");
        }
    }

    async fn bulk(&mut self) {
        let names = json!({"UserNames": NAMES});
        let body = self
            .call("DescribeUserOnlineClientStatistics", names.clone())
            .await;
        let expected = NAMES.map(|name| {
            json!({"UserName": name, "OnlineCount": self.user(name).sessions.len().to_string()})
        });
        assert_eq!(body["UserStatistics"]["Statistics"], json!(expected));

        let body = self.call("DescribeUserFlowStatistics", names).await;
        let rows = body["SagStatistics"]["Statistics"].as_array().unwrap();
        assert_eq!(rows.len(), NAMES.len());
        for (row, name) in rows.iter().zip(NAMES) {
            assert_eq!(row["UserName"], name);
            self.check_traffic(name, row);
        }

        let ids = json!({"RegionId": "cn-shanghai", "SmartAGIds": [self.sag_id]});
        let body = self.sdk.ok("DescribeSagOnlineClientStatistics", ids).await;
        let total = self.truth().online_clients();
        assert_eq!(total, 12);
        let expected = json!([{"SmartAGId": self.sag_id, "OnlineCount": total.to_string()}]);
        assert_eq!(body["SagStatistics"]["Statistics"], expected);
    }

    /// The traffic is at most what it is by now, and only users with sessions
    /// have any.
    fn check_traffic(&self, name: &str, row: &Value) {
        let number = |field: &str| row[field].as_str().unwrap().parse::<u64>().unwrap();
        let cloud = &self.server.cloud;
        let by_now = cloud
            .traffic_bytes(&self.sag_id, name, jiff::Timestamp::UNIX_EPOCH, cloud.now())
            .unwrap();
        assert!(number("TotalBytes") <= by_now, "{name}: {row} of {by_now}");
        let allowance = number("TotalBytes") + number("TotalLeaveBytes");
        assert_eq!(allowance % (1 << 30), 0, "{name}: {row}");
    }

    async fn discovery(&mut self) {
        let parameters =
            json!({"RegionId": "cn-shanghai", "InstanceType": "software", "PageSize": 50});
        let body = self.sdk.ok("DescribeSmartAccessGateways", parameters).await;
        let found = body["SmartAccessGateways"]["SmartAccessGateway"]
            .as_array()
            .unwrap();
        assert_eq!((found.len(), &body["TotalCount"]), (4, &json!(4)));
        let truth = self.truth();
        assert_eq!(found[0]["SmartAGId"], truth.sag_id);
        assert_eq!(found[0]["Name"], truth.name);
        assert_eq!(found[0]["UserCount"], truth.account_quota);
        assert_eq!(found[0]["EndTime"], truth.end.as_millisecond());
        let body = self.sdk.ok("DescribeRegions", json!({})).await;
        assert_eq!(body["Regions"]["Region"][0]["RegionId"], "cn-shanghai");
    }

    async fn modify(&mut self) {
        for (kbps, name) in (1_234..).zip(NAMES) {
            let mail = format!("{kbps}+new@example.com");
            let change = json!({"UserName": name, "Bandwidth": kbps, "Email": mail});
            let body = self
                .call("ModifySmartAccessGatewayClientUser", change)
                .await;
            assert_eq!(body["UserName"], name);
            assert_eq!(body["Bandwidth"], kbps);
            assert_eq!(body["UserMail"], mail);
            let user = self.user(name);
            assert_eq!((user.bandwidth_kbps, &user.mail), (kbps, &mail));
            let filter = json!({"UserMail": mail});
            let body = self
                .call("DescribeSmartAccessGatewayClientUsers", filter)
                .await;
            check_account(&body["Users"]["User"][0], &user);
        }
    }

    async fn kick(&mut self) {
        for name in NAMES {
            self.call("KickOutClients", json!({"Username": name})).await;
            assert_eq!(self.user(name).sessions, []);
            let body = self
                .call("DescribeUserOnlineClients", json!({"UserName": name}))
                .await;
            assert_eq!(body["Users"]["User"], json!([]));
        }
    }
}

fn check_account(listed: &Value, user: &UserTruth) {
    let address = user.listed_ip.map_or_else(String::new, |ip| ip.to_string());
    assert_eq!(listed["UserName"], user.name);
    assert_eq!(listed["UserMail"], user.mail);
    assert_eq!(listed["State"], u8::from(!user.enabled));
    assert_eq!(listed["Bandwidth"], user.bandwidth_kbps);
    assert_eq!(listed["AccelerateBandwidth"], user.acceleration_kbps);
    assert_eq!(listed["ClientIp"], address);
    assert_eq!(listed["IsStaticIp"], u8::from(user.static_ip));
}
