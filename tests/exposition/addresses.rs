//! The addresses from which users are online.

use std::sync::Arc;

use sag_exporter::catalog::Format;
use sag_exporter::exposition::{Exposition, Options};
use sag_exporter::fleet::{SessionState, Snapshot};

use crate::parser::{Family, parse};
use crate::world::{User, fleet_with, session_from, small_fleet, user};
use crate::{everything, render};

const FAMILY: &str = "sag_user_info";

/// Users with three sessions each, two of them from one address.
pub fn roamers(users: u32) -> Arc<Snapshot> {
    let sessions = [Some(1), Some(2), Some(1), None].map(session_from);
    let users = (0..users).map(|number| User {
        sessions: SessionState::Sessions(sessions.to_vec()),
        ..user(&format!("user{number}"))
    });
    fleet_with("sag-1", &users.collect::<Vec<_>>())
}

/// The addresses of a user in the order of the text.
pub fn addresses_of(families: &[Family], user: &str) -> Vec<String> {
    let samples = families.iter().filter(|family| family.name == FAMILY);
    let samples = samples.flat_map(|family| &family.samples);
    samples
        .filter(|sample| sample.labels["user"] == user)
        .map(|sample| sample.labels["client_ip"].clone())
        .collect()
}

#[test]
fn there_are_none_unless_they_are_asked_for() {
    let asked = parse(&render(&small_fleet(), everything())).unwrap();
    let mut expected = asked.clone();
    expected.retain(|family| family.name != FAMILY);
    assert_eq!(expected.len() + 1, asked.len());
    let plain = parse(&render(&small_fleet(), Options::default())).unwrap();
    assert_eq!(plain, expected);
}

#[test]
fn each_user_has_one_series_for_each_address_of_its_sessions() {
    let with = |name, sessions| User {
        sessions,
        ..user(name)
    };
    let from = |addresses: &[Option<u8>]| {
        SessionState::Sessions(addresses.iter().copied().map(session_from).collect())
    };
    let snapshot = fleet_with(
        "sag-1",
        &[
            with("counted", SessionState::Count(2)),
            with("nameless", from(&[None])),
            with("offline", from(&[])),
            with("once", from(&[Some(9), None])),
            with("roams", from(&[Some(3), Some(2)])),
            with("twice", from(&[Some(1), Some(1)])),
            user("unknown"),
        ],
    );
    let families = parse(&render(&snapshot, everything())).unwrap();
    for (name, expected) in [
        ("counted", &[][..]),
        ("nameless", &[]),
        ("offline", &[]),
        ("once", &["10.0.0.9"]),
        ("roams", &["10.0.0.2", "10.0.0.3"]),
        ("twice", &["10.0.0.1"]),
        ("unknown", &[]),
    ] {
        assert_eq!(addresses_of(&families, name), expected, "{name}");
    }
}

#[test]
fn one_instance_in_openmetrics_has_them_too() {
    let snapshot = small_fleet();
    let published = Exposition::new(snapshot, everything());
    let family = |sag_id| {
        let frames: Vec<_> = published
            .writer_of(sag_id, Format::OpenMetrics)
            .unwrap()
            .collect();
        let text = String::from_utf8(frames.concat()).unwrap();
        let (_, family) = text.split_once("# HELP sag_user_info ")?;
        Some(family.to_owned())
    };
    assert_eq!(family("sag-depot"), None);
    let office = family("sag-office").unwrap();
    let lines: Vec<&str> = office.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "# TYPE sag_user_info gauge",
            r#"sag_user_info{sag_id="sag-office",user="alice",client_ip="10.0.0.1"} 1"#,
        ]
    );
}
