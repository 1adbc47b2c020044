//! The exposition as bytes: what the tools of Prometheus say of it.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::GzDecoder;
use sag_exporter::sim::{NewUser, Options, Scenario};
use serde_json::Value;
use tokio::process::Command;

use crate::daemon::{Config, Daemon};
use crate::exposition::{Page, Series, SeriesMap};
use crate::http;
use crate::python::{pipe, run};
use crate::simulator::{Simulator, quiet};
use crate::truth::expected;
use crate::wait::within;

#[tokio::test]
async fn the_tools_of_prometheus_accept_every_line() {
    let world = Options {
        users: 30,
        scenario: Scenario::SharedAccount,
        ..Options::default()
    };
    let simulator = Simulator::start(world).await;
    let daemon = Daemon::start(&Config::of(simulator.address)).await;
    // Failures have families of their own, so let there be some.
    assert_eq!(daemon.get("/no-such-page").await.status, 404);
    let is_whole = |page: &Page| page.differs_from(&simulator.truth());
    daemon.page_when("the first sweep is shown", is_whole).await;
    let page = daemon.page().await;
    assert_silent("promtool check metrics", &page).await;
    let parsed = parsed_by_python(&page.text).await;
    assert_eq!(parsed, page.series, "the two parsers do not agree");
    assert!(parsed.len() > 300, "{} series are too few", parsed.len());
}

#[tokio::test]
async fn the_tools_accept_an_exporter_that_knows_nothing_yet() {
    let nobody = within(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .await
        .unwrap();
    let daemon = Daemon::start(&Config::of(nobody.local_addr().unwrap())).await;
    let page = daemon.page().await;
    assert_silent("promtool check metrics", &page).await;
    assert_eq!(parsed_by_python(&page.text).await, page.series);
    assert!(
        !page.series.keys().any(Series::is_of_fleet),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn names_of_every_kind_come_through_unharmed() {
    let simulator = Simulator::start(quiet(1, 2)).await;
    let sag_id = simulator.sag_ids().remove(0);
    for name in NAMES {
        simulator
            .cloud
            .create_user(&sag_id, name, NewUser::default())
            .unwrap();
        simulator.cloud.login(&sag_id, name, None).unwrap();
    }
    let daemon = Daemon::start(&Config::of(simulator.address)).await;
    let is_whole = |page: &Page| page.differs_from(&simulator.truth());
    let page = daemon.page_when("all names are shown", is_whole).await;
    assert_silent("promtool check metrics", &page).await;
    let parsed = parsed_by_python(&page.text).await;
    for name in NAMES {
        let labels = [("sag_id", sag_id.as_str()), ("user", name)];
        let online = Series::new("sag_user_online_clients", &labels);
        assert_eq!(parsed.get(&online), Some(&1.0), "{name:?}");
    }
    assert_eq!(parsed, page.series);
}

#[tokio::test]
async fn two_sessions_of_one_user_never_make_two_equal_series() {
    let simulator = Simulator::start(quiet(1, 3)).await;
    let sag_id = simulator.sag_ids().remove(0);
    let user = simulator.user(&sag_id, 1);
    let address = "10.9.8.7".parse().ok();
    for client_ip in [address, address, None, None] {
        simulator.cloud.login(&sag_id, &user, client_ip).unwrap();
    }
    let daemon = Daemon::start(&Config::of(simulator.address)).await;
    let is_whole = |page: &Page| page.differs_from(&simulator.truth());
    // Reading the page fails if any series occurs twice.
    let page = daemon
        .page_when("all four sessions are counted", is_whole)
        .await;
    let labels = [("sag_id", sag_id.as_str()), ("user", user.as_str())];
    assert_eq!(page.value("sag_user_online_clients", &labels), Some(4.0));
    for series in page
        .series
        .keys()
        .filter(|series| series.label("user") == user)
    {
        assert_eq!(page.count(&series.name, &labels), 1, "{series:?}");
    }
}

#[tokio::test]
async fn gzip_holds_the_same_as_plain() {
    let simulator = Simulator::start(quiet(2, 20)).await;
    let daemon = Daemon::start(&Config::of(simulator.address).sweep_key("retain: 1")).await;
    let is_whole = |page: &Page| page.differs_from(&simulator.truth());
    daemon.page_when("the first sweep is shown", is_whole).await;
    let gzip = "Accept-Encoding: gzip\r\n";
    let reply = within(http::get(daemon.address, "/metrics", gzip))
        .await
        .unwrap();
    assert!(
        reply
            .head
            .to_lowercase()
            .contains("\r\ncontent-encoding: gzip"),
        "{}",
        reply.head
    );
    assert!(
        reply.head.to_lowercase().contains("\r\nvary:"),
        "{}",
        reply.head
    );
    let mut text = String::new();
    GzDecoder::new(reply.body.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    let compressed = Page::parse(text);
    assert_eq!(compressed.differs_from(&simulator.truth()), Ok(()));
    let plain = daemon.page().await;
    let headers = |page: &Page| -> Vec<String> {
        page.text
            .lines()
            .filter(|line| line.starts_with('#'))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(
        headers(&compressed),
        headers(&plain),
        "families come in the same order"
    );
    let names = |page: &Page| page.series.keys().cloned().collect::<Vec<_>>();
    // The first scrape could not yet count itself.
    let missing: Vec<_> = names(&plain)
        .into_iter()
        .filter(|s| !compressed.series.contains_key(s))
        .collect();
    assert_eq!(missing, Vec::<Series>::new());
}

#[tokio::test]
async fn every_account_and_instance_keeps_to_its_own_series() {
    let (one, other) = (
        Simulator::start(quiet(2, 4)).await,
        Simulator::start(Options {
            seed: 2,
            ..quiet(1, 3)
        })
        .await,
    );
    let config = Config::of(one.address).account("second", other.address, "testsecret");
    let daemon = Daemon::start(&config).await;
    let mut world = expected(&one.truth(), "main");
    world.extend(expected(&other.truth(), "second"));
    daemon
        .page_when("both clouds are shown", |page| {
            let differences =
                crate::exposition::difference(&crate::truth::timeless(&page.series), &world);
            if differences.is_empty() {
                Ok(())
            } else {
                Err(differences)
            }
        })
        .await;
}

/// Neither a complaint nor an error.
async fn assert_silent(command: &str, page: &Page) {
    let mut words = command.split(' ');
    let mut command = Command::new(words.next().unwrap());
    let output = pipe(command.args(words), page.text.as_bytes()).await;
    let said = [output.stdout, output.stderr].concat();
    assert_eq!(String::from_utf8_lossy(&said), "", "of\n{}", page.text);
    assert!(output.status.success(), "{}", output.status);
}

/// The series as the parser of prometheus_client reads them. One that occurs
/// twice fails the test.
async fn parsed_by_python(text: &str) -> SeriesMap {
    let output = run("parse_exposition.py", text.as_bytes()).await;
    let samples: Vec<(String, BTreeMap<String, String>, String)> =
        serde_json::from_slice::<Value>(&output.stdout)
            .and_then(serde_json::from_value)
            .unwrap();
    let mut map = SeriesMap::new();
    for (name, labels, value) in samples {
        let twin = map.insert(
            Series {
                name: name.clone(),
                labels,
            },
            value.parse().unwrap(),
        );
        assert_eq!(twin, None, "{name} occurs twice");
    }
    map
}

/// Everything that means something in the text format, in a URL or in HTML.
const NAMES: [&str; 12] = [
    r#"quo"te"#,
    r"back\slash",
    r"ends-with\",
    r#"\"both"#,
    r"\n-is-no-newline",
    "{braces}",
    r#"a="b",c="d"} 1"#,
    "with space and + and % and &x=1",
    "<b>markup</b>",
    "张伟",
    "žluťoučký@kůň.example",
    "😀~*'",
];
