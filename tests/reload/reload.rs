//! Another configuration while the daemon runs.

use futures_util::future::join_all;

use crate::daemon::{Clouds, Daemon, Site, request, sweeps, value};

/// A cloud account of a configuration file.
fn account(name: &str, site: &Site, rest: &str) -> String {
    format!(
        "  - name: {name}\n    regions: [cn-shanghai]\n    endpoint: http://{}\n    \
         credentials: {{access_key_id: testid, access_key_secret: testsecret}}\n{rest}",
        site.address
    )
}

fn config(accounts: &[String]) -> String {
    format!(
        "sweep: {{interval: 1s, accounts_interval: 1s}}\naccounts:\n{}",
        accounts.concat()
    )
}

fn up(site: &Site) -> String {
    format!(r#"sag_up{{sag_id="{}"}}"#, site.sag_id())
}

const RATE: &str = "    rate: 500\n";

async fn two_accounts(clouds: &mut Clouds) -> (Site, Site, Daemon) {
    let (one, other) = (clouds.start(1).await, clouds.start(2).await);
    let both = [account("one", &one, RATE), account("other", &other, RATE)];
    let daemon = Daemon::start(&config(&both), &["--web.enable-lifecycle"]).await;
    daemon
        .metrics_when("sweeps of both", |text| {
            let complete = |name| sweeps(text, name, "complete") >= Some(2.0);
            complete("one") && complete("other")
        })
        .await;
    (one, other, daemon)
}

#[tokio::test]
async fn what_is_gone_loses_its_series_at_once_and_the_rest_goes_on() {
    let mut clouds = Clouds::default();
    let (one, other, mut daemon) = two_accounts(&mut clouds).await;
    let before = daemon.metrics().await;
    daemon.write(&config(&[account("one", &one, RATE)]));
    let reply = daemon.reload().await;
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (200, "configuration reloaded\n")
    );
    let after = daemon.metrics().await;
    assert!(!after.contains(&other.sag_id()), "{after}");
    assert!(!after.contains(r#"account="other""#), "{after}");
    assert_eq!(value(&after, &up(&one)), Some(1.0));
    assert!(sweeps(&after, "one", "complete") >= sweeps(&before, "one", "complete"));
    let line = daemon.logged("configuration reloaded").await;
    assert!(
        line.contains("1 kept, 0 changed, 0 added, 1 removed"),
        "{line}"
    );
    // It comes back as if it had never been there.
    daemon.write(&config(&[
        account("one", &one, RATE),
        account("other", &other, RATE),
    ]));
    assert_eq!(daemon.reload().await.status, 200);
    daemon
        .metrics_when("the return", |text| value(text, &up(&other)) == Some(1.0))
        .await;
    daemon.stop().await;
}

#[tokio::test]
async fn a_changed_account_begins_anew_and_keeps_what_is_known() {
    let mut clouds = Clouds::default();
    let (one, other, daemon) = two_accounts(&mut clouds).await;
    let sag_id = one.sag_id();
    let user = one.cloud.truth(one.cloud.now()).instances[0].users[0]
        .name
        .clone();
    one.cloud.login(&sag_id, &user, None).unwrap();
    let started = format!(r#"sag_sessions_started_total{{sag_id="{sag_id}"}}"#);
    let before = daemon
        .metrics_when("a session", |text| value(text, &started) >= Some(1.0))
        .await;
    let changed = [
        account("one", &one, "    rate: 400\n"),
        account("other", &other, RATE),
    ];
    daemon.write(&config(&changed));
    assert_eq!(daemon.reload().await.status, 200);
    let after = daemon.metrics().await;
    assert_eq!(value(&after, &up(&one)), Some(1.0));
    assert!(value(&after, &started) >= value(&before, &started));
    assert!(sweeps(&after, "one", "complete") < sweeps(&before, "one", "complete"));
    assert!(sweeps(&after, "other", "complete") >= sweeps(&before, "other", "complete"));
    daemon.stop().await;
}

#[tokio::test]
async fn an_instance_that_is_not_wanted_any_more_goes_at_once() {
    let mut clouds = Clouds::default();
    let (one, other, daemon) = two_accounts(&mut clouds).await;
    let elsewhere = format!("{RATE}    instances: [sag-elsewhere]\n");
    daemon.write(&config(&[
        account("one", &one, &elsewhere),
        account("other", &other, RATE),
    ]));
    assert_eq!(daemon.reload().await.status, 200);
    let after = daemon.metrics().await;
    assert!(!after.contains(&one.sag_id()), "{after}");
    assert_eq!(value(&after, &up(&other)), Some(1.0));
    daemon.stop().await;
}

#[tokio::test]
async fn a_bad_file_leaves_the_old_configuration_in_force() {
    let mut clouds = Clouds::default();
    let (one, other, mut daemon) = two_accounts(&mut clouds).await;
    let good = config(&[account("one", &one, RATE), account("other", &other, RATE)]);
    let loaded = "sag_exporter_config_last_reload_success_timestamp_seconds";
    let successful = "sag_exporter_config_last_reload_successful";
    let before = value(&daemon.metrics().await, loaded);
    let bad = good.replace("testsecret}", "MARKED-SECRET, acess_key_id: MARKED-SECRET}");
    daemon.write(&bad.replacen("rate: 500", "rate: fast", 1));
    let reply = daemon.reload().await;
    assert_eq!(reply.status, 500, "{reply:?}");
    let file = daemon.file().display().to_string();
    for expected in [
        format!(
            "{file}:6: accounts[0].credentials: the key acess_key_id is unknown: did you mean access_key_id?"
        ),
        format!("{file}:7: accounts[0].rate: found \"fast\": expected"),
    ] {
        assert!(
            reply.body.contains(&expected),
            "{expected:?} is not in {}",
            reply.body
        );
    }
    assert!(!reply.body.contains("MARKED"), "{}", reply.body);
    let metrics = daemon.metrics().await;
    assert_eq!(value(&metrics, successful), Some(0.0));
    assert_eq!(value(&metrics, loaded), before);
    check_refusal_is_shown(&daemon).await;
    let line = daemon
        .logged("configuration refused: the old one stays in force")
        .await;
    assert!(
        line.contains("level=error") && !line.contains("MARKED"),
        "{line}"
    );
    let swept = sweeps(&metrics, "one", "complete");
    daemon
        .metrics_when("more sweeps", |text| {
            sweeps(text, "one", "complete") > swept
        })
        .await;
    // A credential that cannot be sent is found out before anything stops.
    let unusable = good.replace("testsecret", "\"MARKED\\u00e9\"");
    daemon.write(&unusable);
    let reply = daemon.reload().await;
    assert_eq!(reply.status, 500, "{reply:?}");
    assert!(
        reply
            .body
            .starts_with("account one has no usable credential"),
        "{}",
        reply.body
    );
    assert!(!reply.body.contains("MARKED"), "{}", reply.body);
    // The good file is taken again, this time at a signal.
    daemon.write(&good);
    daemon.signal("HUP").await;
    let line = daemon.logged("configuration reloaded").await;
    assert!(
        line.contains("2 kept, 0 changed, 0 added, 0 removed"),
        "{line}"
    );
    let metrics = daemon.metrics().await;
    assert_eq!(value(&metrics, successful), Some(1.0));
    assert!(sweeps(&metrics, "one", "complete") > swept);
    daemon.stop().await;
}

/// On the page and in its JSON, without what was meant to be secret.
async fn check_refusal_is_shown(daemon: &Daemon) {
    for (path, expected) in [
        ("/", "The last reload was refused"),
        ("/api/v1/status", "\"kind\":\"reload_refused\""),
    ] {
        let page = daemon.get(path).await.body;
        assert!(page.contains(expected) && page.contains("found "), "{page}");
        assert!(!page.contains("MARKED") && !page.contains("testsecret"));
    }
}

#[tokio::test]
async fn many_reloads_at_once_end_in_the_last_file() {
    let mut clouds = Clouds::default();
    let (one, other, daemon) = two_accounts(&mut clouds).await;
    daemon.write(&config(&[account("other", &other, RATE)]));
    let replies = join_all((0..20).map(|_| daemon.reload())).await;
    let count = |status| {
        replies
            .iter()
            .filter(|reply| reply.status == status)
            .count()
    };
    assert!(count(200) >= 1, "{replies:?}");
    assert_eq!(count(200) + count(503), 20, "{replies:?}");
    assert!(!daemon.metrics().await.contains(&one.sag_id()));
    daemon.stop().await;
}

#[tokio::test]
async fn the_page_takes_post_without_a_body_and_only_if_it_is_enabled() {
    let mut clouds = Clouds::default();
    let site = clouds.start(1).await;
    let text = config(&[account("one", &site, RATE)]);
    let daemon = Daemon::start(&text, &["--web.enable-lifecycle"]).await;
    let check = async |method: &str, rest: &str, expected: u16| {
        let reply = request(daemon.address, method, "/-/reload", rest).await;
        assert_eq!(reply.status, expected, "{method} {rest:?}: {reply:?}");
        reply
    };
    check("POST", "", 200).await;
    check("POST", "Content-Length: 0\r\n\r\n", 200).await;
    check("PUT", "", 200).await;
    let reply = check("GET", "", 405).await;
    assert!(
        reply.head.to_lowercase().contains("allow: post, put"),
        "{reply:?}"
    );
    check("DELETE", "", 405).await;
    daemon.stop().await;

    let daemon = Daemon::start(&text, &[]).await;
    let reply = daemon.reload().await;
    assert_eq!(reply.status, 403);
    assert_eq!(reply.body, "not enabled: see --web.enable-lifecycle\n");
    daemon.signal("HUP").await;
    daemon
        .metrics_when("the signal", |text| {
            sweeps(text, "one", "complete") >= Some(1.0)
        })
        .await;
    daemon.stop().await;
}
