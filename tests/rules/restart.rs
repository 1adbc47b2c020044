//! What the rules remember over a restart, through the text of the state.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use sag_exporter::fleet::{self, Extent, Fleet, Recalled, UserKeys};
use sag_exporter::rules::{Judge, Options, Recollection};
use sag_exporter::state::{self, Header, Writer};

use crate::properties::{accounts, sessions};
use crate::world::{Court, RETAIN, policy, said, sweep};

impl Court {
    /// The court after the process has ended and begun anew. What was told
    /// before stays told.
    fn restarted(self, options: Options, extent: Extent) -> Self {
        let keys = Arc::new(UserKeys::new([7; 16], None));
        let header = Header {
            written: Timestamp::UNIX_EPOCH,
            salt: keys.salt(),
            fingerprint: keys.fingerprint(),
        };
        let mut writer = Writer::begin(Vec::new(), &header).expect("memory");
        let notes: BTreeMap<_, _> = self.judge.notes().collect();
        for instance in self.fleet.snapshot().instances() {
            let memory = instance.remember(&keys, extent);
            let rules = notes.get(instance.sag_id()).expect("judged").sealed(&keys);
            writer
                .instance(instance.sag_id(), &memory, &rules)
                .expect("memory");
        }
        for (sag_id, waiting) in self.judge.recalled() {
            writer
                .instance(sag_id, &waiting.fleet.memory, &waiting.rules)
                .expect("memory");
        }
        let (bytes, _) = writer.finish().expect("memory");
        let text = String::from_utf8(bytes).expect("text");
        assert!(!text.contains("10.0.0."), "an address is kept:\n{text}");
        let state = state::read(text.as_bytes()).expect("a state");
        let recollections: BTreeMap<_, _> = state
            .instances
            .into_iter()
            .map(|kept| {
                let fleet = Recalled {
                    keys: Arc::clone(&keys),
                    memory: Arc::new(kept.fleet),
                };
                let rules = Arc::new(kept.rules);
                (kept.sag_id, Recollection { fleet, rules })
            })
            .collect();
        let mut court = Self {
            fleet: Fleet::new(fleet::Options { retain: RETAIN }),
            judge: Judge::new(options),
            told: self.told,
        };
        let of_fleet = recollections.iter();
        court.fleet.recall(
            of_fleet
                .map(|(sag_id, kept)| (sag_id.clone(), kept.fleet.clone()))
                .collect(),
        );
        court.judge.recall(recollections);
        court
    }

    /// What was found of users who were deleted in the pause ends in silence:
    /// nobody knows their names.
    fn forget_the_deleted(&mut self) {
        let instance = self.fleet.instance("sag-1").expect("an instance");
        let waiting = instance.recalled();
        self.told.retain(|told| {
            let user = told.strip_prefix("sag-1 ").expect("the instance");
            let user = user.split(':').next().expect("a user and a rule");
            let waits = waiting.is_some_and(|waiting| waiting.find(user).is_some());
            user == "*" || waits || instance.names().find(user).is_some()
        });
    }
}

/// Second, accounts, sessions, and what is found, `!` being what is raised and
/// `-` what is cleared in this sweep.
type Row<'a> = (i64, &'a str, &'a str, &'a str);

fn check(lines: &[&str], before: &[Row<'_>], after: &[Row<'_>]) {
    for extent in [Extent::Lasting, Extent::Everything] {
        let mut court = Court::new(policy(lines));
        for row in before {
            judge(&mut court, row);
        }
        court = court.restarted(policy(lines), extent);
        for row in after {
            judge(&mut court, row);
        }
    }
}

fn judge(court: &mut Court, row: &Row<'_>) {
    let (second, accounts, sessions, expected) = *row;
    let verdict = court.take(sweep(second, accounts, sessions));
    let instance = court.fleet.instance("sag-1").expect("an instance");
    let mut found = said(instance, &verdict);
    let rules = |turns: &[sag_exporter::rules::Turn], sign: &str| {
        let rules = turns.iter().map(|turn| format!("{sign}{}", turn.rule));
        rules.collect::<Vec<_>>()
    };
    found.extend(rules(&verdict.raised, "!"));
    found.extend(rules(&verdict.cleared, "-"));
    assert_eq!(found.join(" "), expected, "{row:?}");
}

#[test]
fn what_stands_is_not_found_anew() {
    let online = "complete a:10.0.0.1@0";
    check(
        &["* length=100"],
        &[(200, "complete a b", online, "a:long_session !long_session")],
        &[
            (300, "complete a b", "partial a:?", ""),
            (400, "-", online, "a:long_session"),
            (500, "-", "complete a", "-long_session"),
        ],
    );
    let two = "complete a:10.0.0.1@0,10.0.0.2@0";
    check(
        &["* sessions=1"],
        &[
            (1, "complete a", two, ""),
            (2, "-", two, "a:concurrent_sessions !concurrent_sessions"),
        ],
        &[
            // The list comes later than the sessions.
            (3, "failed", "failed", ""),
            (4, "complete a b", two, "a:concurrent_sessions"),
            (5, "-", online, "a:concurrent_sessions"),
            (6, "-", online, "-concurrent_sessions"),
        ],
    );
}

#[test]
fn a_finding_keeps_its_beginning_and_gets_its_words_back() {
    let shared = "complete a:10.0.0.9@0 b:10.0.0.9@0";
    let mut court = Court::new(policy(&["* length=50"]));
    for second in [100, 200] {
        court.take(sweep(second, "complete a b", shared));
    }
    court = court.restarted(policy(&["* length=50"]), Extent::Everything);
    let reasons = |verdict: &sag_exporter::rules::Verdict| {
        let findings = verdict.marks.findings().iter();
        let first = findings.filter(|finding| finding.row == Some(0));
        let reasons = first.map(|f| (f.rule.as_str(), f.since.as_second(), f.reason.to_string()));
        reasons.collect::<Vec<_>>()
    };
    // Only a sweep that is complete can tell that two share an address.
    let verdict = court.take(sweep(
        300,
        "complete a b",
        "partial a:10.0.0.9@0 b:10.0.0.9@0",
    ));
    let long = (
        "long_session",
        100,
        "a session has lasted since 1970-01-01T00:00:00Z, where the policy allows 50 s".to_owned(),
    );
    let forgotten = "found before the exporter started; what was seen then was not kept";
    let shares = |reason: &str| ("duplicate_ip", 100, reason.to_owned());
    assert_eq!(reasons(&verdict), [long.clone(), shares(forgotten)]);
    let verdict = court.take(sweep(400, "-", shared));
    let words = "another user is online from 10.0.0.9, too";
    assert_eq!(reasons(&verdict), [long, shares(words)]);
}

#[test]
fn starts_are_counted_across_a_restart() {
    let offline = "complete a";
    let online = |second: i64| format!("complete a:10.0.0.1@{second}");
    let mut court = Court::new(policy(&[]));
    let mut found = Vec::new();
    for round in 0..5 {
        for (second, sessions) in [(round * 100, offline), (round * 100 + 50, &online(round))] {
            let verdict = court.take(sweep(second, "complete a", sessions));
            found.extend(verdict.raised.iter().map(|turn| turn.rule.as_str()));
        }
        court = court.restarted(policy(&[]), Extent::Lasting);
    }
    assert_eq!(found, ["flapping"], "5 starts in 30 minutes");
}

#[test]
fn a_mass_disconnect_is_shown_as_long_as_without_a_restart() {
    let online: Vec<String> = (0..10).map(|n| format!("u{n}:10.0.0.{n}@0")).collect();
    let names: Vec<String> = (0..10).map(|n| format!("u{n}")).collect();
    let list = format!("complete {}", names.join(" "));
    let before = format!("complete {}", online.join(" "));
    let found = "*:mass_disconnect";
    check(
        &[],
        &[
            (0, &list, &before, ""),
            (60, "-", &list, "*:mass_disconnect !mass_disconnect"),
        ],
        &[
            (120, &list, &list, found),
            (659, "-", &list, found),
            (660, "-", &list, "-mass_disconnect"),
        ],
    );
}

#[test]
fn the_watch_for_the_dormant_goes_on() {
    let day = 24 * 3_600;
    let lines = ["* dormant=200000"];
    // Two days and a bit; who came in the pause is watched from now on.
    check(
        &lines,
        &[(0, "complete a b", "complete a b", "")],
        &[
            (day, "complete a b c", "complete a b c", ""),
            (2 * day, "-", "complete a b c", ""),
            (
                200_001,
                "-",
                "complete a b c",
                "a:dormant b:dormant !dormant !dormant",
            ),
        ],
    );
    // After a pause of more than a day nobody knows who was online in it.
    check(
        &lines,
        &[(0, "complete a", "complete a", "")],
        &[
            (day + 1, "complete a", "complete a", ""),
            (200_001, "-", "complete a", ""),
            (day + 200_002, "-", "complete a", ""),
        ],
    );
}

#[test]
fn what_was_found_before_a_long_pause_is_found_anew() {
    let day = 24 * 3_600;
    let online = "complete a:10.0.0.1@0";
    let raised = "a:long_session !long_session";
    let mut court = Court::new(policy(&["* length=100"]));
    judge(&mut court, &(200, "complete a", online, raised));
    court = court.restarted(policy(&["* length=100"]), Extent::Everything);
    court.told.clear();
    judge(&mut court, &(200 + day + 1, "complete a", online, raised));
}

#[test]
fn another_policy_after_the_restart_clears_what_it_does_not_mind() {
    let online = "complete a:10.0.0.1@0";
    let raised = "a:long_session !long_session";
    let mut court = Court::new(policy(&["* length=100"]));
    judge(&mut court, &(200, "complete a", online, raised));
    court = court.restarted(policy(&[]), Extent::Everything);
    judge(&mut court, &(300, "complete a", online, "-long_session"));
}

proptest! {
    /// The court objects to what is raised twice and to what is cleared unheard
    /// of.
    #[test]
    fn nothing_is_told_twice_because_of_a_restart(
        sweeps in prop::collection::vec(
            (accounts(), sessions(), 1_i64..400, prop::option::weighted(0.3, any::<bool>())),
            1..40,
        )
    ) {
        let options = || policy(&["* sessions=1 length=600 kbps=2000 dormant=1000"]);
        let mut court = Court::new(options());
        let mut second = 1_000;
        for (accounts, sessions, step, restart) in &sweeps {
            second += step;
            court.take(sweep(second, accounts, sessions));
            court.forget_the_deleted();
            if let Some(everything) = restart {
                let extent = if *everything { Extent::Everything } else { Extent::Lasting };
                court = court.restarted(options(), extent);
            }
        }
    }
}
