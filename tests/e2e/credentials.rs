//! Where the access key may come from, against a cloud that checks it.

use std::path::Path;
use std::time::Duration;

use sag_exporter::model::Action;
use sag_exporter::secret::Secret;
use sag_exporter::sim::Credential;
use tempfile::TempDir;

use crate::daemon::{Config, Daemon, Process, config_flag, run, run_with};
use crate::exposition::Page;
use crate::simulator::{Simulator, quiet};
use crate::wait::until;

#[tokio::test]
async fn flags_and_the_environment_are_enough() {
    let simulator = Simulator::start(quiet(2, 3)).await;
    let endpoint = format!("--sag.endpoint=http://{}", simulator.address);
    let arguments = ["once", "--sag.region=cn-shanghai", &endpoint];
    let key = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "testid"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "testsecret"),
    ];
    let output = run_with(&arguments, &key).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = Page::parse(String::from_utf8(output.stdout).unwrap());
    assert_eq!(page.sum("sag_up", &[]), 2.0);
    assert_eq!(
        page.count("sag_instance_info", &[("account", "default")]),
        2
    );
}

#[tokio::test]
async fn a_key_in_files_is_read_anew_when_it_is_rotated() {
    let simulator = Simulator::start(quiet(1, 2)).await;
    let dir = TempDir::new().unwrap();
    let (id, secret) = (dir.path().join("id"), dir.path().join("secret"));
    std::fs::write(&id, "testid\n").unwrap();
    replace(&secret, "testsecret\n");
    let key = format!(
        "{{access_key_id_file: {}, access_key_secret_file: {}}}",
        id.display(),
        secret.display()
    );
    let config = Config::default().account_of("main", simulator.address, &key, "cn-shanghai");
    let daemon = Daemon::start(&config).await;
    let is_true = |page: &Page| page.differs_from(&simulator.truth());
    daemon.page_when("the first key is good", is_true).await;

    let rotated = Credential::new("testid", Secret::new("rotated"));
    simulator.cloud.set_credentials(vec![rotated]);
    let is_refused = |page: &Page| match page.sum("sag_up", &[]) {
        0.0 => Ok(()),
        up => Err(up),
    };
    daemon.page_when("the old key is refused", is_refused).await;
    replace(&secret, "rotated\n");
    daemon.page_when("the new key is good", is_true).await;
}

#[tokio::test]
async fn a_temporary_key_works_until_it_expires() {
    let simulator = Simulator::start(quiet(1, 2)).await;
    let expiring = |at| {
        let key = Credential::new("testid", Secret::new("testsecret"));
        simulator
            .cloud
            .set_credentials(vec![key.with_token(Secret::new("token"), at)]);
    };
    let now = simulator.cloud.now();
    expiring(now + Duration::from_secs(3600));
    let key = "{access_key_id: testid, access_key_secret: testsecret, security_token: token}";
    let config = Config::default().account_of("main", simulator.address, key, "cn-shanghai");
    let daemon = Daemon::start(&config).await;
    let is_true = |page: &Page| page.differs_from(&simulator.truth());
    daemon.page_when("the token is good", is_true).await;

    expiring(now - Duration::from_secs(1));
    until("the log says that it is not any more", async || {
        let log = daemon.log();
        if log.contains("InvalidSecurityToken.Expired") {
            Ok(())
        } else {
            Err(log)
        }
    })
    .await;
    assert_eq!(daemon.get("/-/healthy").await.status, 200);
}

#[tokio::test]
async fn the_simulator_of_the_command_line_follows_its_script() {
    let dir = TempDir::new().unwrap();
    let script = dir.path().join("faults.yml");
    std::fs::write(
        &script,
        "rules:\n- action: DescribeUserOnlineClients\n  effect: bad_gateway\n",
    )
    .unwrap();
    let faults = format!("--sim.faults={}", script.display());
    let flags = [
        "simulate",
        "--sim.listen-address=127.0.0.1:0",
        "--sim.users=1",
        &faults,
    ];
    let mut simulator = Process::start(&flags);
    let address = until("the address is printed", async || {
        let line = simulator.stdout();
        line.trim().parse().map_err(|_| line)
    })
    .await;
    let file = config_flag(&dir, &Config::of(address).yaml());
    let output = run(&["once", &file]).await;
    let page = Page::parse(String::from_utf8(output.stdout).unwrap());
    assert_eq!(output.status.code(), Some(1));
    let failed = [("collector", "sessions")];
    assert_eq!(page.count("sag_collection_success", &failed), 2);
    assert_eq!(page.sum("sag_collection_success", &failed), 0.0);
    simulator.signal("TERM");
    assert_eq!(simulator.ended().await.code(), Some(0));
}

/// Two accounts that find the same instance: a mistake of the operator, which
/// must not make two equal series.
#[tokio::test]
async fn an_instance_seen_by_two_accounts_is_shown_once() {
    let simulator = Simulator::start(quiet(1, 2)).await;
    let config = Config::of(simulator.address).account("twin", simulator.address, "testsecret");
    let daemon = Daemon::start(&config).await;
    let both = |page: &Page| {
        let sweeps = |account| page.sum("sag_exporter_sweeps_total", &[("account", account)]);
        let least = sweeps("main").min(sweeps("twin"));
        if least < 2.0 { Err(least) } else { Ok(()) }
    };
    let page = daemon.page_when("both have swept twice", both).await;
    assert_eq!(page.count("sag_up", &[]), 1);
    assert_eq!(page.count("sag_instance_info", &[]), 1);
    let calls = simulator.cloud.calls(Action::DescribeUserOnlineClients);
    assert!(calls.answered > 0);
}

/// Writes a file as careful programs do: nobody reads half of it.
fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, file).unwrap();
}
