//! Whatever is swept and missed: nothing is said of who is not observed.

use proptest::prelude::*;
use sag_exporter::model::Rule;

use crate::world::{Court, NAMES, policy, sweep, words};

/// The words of an account list.
pub fn accounts() -> impl Strategy<Value = String> {
    let attributes = vec!["", ":disabled", ":static=10.0.0.1", ":kbps=9"];
    let user = prop::option::weighted(0.8, prop::sample::select(attributes));
    let word = prop::sample::select(vec!["-", "-", "failed", "partial", "complete", "complete"]);
    (word, prop::collection::vec(user, NAMES.len())).prop_map(|(word, users)| words(word, &users))
}

/// The words of a report of sessions.
pub fn sessions() -> impl Strategy<Value = String> {
    let states = vec![
        "",
        ":10.0.0.1@5",
        ":10.0.0.1@5,10.0.0.2@900",
        ":10.0.0.3@9000000",
        ":#1",
        ":#3",
        ":?",
        ":!",
    ];
    let report = prop::option::weighted(0.8, prop::sample::select(states));
    let word = prop::sample::select(vec!["-", "failed", "partial", "complete", "complete"]);
    (word, prop::collection::vec(report, NAMES.len()))
        .prop_map(|(word, reports)| words(word, &reports))
}

proptest! {
    #[test]
    fn nothing_is_said_of_the_unobserved(
        sweeps in prop::collection::vec((accounts(), sessions(), 1_i64..400), 1..40)
    ) {
        let mut court = Court::new(policy(&["* sessions=1 length=600 kbps=2000 dormant=1000"]));
        let mut second = 1_000;
        for (accounts, sessions, step) in &sweeps {
            second += step;
            // The court objects to what comes twice and to what goes unheard of.
            let verdict = court.take(sweep(second, accounts, sessions));
            let instance = court.fleet.instance("sag-1").expect("an instance");
            for finding in verdict.marks.findings() {
                let users = instance.users().expect("users");
                let Some(row) = finding.row else { continue };
                let user = users.user(row);
                let is_known = match finding.rule {
                    Rule::BandwidthDrift => user.and_then(|user| user.bandwidth()).is_some(),
                    _ => user.and_then(|user| user.online_clients()).is_some(),
                };
                prop_assert!(is_known, "{finding:?}");
            }
            for turn in &verdict.raised {
                let user = turn.user.as_deref().and_then(|name| instance.users()?.find(name));
                if let Some(user) = user && turn.rule != Rule::BandwidthDrift {
                    prop_assert_eq!(user.sweeps_since_observed(), Some(0), "{:?}", turn);
                }
            }
        }
    }
}
