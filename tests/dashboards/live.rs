//! Every query, asked of real Prometheus over the running demo.

use std::net::SocketAddr;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::board::{self, Board, Panel, Query, text_of};
use crate::daemon::Process;
use crate::prometheus::Prometheus;
use crate::wait::until;

/// A demo and the Prometheus that scrapes it.
struct Stage {
    prometheus: Prometheus,
    demo: Process,
}

/// What the variables of a dashboard are set to.
struct Choice {
    sag_ids: Vec<String>,
    sag_id: String,
    user: String,
}

#[tokio::test]
async fn every_query_returns_data_over_the_demo() {
    let stage = Stage::start(INSTANCES, USERS).await;
    let choice = stage.choice().await;
    let mut asked = 0;
    for board in board::all() {
        for variable in board.label_values() {
            let values = stage.label_values(&board, &choice, variable.selector, variable.label);
            let values = values.await;
            assert!(!values.is_empty(), "{}, ${}", board.uid, variable.name);
        }
        for panel in board.panels() {
            for query in panel.queries() {
                stage.check_data(&panel, &query, &choice).await;
                stage.check_samples(&panel, &query, &choice).await;
                asked += 1;
            }
        }
    }
    assert!(asked > 80, "{asked}");
    stage.end().await;
}

/// Where nothing is, a query answers nothing. It does not fail.
#[tokio::test]
async fn no_query_fails_over_an_empty_fleet() {
    let stage = Stage::start(0, 0).await;
    until("the exporter is scraped", async || {
        let found = stage.prometheus.query("sag_exporter_build_info").await;
        if found.is_empty() { Err(()) } else { Ok(()) }
    })
    .await;
    let choice = Choice {
        sag_ids: Vec::new(),
        sag_id: String::new(),
        user: String::new(),
    };
    for board in board::all() {
        for panel in board.panels() {
            for query in panel.queries() {
                let answer = stage.ask(&panel, &query, &choice).await;
                answer.unwrap_or_else(|error| panic!("{}: {error}", panel.place()));
            }
        }
    }
    stage.end().await;
}

impl Stage {
    async fn start(instances: usize, users: usize) -> Self {
        let demo = Process::start(&[
            "demo",
            "--web.listen-address=127.0.0.1:0",
            &format!("--sim.instances={instances}"),
            &format!("--sim.users={users}"),
        ]);
        let address = until("the demo says where it is", async || {
            metrics_address(&demo.stdout()).ok_or_else(|| demo.stderr())
        })
        .await;
        let prometheus = Prometheus::scraping(address).await;
        Self { prometheus, demo }
    }

    /// A user who is online and has a finding, and the instance of it.
    async fn choice(&self) -> Choice {
        let (sag_id, user) = until("an account is shared", async || {
            let found = "sag_user_anomaly{rule=\"concurrent_sessions\"}";
            let found = self.prometheus.query(found).await;
            let series = found.into_keys().next().ok_or(())?;
            let label = |name: &str| series.labels.get(name).cloned().ok_or(());
            Ok::<_, ()>((label("sag_id")?, label("user")?))
        })
        .await;
        let up = self.prometheus.query("sag_up").await.into_keys();
        let sag_ids: Vec<String> = up
            .filter_map(|mut series| series.labels.remove("sag_id"))
            .collect();
        assert_eq!(sag_ids.len(), INSTANCES);
        Choice {
            sag_ids,
            sag_id,
            user,
        }
    }

    /// Waits until the query returns data, unless it is known to be empty.
    async fn check_data(&self, panel: &Panel<'_>, query: &Query<'_>, choice: &Choice) {
        let what = format!("{} has data: {}", panel.place(), query.expression);
        let may_be_empty = RIGHTLY_EMPTY
            .iter()
            .any(|(uid, title, _)| (*uid, *title) == (panel.board.uid.as_str(), panel.title()));
        until(&what, async || {
            let series = self.ask(panel, query, choice).await?;
            if series.is_empty() != may_be_empty {
                return Err(format!("{series:?}"));
            }
            Ok(())
        })
        .await;
    }

    /// Time depends on the machine, the number of samples that Prometheus reads
    /// does not. A query that reads every user of the fleet reads more.
    async fn check_samples(&self, panel: &Panel<'_>, query: &Query<'_>, choice: &Choice) {
        let values = choice.values(panel.board);
        let values: Vec<(&str, &str)> = values
            .iter()
            // A second has one sample of each series.
            .map(|(name, value)| {
                (
                    *name,
                    if *name == RATE {
                        "1500ms"
                    } else {
                        value.as_str()
                    },
                )
            })
            .collect();
        let expression = encoded(&board::filled(query.expression, &values));
        let answer = self
            .get(&format!("query?stats=all&query={expression}"))
            .await;
        let samples = answer.unwrap()["stats"]["samples"]["totalQueryableSamples"].as_u64();
        let limit = SAMPLES
            .iter()
            .find(|(uid, _)| *uid == panel.board.uid)
            .unwrap()
            .1;
        assert!(
            samples.unwrap() < limit,
            "{}: {samples:?} samples for {}",
            panel.place(),
            query.expression
        );
    }

    /// The series that answer the query, asked as the panel asks.
    async fn ask(
        &self,
        panel: &Panel<'_>,
        query: &Query<'_>,
        choice: &Choice,
    ) -> Result<Vec<Value>, String> {
        let values = choice.values(panel.board);
        let values: Vec<(&str, &str)> = values
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let expression = board::filled(query.expression, &values);
        // No test is a week old.
        let expression = encoded(&expression.replace("offset 1w", "offset 2s"));
        let path = if query.is_instant {
            format!("query?query={expression}")
        } else {
            let now = self.prometheus.value("vector(time())").await.unwrap();
            let (start, step) = (now - 30.0, 5);
            format!("query_range?query={expression}&start={start}&end={now}&step={step}")
        };
        let answer = self.get(&path).await?;
        Ok(answer["result"].as_array().unwrap().clone())
    }

    async fn label_values(
        &self,
        board: &Board,
        choice: &Choice,
        selector: &str,
        label: &str,
    ) -> Vec<Value> {
        let values = choice.values(board);
        let values: Vec<(&str, &str)> = values
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let selector = encoded(&board::filled(selector, &values));
        let path = format!("label/{label}/values?match[]={selector}");
        let answer = self.get(&path).await.unwrap();
        answer.as_array().unwrap().clone()
    }

    /// The data of an answer, or what went wrong.
    async fn get(&self, path: &str) -> Result<Value, String> {
        let mut body = self.prometheus.ask(path).await;
        if body["status"] != "success" || body.get("warnings").is_some() {
            return Err(body.to_string());
        }
        Ok(body["data"].take())
    }

    async fn end(mut self) {
        self.demo.signal("TERM");
        assert_eq!(
            self.demo.ended().await.code(),
            Some(0),
            "{}",
            self.demo.stderr()
        );
    }
}

impl Choice {
    /// The variables as Grafana fills them in: `a|b` where several may be chosen.
    fn values(&self, board: &Board) -> [(&'static str, String); 6] {
        let mut variables = board.variables().iter();
        let instance = variables.find(|variable| text_of(variable, "name") == "sag_id");
        let sag_id = if instance.unwrap()["multi"] == true {
            format!("({})", self.sag_ids.join("|"))
        } else {
            self.sag_id.clone()
        };
        [
            (RATE, "10s".to_owned()),
            ("job", ".+".to_owned()),
            ("account", ".*".to_owned()),
            ("region", ".*".to_owned()),
            ("sag_id", sag_id),
            ("user", self.user.clone()),
        ]
    }
}

/// Where the demo says that the metrics are.
fn metrics_address(text: &str) -> Option<SocketAddr> {
    let urls = text.split("http://").skip(1);
    let mut metrics = urls.filter_map(|url| url.split_once("/metrics"));
    metrics.find_map(|(address, _)| address.parse().ok())
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

const RATE: &str = "__rate_interval";

const INSTANCES: usize = 3;
const USERS: usize = 200;

/// How many samples a query may read at one moment. Only what shows one instance
/// reads its users, each of them once or twice.
const SAMPLES: &[(&str, u64)] = &[
    ("sag-fleet", 400),
    ("sag-instance", 500),
    ("sag-user", 100),
    ("sag-exporter", 400),
];

/// Panels that have nothing to show in the demo, and why.
const RIGHTLY_EMPTY: &[(&str, &str, &str)] = &[
    (
        "sag-exporter",
        "Credential ends in",
        "the access key of the demo has no end",
    ),
    (
        "sag-exporter",
        "Parts that cannot be read, and for how many seconds",
        "the demo can read everything",
    ),
    (
        "sag-user",
        "Addresses",
        "the demo leaves labels.user_info off",
    ),
];
