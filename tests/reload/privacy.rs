//! Users under pseudonyms, and who is behind one.

use std::collections::BTreeSet;
use std::fs;
use std::process::Output;

use sag_exporter::fleet::Pseudonyms;
use sag_exporter::secret::Secret;
use tokio::process::Command;

use crate::daemon::{Clouds, Daemon, Site, sweeps};

const KEY: &str = "MARKED-0123456789abcdef";

fn config(site: &Site, labels: &str) -> String {
    format!(
        "sweep: {{interval: 1s, accounts_interval: 1s}}\n\
         accounts:\n  - name: one\n    regions: [cn-shanghai]\n    rate: 500\n    \
         endpoint: http://{}\n    \
         credentials: {{access_key_id: testid, access_key_secret: testsecret}}\n\
         labels: {{{labels}}}\n",
        site.address
    )
}

async fn whois(file: &str, pseudonym: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sag-exporter"));
    let file = format!("--config.file={file}");
    let command = command.args(["whois", pseudonym, &file, "--log.level=trace"]);
    command.env_clear().output().await.unwrap()
}

#[tokio::test]
async fn users_are_shown_under_pseudonyms_that_the_key_resolves() {
    let mut clouds = Clouds::default();
    let site = clouds.start(1).await;
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("label-key");
    fs::write(&key, KEY).unwrap();
    let truth = site.cloud.truth(site.cloud.now()).instances.remove(0);
    let names: Vec<&str> = truth.users.iter().map(|user| user.name.as_str()).collect();
    let label = |name: &str| {
        format!(
            r#"sag_user_enabled{{sag_id="{}",user="{name}"}} "#,
            truth.sag_id
        )
    };
    let pseudonyms = Pseudonyms::new(&Secret::new(KEY));
    let hidden = format!("user: pseudonym, pseudonym_key_file: {}", key.display());
    let daemon = Daemon::start(&config(&site, &hidden), &["--web.enable-lifecycle"]).await;
    let metrics = daemon
        .metrics_when("a sweep", |text| {
            sweeps(text, "one", "complete") >= Some(2.0)
        })
        .await;
    for name in &names {
        assert!(!metrics.contains(name), "{name} is in {metrics}");
        assert!(
            metrics.contains(&label(&pseudonyms.of(name))),
            "{name}: {metrics}"
        );
    }
    for path in ["/", "/api/v1/status", "/api/v1/sd"] {
        let reply = daemon.get(path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(
            names.iter().all(|name| !reply.body.contains(name)),
            "{path}"
        );
    }

    let file = daemon.file().display().to_string();
    let found = whois(&file, &pseudonyms.of(names[0])).await;
    let text = String::from_utf8(found.stdout).unwrap();
    assert_eq!(text, format!("{}\t{}\tone\n", names[0], truth.sag_id));
    let log = String::from_utf8(found.stderr).unwrap();
    assert!(!log.contains("MARKED") && !log.contains(names[0]), "{log}");
    let unknown = whois(&file, "000000000000000000000000").await;
    assert_eq!(unknown.status.code(), Some(1));
    let log = String::from_utf8(unknown.stderr).unwrap();
    assert!(
        log.contains("no user has the pseudonym 000000000000000000000000"),
        "{log}"
    );

    // The same users, under their names and then not at all, at once.
    daemon.write(&config(&site, "user: plain"));
    assert_eq!(daemon.reload().await.status, 200);
    let metrics = daemon.metrics().await;
    assert!(
        names.iter().all(|name| metrics.contains(&label(name))),
        "{metrics}"
    );
    daemon.write(&config(&site, "user: none"));
    assert_eq!(daemon.reload().await.status, 200);
    let metrics = daemon.metrics().await;
    assert!(metrics.contains("sag_client_users{"), "{metrics}");
    assert!(!metrics.contains("sag_user_"), "{metrics}");
    let without_key = whois(&file, "000000000000000000000000").await;
    assert_eq!(without_key.status.code(), Some(2));
    daemon.stop().await;
}

#[tokio::test]
async fn addresses_are_told_on_demand_and_not_without_names() {
    let mut clouds = Clouds::default();
    let site = clouds.start(1).await;
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("label-key");
    fs::write(&key, KEY).unwrap();
    let truth = site.cloud.truth(site.cloud.now()).instances.remove(0);
    let daemon = Daemon::start(&config(&site, "user: plain"), &["--web.enable-lifecycle"]).await;
    let swept = |text: &str| sweeps(text, "one", "complete") >= Some(2.0);
    let metrics = daemon.metrics_when("a sweep", swept).await;
    assert!(!metrics.contains("sag_user_info"), "{metrics}");

    daemon.write(&config(&site, "user_info: true"));
    assert_eq!(daemon.reload().await.status, 200);
    let are_told =
        |text: &str| !addresses(text).is_empty() && addresses(text) == true_addresses(&site);
    daemon.metrics_when("the addresses", are_told).await;
    let hidden = format!("user: pseudonym, pseudonym_key_file: {}", key.display());
    daemon.write(&config(&site, &format!("{hidden}, user_info: true")));
    assert_eq!(daemon.reload().await.status, 200);
    let metrics = daemon.metrics().await;
    assert!(!addresses(&metrics).is_empty(), "{metrics}");
    let mut users = truth.users.iter();
    assert!(users.all(|user| !metrics.contains(&user.name)), "{metrics}");

    daemon.write(&config(&site, "user: none, user_info: true"));
    let refused = daemon.reload().await;
    assert_eq!(refused.status, 500, "{refused:?}");
    assert!(refused.body.contains("user_info is true"), "{refused:?}");
    assert!(daemon.metrics().await.contains("sag_user_info{"));
    daemon.stop().await;
}

/// The lines that tell addresses, in order.
fn addresses(metrics: &str) -> BTreeSet<String> {
    let lines = metrics.lines();
    let lines = lines.filter(|line| line.starts_with("sag_user_info{"));
    lines.map(str::to_owned).collect()
}

/// The lines that the world deserves now.
fn true_addresses(site: &Site) -> BTreeSet<String> {
    let truth = site.cloud.truth(site.cloud.now()).instances.remove(0);
    let sag_id = &truth.sag_id;
    let line = |user: &str, address| {
        format!(r#"sag_user_info{{sag_id="{sag_id}",user="{user}",client_ip="{address}"}} 1"#)
    };
    let users = truth.users.iter();
    users
        .flat_map(|user| {
            user.sessions
                .iter()
                .map(|one| line(&user.name, one.client_ip))
        })
        .collect()
}
