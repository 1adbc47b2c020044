//! Decisions without a cloud: what would be changed, who is shown.

use super::changes::Subject;
use super::*;
use crate::model::{Kbps, UserState};
use crate::rules;

fn sag_id(text: &str) -> SagId {
    SagId::parse(text).unwrap()
}

fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

fn setting(kbps: u64) -> BandwidthSetting {
    BandwidthSetting::new(kbps).unwrap()
}

fn entry(id: &str, user: &str, kbps: Option<u32>) -> Entry {
    Entry {
        account: AccountName::parse("main").unwrap(),
        sag_id: sag_id(id),
        user: ClientUser {
            name: name(user),
            state: Some(UserState::Enabled),
            bandwidth: kbps.map(Kbps),
            acceleration_bandwidth: None,
            client_ip: None,
            static_ip: None,
        },
        online_clients: None,
    }
}

fn wish(line: u64, id: Option<&str>, user: &str, kbps: u64) -> Wish {
    Wish {
        line,
        sag_id: id.map(sag_id),
        user: name(user),
        bandwidth: setting(kbps),
    }
}

/// `id user before>after` for changes, `id user =` for who stays, `user: why` for
/// refusals.
fn words(proposal: &Proposal) -> Vec<String> {
    let before = |kbps: Option<Kbps>| kbps.map_or("?".to_owned(), |kbps| kbps.0.to_string());
    let changes = proposal.changes.iter().map(|change| {
        let mail = if change.email.is_some() { " mail" } else { "" };
        let (from, to) = (before(change.before), change.after.kbps());
        format!("{} {} {from}>{to}{mail}", change.sag_id, change.user)
    });
    let unchanged = proposal.unchanged.iter();
    let unchanged = unchanged.map(|user| format!("{} {} =", user.sag_id, user.user));
    let refused = proposal.refused.iter();
    let refused = refused.map(|refused| format!("{}: {}", refused.user, refused.why));
    changes.chain(unchanged).chain(refused).collect()
}

#[test]
fn one_user_changes_in_what_is_wanted_and_not_so_already() {
    let old = Email::new("old@example.com");
    let new = Email::new("new@example.com");
    let check = |now: Option<u32>, kbps: Option<u64>, email: Option<&Email>, expected: &str| {
        let (id, user) = (sag_id("sag-1"), name("bob"));
        let subject = Subject {
            sag_id: &id,
            user: &user,
            bandwidth: now.map(Kbps),
            email: Some(&old),
        };
        let proposal = Proposal::for_one(&subject, kbps.map(setting), email.cloned());
        let words = words(&proposal).join(";");
        assert!(words.starts_with(expected), "{words}, not {expected}");
    };
    check(Some(5), Some(6), None, "sag-1 bob 5>6");
    check(Some(5), Some(5), None, "sag-1 bob =");
    check(None, Some(5), None, "sag-1 bob ?>5");
    check(Some(5), Some(5), Some(&old), "sag-1 bob =");
    check(Some(5), Some(5), Some(&new), "sag-1 bob 5>5 mail");
    check(Some(5), None, Some(&new), "sag-1 bob 5>5 mail");
    check(Some(5), Some(7), Some(&new), "sag-1 bob 5>7 mail");
    check(Some(5), None, Some(&old), "sag-1 bob =");
    check(None, None, Some(&new), "bob: the cloud wants a bandwidth");
    check(Some(20_001), None, Some(&new), "bob: the cloud wants");
    check(
        Some(0),
        None,
        Some(&new),
        "bob: the cloud wants a bandwidth",
    );
}

#[test]
fn a_glob_means_everybody_with_such_a_name() {
    let entries = [
        entry("sag-1", "ann", Some(1)),
        entry("sag-1", "bob", Some(1)),
        entry("sag-2", "ann", Some(9)),
    ];
    let names = Pattern::parse("a*").unwrap();
    let proposal = Proposal::for_all(&entries, &names, setting(9));
    assert_eq!(words(&proposal), ["sag-1 ann 1>9", "sag-2 ann ="]);
}

#[test]
fn a_policy_closes_the_drift_and_nothing_else() {
    let rule = |users: &str, id: Option<&str>, kbps: Option<u32>| rules::Entry {
        users: Pattern::parse(users).unwrap(),
        sag_id: id.map(sag_id),
        limits: Limits {
            bandwidth: kbps.map(Kbps),
            ..Limits::default()
        },
    };
    // The first match wins, also if it expects nothing.
    let policy = Policy::new(vec![
        rule("guest*", None, None),
        rule("bob", Some("sag-1"), Some(7)),
        rule("*", None, Some(9)),
    ]);
    let entries = [
        entry("sag-1", "ann", Some(9)),
        entry("sag-1", "bob", Some(9)),
        entry("sag-1", "guest1", Some(1)),
        entry("sag-2", "bob", Some(1)),
        entry("sag-2", "carl", None),
    ];
    let check = |names: Option<&str>, expected: &[&str]| {
        let names = names.map(|names| Pattern::parse(names).unwrap());
        let proposal = Proposal::for_policy(&entries, names.as_ref(), policy.as_ref().unwrap());
        assert_eq!(words(&proposal), expected, "{names:?}");
    };
    let unknown = "carl: the cloud does not tell its bandwidth, so there is no drift to be seen";
    check(
        None,
        &["sag-1 bob 9>7", "sag-2 bob 1>9", "sag-1 ann =", unknown],
    );
    check(Some("a*"), &["sag-1 ann ="]);
    check(Some("nobody"), &[]);
}

#[test]
fn the_lines_of_a_file_find_their_users() {
    let entries = [
        entry("sag-1", "ann", Some(1)),
        entry("sag-1", "bob", Some(1)),
        entry("sag-2", "ann", Some(1)),
        entry("sag-2", "carl", Some(5)),
    ];
    let ids = [sag_id("sag-1"), sag_id("sag-2")];
    let check = |wishes: &[Wish], expected: &[&str]| {
        let proposal = Proposal::for_wishes(&entries, &ids, wishes);
        assert_eq!(words(&proposal), expected);
    };
    check(
        &[wish(2, None, "carl", 5), wish(3, None, "bob", 5)],
        &["sag-1 bob 1>5", "sag-2 carl ="],
    );
    check(
        &[
            wish(2, Some("sag-2"), "ann", 5),
            wish(3, Some("sag-1"), "ann", 6),
        ],
        &["sag-1 ann 1>6", "sag-2 ann 1>5"],
    );
    check(
        &[wish(2, None, "ann", 5)],
        &["ann: the user exists in several instances, sag-1, sag-2: expected a sag_id"],
    );
    check(
        &[wish(2, Some("sag-1"), "carl", 5), wish(3, None, "dora", 5)],
        &[
            "carl: the user does not exist",
            "dora: the user does not exist",
        ],
    );
    check(
        &[wish(2, Some("sag-3"), "ann", 5)],
        &["ann: instance sag-3 is not one of those that were read"],
    );
    check(
        &[wish(2, None, "bob", 5), wish(3, Some("sag-1"), "bob", 6)],
        &["sag-1 bob 1>5", "bob: an earlier line asks for this user"],
    );
}

#[test]
fn what_is_not_known_comes_last_in_either_direction() {
    let users = [("a", Some(2)), ("b", None), ("c", Some(1)), ("d", Some(2))];
    let check = |descending: bool, expected: &str| {
        let mut entries = users
            .map(|(user, kbps)| entry("sag-1", user, kbps))
            .to_vec();
        sort(&mut entries, SortKey::Bandwidth, descending);
        let names: Vec<&str> = entries.iter().map(|e| e.user.name.as_str()).collect();
        assert_eq!(names.join(""), expected);
    };
    check(false, "cadb");
    check(true, "adcb");
}

#[test]
fn a_filter_admits_only_what_is_known_to_fit() {
    let check = |filter: Filter, entry: &Entry, expected: bool| {
        let found = filter.admits(entry) && filter.admits_presence(entry);
        assert_eq!(found, expected, "{filter:?} {entry:?}");
    };
    let mut known = entry("sag-1", "bob", None);
    known.user.state = Some(UserState::Disabled);
    known.user.static_ip = Some(true);
    known.online_clients = Some(1);
    let mut unknown = known.clone();
    unknown.user.state = None;
    unknown.user.static_ip = None;
    unknown.online_clients = None;
    let mut other = known.clone();
    other.user.state = Some(UserState::Enabled);
    other.user.static_ip = Some(false);
    other.online_clients = Some(0);
    let filters = [
        Filter {
            online: true,
            ..Filter::default()
        },
        Filter {
            disabled: true,
            ..Filter::default()
        },
        Filter {
            static_ip: true,
            ..Filter::default()
        },
    ];
    for filter in filters {
        check(filter.clone(), &known, true);
        check(filter.clone(), &unknown, false);
        check(filter, &other, false);
    }
    for (names, expected) in [("b?b", true), ("B*", false)] {
        let names = Some(Pattern::parse(names).unwrap());
        let filter = Filter {
            names,
            ..Filter::default()
        };
        check(filter, &unknown, expected);
    }
    check(Filter::default(), &unknown, true);
}
