//! The command as a person types it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

#[test]
fn the_table_says_what_is_assumed_and_what_it_costs() {
    let arguments = [
        "--plan.users=2000",
        "--plan.latency=50ms",
        "--plan.instances=2",
    ];
    let each = config("sweep: {sessions: each, interval: 5m, traffic_interval: 0s}");
    let output = plan(each.path(), &arguments);
    let text = text(&output.stdout);
    for line in [
        "account main: 2 instances with 4000 users together (assumed)",
        "  sessions: one query a user",
        "  pace: 5 calls per second and operation, 4 at once, 50ms each",
        "  DescribeUserOnlineClients                 4000.0    4000.0    4000.0    4000.0",
        "  DescribeSmartAccessGatewayClientUsers        0.0      82.0      82.0     164.0",
        "  seconds at most                            800.0     816.6     816.6     833.0",
        "  interval: 5m, lists every 5m",
        "  shortest honest interval: 13m 37s",
        "  demand: 2.67 of what the rate allows",
        "  it does not fit: sweeps take longer than the interval",
        "    - sweep.sessions: auto, which counts 50 users a call: a demand of 0.05, and 44.8 s at \
         most for a sweep",
        "    - sweep.interval: 13m 37s or longer",
        "    - rate: 14 for this account, once Quota Center grants as much; more processes do not \
         help, since they share the quota",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line:?} is not in\n{text}"
        );
    }
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_process_of_several_plans_for_its_part() {
    let config = config("sweep: {sessions: each}");
    let whole = json(&plan(config.path(), &["--plan.instances=10", "-o", "json"]));
    let part = ["--plan.instances=10", "--sweep.shard=1/5", "-o", "json"];
    let part = json(&plan(config.path(), &part));
    assert_eq!(whole[0]["instances"], 10);
    assert_eq!(part[0]["instances"], 2);
    assert_eq!(whole[0]["rate"], 5.0);
    assert_eq!(part[0]["rate"], 1.0);
    // A fifth of the users at a fifth of the rate.
    assert_eq!(whole[0]["demand_ratio"], part[0]["demand_ratio"]);
    // The advice is on the rate of the account.
    let rate = |of: &Value| {
        let advice = of[0]["advice"].as_array().unwrap();
        let change = advice.iter().find(|change| change["change"] == "rate");
        change.unwrap()["to"].as_f64().unwrap()
    };
    assert!(
        (rate(&whole) - rate(&part)).abs() <= 5.0,
        "rounded up in each of five"
    );
}

#[test]
fn whoever_publishes_no_users_needs_no_shards_for_them() {
    for (labels, series, advised) in [("plain", 1_240_000.0, true), ("none", 0.0, false)] {
        let config = config(&format!(
            "    rate: 1000\nsweep: {{traffic_interval: 0s}}\nlabels: {{user: {labels}}}"
        ));
        let arguments = ["--plan.instances=100", "--plan.latency=1ms", "-o", "json"];
        let found = json(&plan(config.path(), &arguments));
        assert_eq!(found[0]["user_series"], series);
        let advice = found[0]["advice"].as_array().unwrap();
        let shards = advice.iter().any(|change| change["change"] == "shards");
        assert_eq!(shards, advised, "{advice:?}");
    }
}

#[test]
fn live_counts_what_the_cloud_has() {
    let cloud = Simulator::start(&["--sim.instances=5", "--sim.users=73"]);
    let config = config(&format!(
        "    endpoint: http://{}\n    credentials: {{access_key_id: testid, access_key_secret: \
         testsecret}}\n    rate: 50\nsweep: {{sessions: each}}",
        cloud.address
    ));
    let found = json(&plan(config.path(), &["--live", "-o", "json"]));
    let account = &found[0];
    assert_eq!(account["live"], true);
    let instances = account["instances"].as_u64().unwrap();
    assert!(
        (1..=5).contains(&instances),
        "those of one region: {account}"
    );
    assert_eq!(account["users"], instances * 73);
    let online = account["assumptions"]["online"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&online), "{account}");
    let stated = ["--live", "--plan.online=30%", "-o", "json"];
    let stated = json(&plan(config.path(), &stated));
    assert_eq!(
        stated[0]["assumptions"]["online"], 0.3,
        "what is said counts"
    );
    // The processes of a shard find all of it between them.
    let of_shard = |index: u64| {
        let shard = format!("--sweep.shard={index}/2");
        let found = json(&plan(config.path(), &["--live", "-o", "json", &shard]));
        found[0]["instances"].as_u64().unwrap()
    };
    assert_eq!(of_shard(0) + of_shard(1), instances);
}

#[test]
fn what_cannot_be_counted_ends_with_1_and_its_name() {
    let cloud = Simulator::start(&["--sim.instances=1"]);
    let key = "access_key_id: testid, access_key_secret";
    for (lines, expected) in [
        (
            format!("    credentials: {{{key}: testsecret}}\n    instances: [sag-none]"),
            "instance sag-none was not found: expected it in one of the configured regions",
        ),
        (
            format!("    credentials: {{{key}: wrong}}"),
            "error: account main: cannot list the instances of region cn-shanghai: ",
        ),
    ] {
        let config = config(&format!("    endpoint: http://{}\n{lines}", cloud.address));
        let output = plan(config.path(), &["--live"]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(expected), "{expected:?} is not in {told}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn assumptions_out_of_range_are_refused() {
    let config = config("");
    for (flag, expected) in [
        (
            "--plan.online=10",
            "\"10\" is not a percentage: expected 0% to 100%",
        ),
        ("--plan.changes=101%", "\"101%\" is not a percentage"),
        ("--plan.users=1000001", "1000001 is not in 0..=1000000"),
        (
            "--plan.latency=fast",
            "invalid value 'fast' for '--plan.latency <TIME>'",
        ),
        ("--sweep.shard=2/2", "\"2/2\" is not a shard"),
        ("-o=csv", "[possible values: table, json]"),
    ] {
        let output = plan(config.path(), &[flag]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flag}: {told}");
        assert!(told.contains(expected), "{expected:?} is not in {told}");
    }
}

/// A configuration with one account in one region and these lines after it.
fn config(lines: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = format!("accounts:\n  - name: main\n    regions: [cn-shanghai]\n{lines}\n");
    std::fs::write(file.path(), text).unwrap();
    file
}

fn plan(config: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sag-exporter"))
        .arg("plan")
        .arg(format!("--config.file={}", config.display()))
        .args(arguments)
        .env_clear()
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A simulated cloud in a process of its own.
struct Simulator {
    process: Child,
    address: String,
}

impl Simulator {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sag-exporter"))
            .args(["simulate", "--sim.listen-address=127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut address).unwrap();
        Self {
            process,
            address: address.trim_end().to_owned(),
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It holds nothing that would need an orderly end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
