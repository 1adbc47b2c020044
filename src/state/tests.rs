//! What is written is read, and what was not written never is.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::fleet::{AddressKey, KnownSession, LastSeen, Remembered};
use crate::model::{AccountName, Rule};
use crate::rules::Standing;

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn written(state: &State) -> Vec<u8> {
    let mut writer = Writer::begin(Vec::new(), &state.header).unwrap();
    for kept in &state.instances {
        writer
            .instance(&kept.sag_id, &kept.fleet, &kept.rules)
            .unwrap();
    }
    let (bytes, length) = writer.finish().unwrap();
    assert_eq!(bytes.len() as u64, length);
    bytes
}

/// A state with everything that there may be.
fn example() -> State {
    let (alice, bob) = (UserKey([1; 12]), UserKey([2; 12]));
    let known = KnownSession {
        started_seconds: Some(1_700_000_000),
        address: Some(AddressKey([9; 8])),
    };
    let users = vec![
        Remembered {
            key: alice,
            last_online_seconds: Some(1_700_000_100),
            last_seen: Some(Box::new(LastSeen::new(1_700_000_100, 2, vec![known]))),
        },
        Remembered {
            key: bob,
            last_online_seconds: None,
            last_seen: None,
        },
    ];
    let account = AccountName::parse("main \"é\"").unwrap();
    let finding = |rule, user, reason: Option<&str>| Standing {
        rule,
        user,
        since: moment(1_700_000_050),
        reason: reason.map(Into::into),
    };
    let rules = rules::Memory {
        findings: vec![
            finding(Rule::Flapping, Some(alice), Some("5 sessions \"\n")),
            finding(Rule::DuplicateIp, Some(bob), None),
            finding(Rule::ClockSkew, None, Some("a clock")),
        ],
        starts: vec![(alice, vec![1_700_000_000, 1_700_000_010])],
        newcomers: vec![(bob, moment(1_700_000_020))],
        watched: Some((moment(1_600_000_000), moment(1_700_000_100))),
        disconnected_until: Some(moment(1_700_000_700)),
    };
    let kept = |id: &str, users, rules| Kept {
        sag_id: SagId::parse(id).unwrap(),
        fleet: fleet::Memory::new(account.clone(), moment(1_700_000_100), users),
        rules,
    };
    State {
        header: Header {
            written: moment(1_700_000_200),
            salt: [0xab; 16],
            fingerprint: UserKey([0xcd; 12]),
        },
        instances: vec![
            kept("sag-1", users, rules),
            kept("sag-2", Vec::new(), rules::Memory::default()),
        ],
    }
}

#[test]
fn what_is_written_is_read() {
    let state = example();
    assert_eq!(read(&written(&state)), Ok(state.clone()));
    let nothing = State::nothing(state.header);
    assert_eq!(read(&written(&nothing)), Ok(nothing));
}

/// Files outlive versions of the program, so the text is pinned.
#[test]
fn the_text_is_the_one_of_version_1() {
    let text = String::from_utf8(written(&example())).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert_eq!(
        lines[0],
        "{\"sag_exporter_state\":1,\"written\":1700000200,\
         \"salt\":\"abababababababababababababababab\",\"fingerprint\":\"cdcdcdcdcdcdcdcdcdcdcdcd\"}"
    );
    assert_eq!(
        lines[2],
        "{\"sag_id\":\"sag-2\",\"account\":\"main \\\"é\\\"\",\"at\":1700000100,\"users\":[],\
         \"findings\":[],\"starts\":[],\"newcomers\":[],\"watched\":null,\
         \"disconnected_until\":null}"
    );
    let users = "\"users\":[[\"010101010101010101010101\",1700000100,[1700000100,2,\
                 [[1700000000,\"0909090909090909\"]]]],[\"020202020202020202020202\",null,null]]";
    assert!(lines[1].contains(users), "{text}");
    let digest = crate::signature::sha256_hex(
        format!("{}\n{}\n{}\n", lines[0], lines[1], lines[2]).as_bytes(),
    );
    let last = format!("{{\"instances\":2,\"sha256\":\"{digest}\"}}");
    assert_eq!(lines[3], last);
}

#[test]
fn what_is_no_state_is_refused_with_its_reason() {
    let check = |bytes: &[u8], expected: &str| {
        assert_eq!(read(bytes).unwrap_err().to_string(), expected, "{bytes:?}");
    };
    check(b"", "it is empty");
    check(b"accounts: []\n", "it is no state of sag-exporter");
    check(
        b"{\"sag_exporter_status\":1}",
        "it is no state of sag-exporter",
    );
    check(
        b"{\"sag_exporter_state\":2,\"whatever\":[]}\n",
        "it has version 2: expected 1",
    );
    let cut = "its last line does not fit what stands before it: it is cut off or damaged";
    check(b"{\"sag_exp", cut);
    check(b"{\"sag_exporter_state\":1}", cut);
    check(b"{\"sag_exporter_state\":99999999999}", cut);
    check(&[0; 100], cut);
}

/// Somebody who makes the digest fit may write anything.
#[test]
fn what_no_writer_writes_is_refused_with_its_line() {
    let check = |from: &str, to: &str, expected: &str| {
        let text = String::from_utf8(written(&example())).unwrap();
        assert!(text.contains(from), "{from}");
        let error = read(&sealed(&text.replacen(from, to, 1))).unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with(expected), "{said}");
    };
    check(
        "1700000200",
        "\"now\"",
        "line 1 is not understood: invalid type",
    );
    check(
        "1700000200",
        "999999999999999",
        "line 1 is not understood: 999999999999999 is no moment",
    );
    check(
        "sag-1",
        "sag 1",
        "line 2 is not understood: \"sag 1\" is not a valid instance id",
    );
    check(
        "0101\",1700000100",
        "01010\",1700000100",
        "line 2 is not understood: expected 24 lower-case hexadecimal digits",
    );
    check(
        "\"starts\"",
        "\"stars\"",
        "line 2 is not understood: missing field",
    );
    check(
        "1700000050",
        "1e300",
        "line 2 is not understood: invalid type",
    );
}

#[test]
fn a_rule_of_another_version_is_left_out() {
    let text = String::from_utf8(written(&example())).unwrap();
    let other = sealed(&text.replacen("flapping", "fluttering", 1));
    let mut expected = example();
    expected.instances[0].rules.findings.remove(0);
    assert_eq!(read(&other), Ok(expected));
}

/// The lines with a last one that fits them.
fn sealed(text: &str) -> Vec<u8> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let body = lines[..lines.len() - 1].concat();
    let digest = <sha2::Sha256 as sha2::Digest>::digest(body.as_bytes());
    let instances = lines.len() as u64 - 2;
    (body + &trailer(instances, digest.into())).into_bytes()
}

fn key() -> impl Strategy<Value = UserKey> {
    any::<[u8; 12]>().prop_map(UserKey)
}

fn time() -> impl Strategy<Value = Timestamp> {
    (-10_i64..5_000_000_000).prop_map(moment)
}

fn seen() -> impl Strategy<Value = LastSeen> {
    let known = (any::<Option<u32>>(), any::<Option<[u8; 8]>>());
    let known = known.prop_map(|(started_seconds, address)| KnownSession {
        started_seconds,
        address: address.map(AddressKey),
    });
    let known = prop::collection::vec(known, 0..4);
    (any::<u32>(), any::<u32>(), known)
        .prop_map(|(at, count, known)| LastSeen::new(at, count, known))
}

fn remembered() -> impl Strategy<Value = Remembered> {
    let last_seen = prop::option::of(seen().prop_map(Box::new));
    (key(), any::<Option<u32>>(), last_seen).prop_map(|(key, last_online_seconds, last_seen)| {
        Remembered {
            key,
            last_online_seconds,
            last_seen,
        }
    })
}

fn standing() -> impl Strategy<Value = Standing> {
    let rule = prop::sample::select(Rule::ALL.to_vec());
    let reason = prop::option::of("\\PC{0,40}");
    (rule, prop::option::of(key()), time(), reason).prop_map(|(rule, user, since, reason)| {
        Standing {
            rule,
            user,
            since,
            reason: reason.map(Into::into),
        }
    })
}

fn of_rules() -> impl Strategy<Value = rules::Memory> {
    let few = 0..4;
    let starts = (key(), prop::collection::vec(any::<i64>(), few.clone()));
    (
        prop::collection::vec(standing(), few.clone()),
        prop::collection::vec(starts, few.clone()),
        prop::collection::vec((key(), time()), few),
        prop::option::of((time(), time())),
        prop::option::of(time()),
    )
        .prop_map(
            |(findings, starts, newcomers, watched, disconnected_until)| rules::Memory {
                findings,
                starts,
                newcomers,
                watched,
                disconnected_until,
            },
        )
}

fn states() -> impl Strategy<Value = State> {
    let users = prop::collection::vec(remembered(), 0..6);
    let instances =
        prop::collection::btree_map("[a-z0-9._-]{1,20}", (users, of_rules(), time()), 0..4);
    let header = (time(), any::<[u8; 16]>(), key());
    (header, instances).prop_map(|((written, salt, fingerprint), instances)| State {
        header: Header {
            written,
            salt,
            fingerprint,
        },
        instances: instances
            .into_iter()
            .map(|(id, (users, rules, at))| Kept {
                sag_id: SagId::parse(&id).unwrap(),
                fleet: fleet::Memory::new(AccountName::parse("a").unwrap(), at, users),
                rules,
            })
            .collect(),
    })
}

proptest! {
    #[test]
    fn any_state_is_read_as_it_was_written(state in states()) {
        prop_assert_eq!(read(&written(&state)), Ok(state));
    }

    #[test]
    fn no_damage_is_taken_for_a_state(
        state in states(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        is_cut in any::<bool>(),
    ) {
        let mut bytes = written(&state);
        let place = place.index(bytes.len());
        if is_cut {
            bytes.truncate(place);
            prop_assert!(read(&bytes).is_err());
        } else if bytes[place] != byte {
            bytes[place] = byte;
            prop_assert!(read(&bytes).is_err());
        }
    }

    /// The digest protects from damage, not from whoever can make one.
    #[test]
    fn no_bytes_cause_a_panic(
        state in states(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), "[\\[\\]{},:\"0-9a-z-]{0,3}"), 1..8),
        noise in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let mut text = String::from_utf8(written(&state)).unwrap();
        for (place, put) in damage {
            let place = place.index(text.len());
            if text.is_char_boundary(place) && text.is_char_boundary(place + 1) {
                text.replace_range(place..=place, &put);
            }
        }
        if text.lines().count() > 2 {
            let _ = read(&sealed(&text));
        }
        let _ = read(text.as_bytes());
        let _ = read(&noise);
        let _ = read(&[MAGIC.as_bytes(), &noise].concat());
    }
}
