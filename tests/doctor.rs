//! `check --live` against simulated clouds that are well, and that are not.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]

use std::net::SocketAddr;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use sag_exporter::clock::Clock;
use sag_exporter::model::Action;
use sag_exporter::sim::{self, Cloud, Effect, Rule, Scenario};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

struct Site {
    cloud: Arc<Cloud>,
    address: SocketAddr,
    _served: JoinSet<()>,
}

/// One instance with three users.
async fn site(scenario: Scenario, users: usize) -> Site {
    let options = sim::Options {
        instances: 1,
        users,
        scenario,
        ..sim::Options::default()
    };
    let cloud = Cloud::new(options, Clock::system()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut served = JoinSet::new();
    served.spawn(sim::run(
        listener,
        Arc::clone(&cloud),
        CancellationToken::new(),
    ));
    Site {
        cloud,
        address,
        _served: served,
    }
}

impl Site {
    fn sag_id(&self) -> String {
        self.cloud.instances().remove(0).0
    }

    async fn check(&self, secret: &str, flags: &[&str]) -> Output {
        let endpoint = format!("--sag.endpoint=http://{}", self.address);
        let child = Command::new(env!("CARGO_BIN_EXE_sag-exporter"))
            .args(["check", "--live", "--sag.region=cn-shanghai", &endpoint])
            .args(["--log.level=trace"])
            .args(flags)
            .env_clear()
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", "testid")
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret)
            .kill_on_drop(true)
            .output();
        let output = timeout(Duration::from_secs(60), child)
            .await
            .unwrap()
            .unwrap();
        let all = [&output.stdout[..], &output.stderr].concat();
        assert!(!text(&all).contains(secret), "{}", text(&all));
        output
    }

    /// What a machine reads, with the exit code.
    async fn report(&self, secret: &str, flags: &[&str]) -> (Value, Option<i32>) {
        let output = self.check(secret, &[flags, &["-o", "json"]].concat()).await;
        let reports: Value = serde_json::from_slice(&output.stdout).unwrap();
        (reports[0].clone(), output.status.code())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_owned()).unwrap()
}

/// `subject object-without-the-id: verdict`, without what is well.
fn complaints(report: &Value, sag_id: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let unwell = findings.filter(|finding| finding["verdict"] != "ok");
    let shown = unwell.map(|finding| {
        let word = |key: &str| finding[key].as_str().unwrap();
        let object = word("object").replace(sag_id, "ID");
        format!("{} {object}: {}", word("subject"), word("verdict"))
    });
    shown.collect()
}

#[tokio::test]
async fn a_cloud_that_is_well_gives_no_complaint_and_a_policy() {
    let site = site(Scenario::Steady, 3).await;
    let id = site.sag_id();
    let output = site.check("testsecret", &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    for line in [
        "account default:\n".to_owned(),
        "  ok       credential ".to_owned(),
        "access key te… from default/env\n".to_owned(),
        "agrees with the cloud's\n".to_owned(),
        "1 instance found\n".to_owned(),
        format!("{id} DescribeSmartAccessGatewayClientUsers  3 users\n"),
        format!("{id} DescribeUserOnlineClientStatistics "),
        "cn-shanghai DescribeSagOnlineClientStatistics ".to_owned(),
        "\"acs:smartag:cn-shanghai:*:smartag/*\"\n".to_owned(),
    ] {
        assert!(table.contains(&line), "{line:?} is not in\n{table}");
    }
    let (report, code) = site
        .report("testsecret", &[&format!("--sag.instance={id}")])
        .await;
    assert_eq!(code, Some(0));
    assert_eq!(report["verdict"], "ok", "{report:#}");
    let statements = &report["policy"]["Statement"];
    let expected = format!("acs:smartag:cn-shanghai:*:smartag/{id}");
    assert_eq!(statements[0]["Resource"], json!([expected]));
    let changes = Action::ALL.into_iter().filter(|action| action.is_write());
    assert_eq!(
        changes
            .map(|action| site.cloud.calls(action).answered)
            .sum::<u64>(),
        0
    );
}

#[tokio::test]
async fn each_trouble_is_found_where_it_is() {
    let denied = || Effect::Denied("NoPermission".to_owned());
    let missing = || Effect::MissingOperation("InvalidApi.NotFound".to_owned());
    let users = Action::DescribeSmartAccessGatewayClientUsers;
    let sessions = Action::DescribeUserOnlineClients;
    let discovery = Action::DescribeSmartAccessGateways;
    let counts = Action::DescribeUserOnlineClientStatistics;
    let totals = Action::DescribeSagOnlineClientStatistics;
    let site = site(Scenario::Steady, 3).await;
    let id = site.sag_id();
    let listed = format!("--sag.instance={id}");
    let check = async |rules: Vec<Rule>, flags: &[&str], expected: &[&str]| {
        site.cloud.set_faults(rules);
        let (report, code) = site.report("testsecret", flags).await;
        assert_eq!(complaints(&report, &id), expected, "{report:#}");
        let is_problem = expected.iter().any(|line| line.ends_with(": problem"));
        assert_eq!(code, Some(i32::from(is_problem)), "{report:#}");
        report
    };
    let rule = |action, effect| vec![Rule::new(effect).on(action)];
    check(
        rule(discovery, denied()),
        &[],
        &["discovery cn-shanghai: problem"],
    )
    .await;
    check(
        rule(discovery, denied()),
        &[&listed],
        &["discovery cn-shanghai: warning"],
    )
    .await;
    let report = check(
        rule(users, denied()),
        &[],
        &["instance ID DescribeSmartAccessGatewayClientUsers: problem"],
    )
    .await;
    assert!(report.to_string().contains("NoPermission"), "{report:#}");
    check(
        rule(sessions, denied()),
        &[],
        &["instance ID DescribeUserOnlineClients: problem"],
    )
    .await;
    let report = check(
        rule(counts, missing()),
        &[],
        &["bulk ID DescribeUserOnlineClientStatistics: warning"],
    )
    .await;
    assert!(
        report.to_string().contains("InvalidApi.NotFound"),
        "{report:#}"
    );
    check(
        rule(totals, denied()),
        &[],
        &["bulk cn-shanghai DescribeSagOnlineClientStatistics: warning"],
    )
    .await;
    let nobody = "--sag.instance=sag-nobody";
    check(
        Vec::new(),
        &[nobody],
        &[
            "instance sag-nobody DescribeSmartAccessGatewayClientUsers: problem",
            "bulk cn-shanghai DescribeSagOnlineClientStatistics: warning",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_wrong_secret_is_said_and_not_shown() {
    let site = site(Scenario::Steady, 3).await;
    let (report, code) = site.report("MARKED-SECRET", &[]).await;
    assert_eq!(code, Some(1));
    assert_eq!(complaints(&report, "no id"), ["credential : problem"]);
    let text = report.to_string();
    assert!(text.contains("SignatureDoesNotMatch"), "{text}");
}

#[tokio::test]
async fn a_clock_that_is_off_is_measured() {
    let site = site(Scenario::ClockSkew, 3).await;
    let (report, _) = site.report("testsecret", &[]).await;
    let complaints = complaints(&report, &site.sag_id());
    let ahead = report["cloud_clock_ahead_seconds"].as_i64().unwrap();
    assert!(ahead > 60, "{report:#}");
    assert!(
        complaints.contains(&"clock : warning".to_owned()),
        "{complaints:?}"
    );
    site.cloud
        .set_faults(vec![Rule::new(Effect::ClockSkew(-3600))]);
    let (report, code) = site.report("testsecret", &[]).await;
    assert_eq!(code, Some(1));
    assert!(
        report.to_string().contains("s ahead of the cloud's"),
        "{report:#}"
    );
}

#[tokio::test]
async fn nobody_there_and_nobody_to_ask_about() {
    let empty = site(Scenario::Steady, 0).await;
    let (report, code) = empty.report("testsecret", &[]).await;
    assert_eq!(code, Some(0), "{report:#}");
    let expected = ["instance ID: skipped"];
    assert_eq!(complaints(&report, &empty.sag_id()), expected);
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let nowhere = Site { address, ..empty };
    let (report, code) = nowhere.report("testsecret", &[]).await;
    assert_eq!(code, Some(1));
    let expected = ["clock : skipped", "discovery cn-shanghai: problem"];
    assert_eq!(complaints(&report, "no id"), expected);
}
