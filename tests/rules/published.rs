//! What is published of what was found.

use sag_exporter::exposition::{self, UserLabels};
use sag_exporter::model::Rule;

use crate::world::{Court, policy, sweep};

fn text(court: &Court, user_labels: UserLabels) -> String {
    let options = exposition::Options {
        user_labels,
        ..exposition::Options::default()
    };
    let mut text = Vec::new();
    exposition::render(&court.fleet.snapshot(), options, &mut text);
    String::from_utf8(text).expect("text")
}

fn lines<'a>(text: &'a str, family: &str) -> Vec<&'a str> {
    let is_sample = |line: &&str| line.starts_with(&format!("{family}{{"));
    text.lines().filter(is_sample).collect()
}

#[test]
fn findings_are_counted_and_named() {
    let mut court = Court::new(policy(&["c", "* sessions=1 kbps=2000"]));
    for second in [1, 2] {
        let list = "complete a:kbps=1 b c d:kbps=1";
        court.take(sweep(second, list, "complete a b:#2 c:#2 d:#3"));
    }
    let all = text(&court, UserLabels::Plain);
    assert_eq!(
        lines(&all, "sag_user_anomaly"),
        [
            r#"sag_user_anomaly{sag_id="sag-1",rule="concurrent_sessions",user="b"} 1"#,
            r#"sag_user_anomaly{sag_id="sag-1",rule="concurrent_sessions",user="d"} 1"#,
            r#"sag_user_anomaly{sag_id="sag-1",rule="bandwidth_drift",user="a"} 1"#,
            r#"sag_user_anomaly{sag_id="sag-1",rule="bandwidth_drift",user="d"} 1"#,
        ]
    );
    assert_eq!(all.matches("# TYPE sag_user_anomaly gauge").count(), 1);
    assert_eq!(
        lines(&all, "sag_user_session_limit"),
        ["a", "b", "d"]
            .map(|user| format!(r#"sag_user_session_limit{{sag_id="sag-1",user="{user}"}} 1"#))
    );
    let counts = Rule::ALL.map(|rule| {
        let count = match rule {
            Rule::ConcurrentSessions | Rule::BandwidthDrift => 2,
            _ => 0,
        };
        format!(r#"sag_anomalies{{sag_id="sag-1",rule="{rule}"}} {count}"#)
    });
    assert_eq!(lines(&all, "sag_anomalies"), counts);

    let aggregates = text(&court, UserLabels::None);
    assert_eq!(lines(&aggregates, "sag_anomalies"), counts);
    assert!(!aggregates.contains("sag_user_"), "{aggregates}");
}

#[test]
fn nothing_is_counted_while_nobody_knows_the_users() {
    let mut court = Court::new(policy(&[]));
    court.take(sweep(1, "failed", "failed"));
    let text = text(&court, UserLabels::Plain);
    assert!(lines(&text, "sag_anomalies").is_empty(), "{text}");
}

#[test]
fn rules_about_sessions_count_nothing_until_sessions_were_observed() {
    let mut court = Court::new(policy(&["* sessions=1 kbps=2000"]));
    court.take(sweep(1, "complete a:kbps=1 b", "failed"));
    let counts = |court: &Court| {
        let text = text(court, UserLabels::Plain);
        let lines = lines(&text, "sag_anomalies");
        lines.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        counts(&court),
        [r#"sag_anomalies{sag_id="sag-1",rule="bandwidth_drift"} 1"#]
    );
    court.take(sweep(2, "-", "complete a b"));
    assert_eq!(counts(&court).len(), Rule::ALL.len());
    // Nobody is left whose sessions one would have to see.
    let mut empty = Court::new(policy(&[]));
    empty.take(sweep(1, "complete", "complete"));
    assert_eq!(counts(&empty).len(), Rule::ALL.len());
}
