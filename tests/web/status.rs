//! The status page: what it says, that it is escaped, and that it is bounded.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sag_exporter::exposition::{self, UserLabels};
use sag_exporter::model::{Action, FailureKind, Rule, SweepOutcome};
use sag_exporter::sweep::Progress as _;
use sha2::{Digest as _, Sha256};

use crate::fleet::{self, account};
use crate::server::Site;

#[tokio::test]
async fn the_page_allows_nothing_but_its_own_style_and_script() {
    let site = Site::start("/metrics").await;
    let reply = site.client().await.get("/").await;
    let between = |tag: &str| {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        let (_, rest) = reply.text().split_once(&open).unwrap();
        let (inside, rest) = rest.split_once(&close).unwrap();
        assert!(!rest.contains(&format!("<{tag}")), "{tag} stands twice");
        BASE64_STANDARD.encode(Sha256::digest(inside))
    };
    assert_eq!(
        reply.fields(),
        [
            "cache-control: no-store",
            &format!("content-length: {}", reply.body.len()),
            &format!(
                "content-security-policy: default-src 'none'; style-src 'sha256-{}'; \
                 script-src 'sha256-{}'; connect-src 'self'; img-src data:; \
                 base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                between("style"),
                between("script"),
            ),
            "content-type: text/html; charset=utf-8",
            "referrer-policy: no-referrer",
            "x-content-type-options: nosniff",
        ]
    );
    let (_, body) = reply.text().split_once("<body>").unwrap();
    let (body, _) = body.split_once("<script>").unwrap();
    for outside in ["http:", "https:", "\"//", " src=", " style=", " onclick="] {
        assert!(!body.contains(outside), "{outside}\n{body}");
    }
}

#[tokio::test]
async fn the_headline_says_whether_it_is_true() {
    use SweepOutcome::{Complete, Failed, Partial};
    let site = Site::start("/metrics").await;
    let mut client = site.client().await;
    let mut check = async |expected: &[&str]| {
        let page = client.get("/").await;
        let (_, state) = page.text().split_once("id=\"state\"").unwrap();
        let (state, _) = state.split_once("</section>").unwrap();
        for part in expected {
            assert!(state.contains(part), "{part}\n{state}");
        }
        page.text().to_owned()
    };
    let page = check(&["wait", "Starting: the first sweep has not ended yet"]).await;
    assert!(page.contains("<title>starting – SAG exporter</title>"));
    assert!(page.contains("None has been read yet."));
    assert_eq!(page.matches("<dd>unknown</dd>").count(), 5, "{page}");
    site.publish(fleet::after([fleet::swept(Complete)]));
    let page = check(&[
        "good",
        "Complete: everything shown is whole and current",
        "0 of 0",
    ])
    .await;
    assert!(page.contains("have no instance in the regions"), "{page}");
    assert!(page.contains("<title>complete – SAG exporter</title>"));
    site.publish(fleet::after([
        fleet::partly_read("sag-1", "x"),
        fleet::wholly_read("sag-2"),
        fleet::swept(Partial),
    ]));
    let page = check(&[
        "Not complete: some of this is missing or old",
        "1 of 2 instances incomplete: sag-1 (sessions: not read in time)",
    ])
    .await;
    assert!(page.contains("<title>1 problem – SAG exporter</title>"));
    let refused = Err(FailureKind::Auth);
    let (action, took) = (
        Action::DescribeSmartAccessGateways,
        std::time::Duration::ZERO,
    );
    site.server
        .telemetry
        .api_request(&account(), action, refused, took);
    site.publish(fleet::after([fleet::swept(Failed)]));
    let failed = "Account R&amp;D: the last sweep failed: the credential was not accepted</a> \
                  (<time datetime=\"2023-11-14T22:13:20Z\" title=\"2023-11-14T22:13:20Z\">1 h ago";
    check(&["bad", failed]).await;
    site.lifecycle.task_died();
    check(&["A task of the program has died"]).await;
}

#[tokio::test]
async fn what_will_be_a_problem_is_told_apart() {
    let site = Site::start("/metrics").await;
    site.publish(fleet::after([
        fleet::wholly_read("sag-1"),
        fleet::swept(SweepOutcome::Complete),
    ]));
    let telemetry = &site.server.telemetry;
    let (action, took) = (Action::DescribeUserOnlineClients, std::time::Duration::ZERO);
    for outcome in [Ok(()), Err(FailureKind::Throttled), Ok(())] {
        telemetry.api_request(&account(), action, outcome, took);
    }
    telemetry.api_demand_ratio(&account(), 1.44);
    telemetry.credential_failed(&account());
    site.standing.refused("line 3: <wrong>", fleet::at());
    let page = site.client().await.get("/").await;
    for part in [
        "Complete, but something needs attention",
        "Account R&amp;D: 1 of 3 calls in the last 5 minutes were throttled by the cloud",
        "Account R&amp;D: sweeps need 1.4 times the calls that the rate allows",
        "Account R&amp;D: the credential cannot be obtained: the log says why",
        "The last reload was refused; the configuration before it is in force",
        "<title>4 problems – SAG exporter</title>",
    ] {
        assert!(page.text().contains(part), "{part}\n{}", page.text());
    }
}

#[tokio::test]
async fn instances_are_listed_with_the_broken_ones_first() {
    let site = Site::start("/metrics").await;
    site.publish(fleet::after([
        fleet::wholly_read("sag-1"),
        fleet::partly_read("sag-2", "<script>alert('x')</script>"),
        fleet::swept(SweepOutcome::Partial),
    ]));
    let page = site.client().await.get("/").await;
    let expected = include_str!("../data/web/status-rows.html");
    assert!(page.text().contains(expected), "{}", page.text());
    assert_eq!(page.text().matches("<script").count(), 1, "its own");
}

#[tokio::test]
async fn a_sweep_is_shown_while_it_is_under_way() {
    let site = Site::start("/metrics").await;
    let mut client = site.client().await;
    let sag_id = fleet::sag_id("sag-1");
    site.under_way.sweep_started(&account());
    site.under_way.instances_found(&account(), 2);
    site.under_way.users_found(&account(), &sag_id, 50);
    site.under_way.user_done(&account(), &sag_id);
    site.under_way.instance_done(&account(), &sag_id);
    let page = client.get("/").await;
    for part in [
        "<progress aria-label=\"Sweep of R&amp;D\" max=\"50\" value=\"1\"></progress>",
        "1 of 2 instances, 1 of 50 users",
    ] {
        assert!(page.text().contains(part), "{}", page.text());
    }
    site.under_way.sweep_ended(&account());
    assert!(!client.get("/").await.text().contains("<progress"));
}

#[tokio::test]
async fn anomalies_say_who_since_when_and_why() {
    let site = Site::start("/metrics").await;
    let name = "<img src=x onerror=alert(1)>";
    let snapshot = fleet::with_anomalies("sag-1", &[name, "b"], Rule::DisabledOnline);
    site.publish(snapshot);
    let page = site.client().await.get("/").await;
    let escaped = "&lt;img src=x onerror=alert(1)&gt;";
    for part in [
        "<summary><code>disabled_online</code> <b>2</b></summary>",
        "<a href=\"/docs/runbooks/SagDisabledUserOnline.md\">",
        &format!("data-key=\"sag-1 {escaped}\""),
        &format!("scope=\"row\">{escaped}</th>"),
        "1 h ago",
        "for a &lt;good&gt; reason",
    ] {
        assert!(page.text().contains(part), "{part}\n{}", page.text());
    }
    assert!(!page.text().contains("<img"), "{}", page.text());
    let runbook = site
        .client()
        .await
        .get("/docs/runbooks/SagDisabledUserOnline.md")
        .await;
    assert_eq!(runbook.status, 200);
    assert_eq!(
        runbook.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(site.client().await.get("/docs/x.md").await.status, 404);
}

#[tokio::test]
async fn users_are_called_what_the_configuration_says() {
    let site = Site::start("/metrics").await;
    let mut client = site.client().await;
    let users = ["alice", "bob"];
    let snapshot = fleet::with_anomalies("sag-1", &users, Rule::DuplicateIp);
    let options = exposition::Options {
        user_labels: UserLabels::None,
        ..exposition::Options::default()
    };
    site.publish_with(snapshot, options);
    let mut hidden = async |expected: &str| {
        for path in ["/", "/api/v1/status"] {
            let answer = client.get(path).await;
            let text = answer.text();
            assert!(
                !text.contains("alice") && !text.contains("reason:"),
                "{text}"
            );
            assert!(path != "/" || text.contains(expected), "{expected}\n{text}");
        }
    };
    hidden("2 accounts").await;
    let (snapshot, pseudonym) = fleet::with_pseudonyms("sag-1", &users, Rule::DuplicateIp);
    site.publish(snapshot);
    hidden(&pseudonym).await;
}

#[tokio::test]
async fn the_page_stays_bounded() {
    let site = Site::start("/metrics").await;
    let long = "<".repeat(200);
    let users: Vec<String> = (0..3_000)
        .map(|number| format!("{long}{number:05}"))
        .collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let crowd = fleet::with_anomalies("sag-0", &users, Rule::Dormant);
    site.publish(crowd);
    let page = site.client().await.get("/").await;
    assert!(
        page.text()
            .contains("And 2975 more; all of them are in the metrics.")
    );
    assert!(page.body.len() < 200_000, "{}", page.body.len());
    let instances = (0..503).map(|i| fleet::partly_read(&format!("sag-{i}"), &long));
    site.publish(fleet::after(instances));
    let page = site.client().await.get("/").await;
    assert_eq!(page.text().matches("scope=\"row\">sag-").count(), 250);
    assert!(
        page.text()
            .contains("And 253 more; all of them are in the JSON and in the metrics.")
    );
    assert!(
        page.text()
            .contains("503 of 503 instances incomplete: sag-0 (")
    );
    assert!(page.text().contains(" and 498 more"));
    assert!(page.body.len() < 500_000, "{}", page.body.len());
}
