//! Every operation against the simulated cloud.

use std::collections::BTreeMap;
use std::sync::Arc;

use sag_exporter::model::{
    BandwidthSetting, FailureKind, Kbps, Region, SagId, UserName, UserState,
};
use sag_exporter::openapi::Missing;
use sag_exporter::sag::{Client, Email, PageRequest};
use sag_exporter::sim::{Cloud, Effect, InstanceTruth, NewUser, Options, Rule, Scenario};

use crate::in_process::{client, cloud, noon, telemetry};

/// A client, its cloud, and the first instance.
struct Stage {
    client: Client,
    cloud: Arc<Cloud>,
    region: Region,
    sag_id: SagId,
}

impl Stage {
    fn new(users: usize) -> Self {
        let cloud = cloud(Options {
            instances: 2,
            users,
            scenario: Scenario::Steady,
            ..Options::default()
        });
        let (sag_id, region) = cloud.instances().into_iter().next().expect("an instance");
        Self {
            client: client(&cloud, None, telemetry()),
            region: Region::parse(&region).expect("a region"),
            sag_id: SagId::parse(&sag_id).expect("an id"),
            cloud,
        }
    }

    fn truth(&self) -> InstanceTruth {
        let truth = self.cloud.truth(noon());
        truth.instance(self.sag_id.as_str()).expect("it").clone()
    }

    fn names(&self) -> Vec<UserName> {
        let users = self.truth().users;
        users.iter().map(|user| name(&user.name)).collect()
    }
}

fn name(text: &str) -> UserName {
    UserName::parse(text).expect("a name")
}

const PAGE: PageRequest = PageRequest {
    number: 1,
    size: 50,
};

#[tokio::test(start_paused = true)]
async fn users_are_those_of_the_world() {
    let stage = Stage::new(30);
    let page = stage
        .client
        .client_users(&stage.region, &stage.sag_id, PAGE)
        .await;
    let page = page.expect("a page");
    assert_eq!((page.total, page.unreadable), (Some(30), 0));
    for (user, truth) in page.entries.iter().zip(stage.truth().users) {
        assert_eq!(user.name.as_str(), truth.name);
        assert_eq!(user.state == Some(UserState::Enabled), truth.enabled);
        assert_eq!(user.bandwidth, Some(Kbps(truth.bandwidth_kbps)));
        assert_eq!(
            user.acceleration_bandwidth,
            Some(Kbps(truth.acceleration_kbps))
        );
        assert_eq!(user.static_ip, Some(truth.static_ip));
        assert_eq!(user.client_ip, truth.listed_ip.map(Into::into));
    }
}

#[tokio::test(start_paused = true)]
async fn sessions_are_those_of_the_world() {
    let stage = Stage::new(30);
    let truth = stage.truth();
    assert!(truth.online_clients() > 0, "somebody is online at noon");
    for user in &truth.users {
        let found = stage
            .client
            .online_clients(&stage.region, &stage.sag_id, &name(&user.name))
            .await
            .expect("sessions");
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.client_ip, one.started))
            .collect();
        let expected = user.sessions.iter();
        let expected: Vec<_> = expected
            .map(|one| (Some(one.client_ip.into()), Some(one.started)))
            .collect();
        assert_eq!(found, expected, "{}", user.name);
    }
}

#[tokio::test(start_paused = true)]
async fn names_of_every_kind_survive_the_wire() {
    let stage = Stage::new(1);
    for text in [
        "a b",
        "a+b",
        "a*b~c",
        "a@example.com",
        "a/b",
        "größe",
        "a&b=c",
        "100%",
    ] {
        let (id, new) = (stage.sag_id.as_str(), NewUser::default());
        stage.cloud.create_user(id, text, new).expect("a new user");
        let found = stage
            .client
            .online_clients(&stage.region, &stage.sag_id, &name(text))
            .await;
        assert_eq!(found.expect(text), [], "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn bulk_counts_agree_with_the_world() {
    let stage = Stage::new(50);
    let (region, sag_id) = (&stage.region, &stage.sag_id);
    let counts = stage
        .client
        .online_counts(region, sag_id, &stage.names())
        .await;
    let counts = counts.expect("counts");
    let truth = stage.truth();
    let expected: BTreeMap<&str, usize> = truth
        .users
        .iter()
        .map(|user| (user.name.as_str(), user.sessions.len()))
        .collect();
    let found: BTreeMap<&str, usize> = counts
        .entries
        .iter()
        .map(|(user, n)| (user.as_str(), *n as usize))
        .collect();
    assert_eq!((found, counts.unreadable), (expected, 0));
    let sag_ids = [sag_id.clone()];
    let totals = stage.client.instance_online_counts(region, &sag_ids).await;
    let total = u32::try_from(truth.online_clients()).expect("a small number");
    assert_eq!(totals.expect("totals").entries, [(sag_id.clone(), total)]);
}

#[tokio::test(start_paused = true)]
async fn traffic_comes_for_every_user() {
    let stage = Stage::new(50);
    let names = stage.names();
    let traffic = stage
        .client
        .traffic(&stage.region, &stage.sag_id, &names)
        .await;
    let traffic = traffic.expect("traffic");
    assert_eq!((traffic.entries.len(), traffic.unreadable), (50, 0));
    for one in &traffic.entries {
        assert!(names.contains(&one.user));
        assert!(one.bytes.is_some() && one.allowance_remaining_bytes.is_some());
    }
    assert!(traffic.entries.iter().any(|one| one.bytes > Some(0)));
}

#[tokio::test(start_paused = true)]
async fn instances_and_regions_are_found() {
    let stage = Stage::new(1);
    let regions = stage.client.regions(&stage.region).await.expect("regions");
    assert!(regions.entries.iter().any(|one| one.region == stage.region));
    let page = stage
        .client
        .gateways(&stage.region, PAGE)
        .await
        .expect("a page");
    let here = page
        .entries
        .iter()
        .find(|gateway| gateway.sag_id == stage.sag_id);
    let (gateway, truth) = (here.expect("the instance"), stage.truth());
    assert!(gateway.is_app());
    assert_eq!(gateway.name.as_deref(), Some(truth.name.as_str()));
    assert_eq!(gateway.expires, Some(truth.end));
    let quota = u32::try_from(truth.account_quota).expect("a small number");
    assert_eq!(gateway.account_quota, Some(quota));
    let bandwidth = u64::from(truth.max_bandwidth_mbps) * 125_000;
    assert_eq!(gateway.bandwidth_limit_bytes_per_second, Some(bandwidth));
}

#[tokio::test(start_paused = true)]
async fn a_change_is_made_and_read_back() {
    let stage = Stage::new(3);
    let (region, sag_id) = (&stage.region, &stage.sag_id);
    let user = stage.names().remove(0);
    let bandwidth = BandwidthSetting::new(777).expect("in range");
    let email = Email::new("new+address@example.com");
    let change = stage
        .client
        .modify_client_user(region, sag_id, &user, bandwidth, Some(&email))
        .await
        .expect("a change");
    assert_eq!(change.bandwidth, Some(Kbps(777)));
    assert_eq!(change.email.as_ref(), Some(&email));
    let page = stage.client.contacts(region, sag_id, &user, PAGE).await;
    let page = page.expect("a page");
    let contact = page
        .entries
        .iter()
        .find(|contact| contact.user.name == user);
    let contact = contact.expect("the user");
    assert_eq!(contact.user.bandwidth, Some(Kbps(777)));
    assert_eq!(contact.email.as_ref(), Some(&email));
    // Without an address the old one stays.
    let bandwidth = BandwidthSetting::new(888).expect("in range");
    let change = stage
        .client
        .modify_client_user(region, sag_id, &user, bandwidth, None);
    assert_eq!(change.await.expect("a change").bandwidth, Some(Kbps(888)));
    assert_eq!(stage.truth().users[0].mail, email.reveal());
}

#[tokio::test(start_paused = true)]
async fn a_user_is_kicked_out() {
    let stage = Stage::new(3);
    let user = stage.names().remove(0);
    let id = stage.sag_id.as_str();
    stage.cloud.login(id, user.as_str(), None).expect("a login");
    let (region, sag_id) = (&stage.region, &stage.sag_id);
    let before = stage.client.online_clients(region, sag_id, &user).await;
    assert!(!before.expect("sessions").is_empty());
    stage
        .client
        .kick_out(region, sag_id, &user)
        .await
        .expect("a kick");
    let after = stage.client.online_clients(region, sag_id, &user).await;
    assert_eq!(after.expect("sessions"), []);
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_told_apart() {
    let stage = Stage::new(1);
    let user = name("nobody");
    let error = stage
        .client
        .online_clients(&stage.region, &stage.sag_id, &user)
        .await;
    let error = error.expect_err("no such user");
    assert_eq!(error.missing(), Some(Missing::User), "{error}");
    let other = SagId::parse("sag-nowhere").expect("an id");
    let error = stage.client.client_users(&stage.region, &other, PAGE).await;
    let error = error.expect_err("no such instance");
    assert_eq!(error.missing(), Some(Missing::Instance), "{error}");
    let gone = Effect::MissingOperation("InvalidApi.NotFound".to_owned());
    stage.cloud.add_fault(Rule::new(gone));
    let error = stage
        .client
        .online_counts(&stage.region, &stage.sag_id, &[user])
        .await;
    let error = error.expect_err("no such operation");
    assert_eq!(error.missing(), Some(Missing::Operation), "{error}");
    assert_eq!(error.kind(), FailureKind::NotFound);
}
