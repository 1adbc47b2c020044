//! What a scrape reads of a fleet.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]
#![allow(unreachable_pub, reason = "helper modules are part of this test")]

#[path = "exposition/addresses.rs"]
mod addresses;
#[path = "exposition/parser.rs"]
mod parser;
#[path = "exposition/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use proptest::prelude::*;
use sag_exporter::catalog::{self, Format};
use sag_exporter::exposition::{self, Exposition, Options, UserLabels, Writer};
use sag_exporter::fleet::{SessionState, Snapshot};
use sag_exporter::model::{Kbps, UserName};

use self::addresses::{addresses_of, roamers};
use self::parser::{Family, parse};
use self::world::{
    User, failing_fleet, fleet_of, fleet_with, session_from, small_fleet, state, user,
};

#[test]
fn a_small_fleet_reads_as_agreed() {
    let seen = render(&small_fleet(), everything());
    let agreed = fs::read_to_string(GOLDEN).unwrap_or_default();
    if seen != agreed {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("small.prom");
        fs::write(&place, &seen).unwrap();
        panic!(
            "the text differs from {GOLDEN}; it is in {}",
            place.display()
        );
    }
}

#[test]
fn promtool_has_nothing_to_say() {
    let output = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(File::open(GOLDEN).unwrap())
        .output()
        .expect("promtool: apt-get install --no-install-recommends prometheus");
    let said = [output.stdout, output.stderr].concat();
    assert_eq!(String::from_utf8_lossy(&said), "");
    assert!(output.status.success(), "{}", output.status);
}

#[test]
fn every_family_of_the_catalogue_appears_as_it_is_declared() {
    let families = parse(&render(&small_fleet(), everything())).unwrap();
    let seen: Vec<_> = families
        .iter()
        .map(|family| (family.name.as_str(), family.kind.as_str()))
        .collect();
    let declared: Vec<_> = catalog::FLEET
        .iter()
        .map(|family| (family.name, family.kind.as_str()))
        .collect();
    assert_eq!(seen, declared);
    for (family, declared) in families.iter().zip(catalog::FLEET) {
        for sample in &family.samples {
            let labels = sample.labels.keys().filter(|label| *label != "le");
            let mut expected = declared.labels.to_vec();
            expected.sort_unstable();
            assert!(labels.eq(expected), "{sample:?}");
        }
    }
}

#[test]
fn an_instance_of_which_nothing_was_read_says_only_that() {
    let families = parse(&render(&failing_fleet(), Options::default())).unwrap();
    let names: Vec<&str> = families.iter().map(|family| family.name.as_str()).collect();
    let expected = [
        "sag_up",
        "sag_instance_info",
        "sag_collection_success",
        "sag_sessions_started_total",
        "sag_sessions_ended_total",
        "sag_session_duration_seconds",
    ];
    assert_eq!(names, expected);
    assert_eq!(value(&families, "sag_up", &[]), Some(0.0));
    for (collector, expected) in [
        ("accounts", Some(0.0)),
        ("sessions", Some(0.0)),
        ("instance", None),
        ("traffic", None),
    ] {
        let labels = [("collector", collector)];
        assert_eq!(
            value(&families, "sag_collection_success", &labels),
            expected
        );
    }
    assert_eq!(render(&Snapshot::default(), Options::default()), "");
}

#[test]
fn a_user_without_a_known_value_has_no_line_and_no_zero() {
    let families = parse(&render(&small_fleet(), Options::default())).unwrap();
    let of = |family, user| {
        value(
            &families,
            family,
            &[("sag_id", "sag-office"), ("user", user)],
        )
    };
    for (family, user, expected) in [
        ("sag_user_online_clients", "alice", Some(2.0)),
        ("sag_user_online_clients", "bob@example.com", Some(0.0)),
        ("sag_user_online_clients", "vague", None),
        ("sag_user_enabled", "alice", Some(1.0)),
        ("sag_user_enabled", "bob@example.com", Some(0.0)),
        ("sag_user_enabled", "vague", None),
        (
            "sag_user_bandwidth_limit_bytes_per_second",
            "alice",
            Some(250_000.0),
        ),
        ("sag_user_bandwidth_limit_bytes_per_second", "vague", None),
        (
            "sag_user_oldest_session_start_timestamp_seconds",
            "bob@example.com",
            None,
        ),
        (
            "sag_user_last_online_timestamp_seconds",
            "bob@example.com",
            Some(1_800_000_000.0),
        ),
        ("sag_user_last_online_timestamp_seconds", "vague", None),
    ] {
        assert_eq!(of(family, user), expected, "{family} of {user}");
    }
}

#[test]
fn without_user_labels_only_aggregates_are_published() {
    let options = Options {
        user_labels: UserLabels::None,
        ..everything()
    };
    let aggregates = parse(&render(&small_fleet(), options)).unwrap();
    let mut expected = parse(&render(&small_fleet(), Options::default())).unwrap();
    expected.retain(|family| !family.samples[0].labels.contains_key("user"));
    assert_eq!(aggregates, expected);
    assert!(value(&aggregates, "sag_online_users", &[]).is_some());
}

#[test]
fn the_limit_counts_the_series_of_users_exactly() {
    for (snapshot, options) in [
        (small_fleet(), Options::default()),
        (small_fleet(), everything()),
        (fleet_of(3_000, "sag-1"), Options::default()),
        (roamers(200), everything()),
    ] {
        let families = parse(&render(&snapshot, options)).unwrap();
        let samples = families.iter().flat_map(|family| &family.samples);
        let series = samples.filter(|s| s.labels.contains_key("user")).count();
        let series = u64::try_from(series).unwrap();
        assert!(series > 0);
        for (limit, limited) in [(series, false), (series - 1, true)] {
            let options = Options {
                user_series_limit: limit,
                ..options
            };
            let exposition = Exposition::new(Arc::clone(&snapshot), options);
            assert_eq!(exposition.is_limited(), limited, "{limit} of {series}");
            assert_eq!(render(&snapshot, options).contains("\nsag_user_"), !limited);
        }
    }
}

#[test]
fn frames_one_after_the_other_are_the_whole_text() {
    for (snapshot, options) in [
        (fleet_of(3_000, "sag-1"), Options::default()),
        (roamers(3_000), everything()),
    ] {
        check_frames(&snapshot, options);
    }
}

fn check_frames(snapshot: &Arc<Snapshot>, options: Options) {
    let whole = render(snapshot, options);
    for enough in [1, 100, 4_096, 65_536, usize::MAX] {
        let mut writer = Writer::new(Arc::clone(snapshot), options);
        let mut text = String::new();
        let mut more = true;
        while more {
            let mut frame = Vec::new();
            more = writer.fill(&mut frame, enough);
            assert!(
                frame.len() < enough.saturating_add(8_192),
                "{}",
                frame.len()
            );
            assert!(frame.last().is_none_or(|byte| *byte == b'\n'));
            text.push_str(std::str::from_utf8(&frame).unwrap());
        }
        assert!(text == whole, "frames of {enough} bytes differ");
    }
}

#[test]
fn a_buffer_is_used_again_and_appended_to() {
    let (large, small) = (fleet_of(1_000, "sag-1"), small_fleet());
    let mut text = Vec::new();
    exposition::render(&large, Options::default(), &mut text);
    let capacity = text.capacity();
    exposition::render(&small, Options::default(), &mut text);
    let expected = render(&small, Options::default());
    assert_eq!(String::from_utf8(text.clone()).unwrap(), expected);
    assert_eq!(text.capacity(), capacity);

    let mut after = b"# before\n".to_vec();
    let mut writer = Writer::new(Arc::clone(&small), Options::default());
    while writer.fill(&mut after, usize::MAX) {}
    assert_eq!(
        String::from_utf8(after).unwrap(),
        format!("# before\n{expected}")
    );
    let published = Exposition::new(small, Options::default());
    let frames: Vec<_> = published.writer(Format::Text).collect();
    assert_eq!(frames.concat(), expected.as_bytes());
}

proptest! {
    #[test]
    fn any_fleet_is_read_back_as_it_was(
        users in prop_oneof![users(plain_name()), users(nasty_name())],
        sag_id in "[a-z0-9-]{1,128}",
    ) {
        let listed = users.iter().map(|(name, (enabled, kbps, clients))| User {
            state: enabled.map(state),
            bandwidth: kbps.map(Kbps),
            sessions: SessionState::Sessions(clients.iter().copied().map(session_from).collect()),
            ..user(name)
        });
        let snapshot = fleet_with(&sag_id, &listed.collect::<Vec<_>>());
        let families = parse(&render(&snapshot, everything())).map_err(TestCaseError::fail)?;
        for (name, (enabled, kbps, clients)) in &users {
            let of = |family| value(&families, family, &[("sag_id", &sag_id), ("user", name)]);
            prop_assert_eq!(of("sag_user_enabled"), enabled.map(|e| f64::from(u8::from(e))));
            prop_assert_eq!(of("sag_user_bandwidth_limit_bytes_per_second"), kbps.map(|k| f64::from(k) * 125.0));
            prop_assert_eq!(of("sag_user_online_clients"), Some(clients.len() as f64));
            let mut expected: Vec<u8> = clients.iter().copied().flatten().collect();
            expected.sort_unstable();
            expected.dedup();
            let expected: Vec<_> = expected.iter().map(|last| format!("10.0.0.{last}")).collect();
            prop_assert_eq!(addresses_of(&families, name), expected);
        }
        let online = families.iter().find(|family| family.name == "sag_user_online_clients");
        prop_assert_eq!(online.map_or(0, |family| family.samples.len()), users.len());
    }
}

type Known = (Option<bool>, Option<u32>, Vec<Option<u8>>);

fn users(names: impl Strategy<Value = String>) -> impl Strategy<Value = BTreeMap<String, Known>> {
    let address = prop::option::of(1_u8..4);
    let clients = prop::collection::vec(address, 0..5);
    prop::collection::btree_map(
        names,
        (any::<Option<bool>>(), any::<Option<u32>>(), clients),
        0..20,
    )
}

/// Names without an escape, on both sides of the length of a step.
fn plain_name() -> impl Strategy<Value = String> {
    "[a-z.@ é黒}_-]{1,40}".prop_filter("no user name", |name| UserName::parse(name).is_ok())
}

/// Names that hurt: quotation marks, backslashes, any script, great length.
fn nasty_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z.@_-]{1,40}",
        "[\"\\\\}{=, né黒]{1,12}",
        "\\PC{1,40}",
        "(日本語 ){1,60}",
    ]
    .prop_filter("no user name", |name| UserName::parse(name).is_ok())
}

/// Everything that there is.
fn everything() -> Options {
    Options {
        user_info: true,
        ..Options::default()
    }
}

fn render(snapshot: &Snapshot, options: Options) -> String {
    let mut text = Vec::new();
    exposition::render(snapshot, options, &mut text);
    String::from_utf8(text).unwrap()
}

/// The value of the first sample of a family with at least these labels.
fn value(families: &[Family], name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let family = families.iter().find(|family| family.name == name)?;
    let matches = |sample: &&parser::Sample| {
        let mut labels = labels.iter();
        labels.all(|(name, text)| sample.labels.get(*name).is_some_and(|found| found == text))
    };
    family
        .samples
        .iter()
        .find(matches)
        .map(|sample| sample.value)
}

const GOLDEN: &str = "tests/data/exposition/small.prom";
