//! A table for each rule: sweeps, and what is found after each.

use crate::world::{Court, policy, said, sweep};

/// Second, accounts, sessions, findings.
type Row<'a> = (i64, &'a str, &'a str, &'a str);

fn check(lines: &[&str], rows: &[Row<'_>]) {
    let mut court = Court::new(policy(lines));
    for row in rows {
        let (second, accounts, sessions, expected) = *row;
        let verdict = court.take(sweep(second, accounts, sessions));
        let instance = court.fleet.instance("sag-1").expect("an instance");
        assert_eq!(said(instance, &verdict).join(" "), expected, "{row:?}");
    }
}

const NOTHING: &str = "";

#[test]
fn disabled_online_takes_two_sweeps_that_read_both() {
    let found = "a:disabled_online";
    let rows: &[Row<'_>] = &[
        (1, "complete a:disabled", "complete a:10.0.0.1@0", NOTHING),
        // Sessions alone do not tell: the account may be enabled by now.
        (2, "-", "complete a:10.0.0.1@0", NOTHING),
        (3, "-", "complete a:10.0.0.1@0", NOTHING),
        (4, "complete a:disabled", "complete a:10.0.0.1@0", found),
        (5, "-", "failed", found),
        (6, "-", "complete a:10.0.0.1@0", found),
        (7, "complete a", "complete a:10.0.0.1@0", NOTHING),
        (8, "complete a:disabled", "complete a:10.0.0.1@0", NOTHING),
        (9, "complete a:disabled", "complete a:10.0.0.1@0", found),
        (10, "-", "complete a", NOTHING),
    ];
    check(&[], rows);
    // A list that is not whole, or a user that was not observed, is no evidence.
    check(
        &[],
        &[
            (1, "partial a:disabled", "complete a:10.0.0.1@0", NOTHING),
            (2, "partial a:disabled", "complete a:10.0.0.1@0", NOTHING),
            (3, "complete a:disabled", "partial a:?", NOTHING),
            (4, "complete a:disabled", "partial a:?", NOTHING),
            (5, "complete a:disabled", "failed", NOTHING),
        ],
    );
}

#[test]
fn concurrent_sessions_takes_two_sweeps_to_rise_and_two_to_fall() {
    let two = "complete a:10.0.0.1@0,10.0.0.2@0";
    let one = "complete a:10.0.0.1@0";
    let found = "a:concurrent_sessions";
    check(
        &["* sessions=1"],
        &[
            (1, "complete a", two, NOTHING),
            (2, "-", one, NOTHING),
            (3, "-", "complete a:#2", NOTHING),
            (4, "-", two, found),
            (5, "-", one, found),
            (6, "-", two, found),
            (7, "-", one, found),
            (8, "-", "-", found),
            (9, "-", one, NOTHING),
        ],
    );
    check(
        &["b", "* sessions=2"],
        &[
            (1, "complete a b", "complete a:#2 b:#9", NOTHING),
            (2, "-", "complete a:#2 b:#9", NOTHING),
            (3, "-", "complete a:#3 b:#9", NOTHING),
            (4, "-", "complete a:#3 b:#9", found),
        ],
    );
    check(
        &[],
        &[(1, "complete a", two, NOTHING), (2, "-", two, NOTHING)],
    );
}

#[test]
fn a_finding_is_silent_while_its_user_is_unobserved() {
    let two = "complete a:#2";
    let found = "a:concurrent_sessions";
    check(
        &["* sessions=1"],
        &[
            (1, "complete a", two, NOTHING),
            (2, "-", two, found),
            (3, "-", "partial a:?", found),
            (4, "-", "failed", found),
            (5, "-", "failed", NOTHING),
            // It never went, so it does not come again: the court would object.
            (6, "-", two, found),
            (7, "-", "failed", found),
            (8, "complete b", "complete b", NOTHING),
            (9, "complete a b", "complete a:#2 b", NOTHING),
            (10, "-", "complete a:#2 b", found),
            (11, "-", "complete a:! b", NOTHING),
        ],
    );
}

#[test]
fn long_session_looks_at_the_oldest_start() {
    let found = "a:long_session";
    check(
        &["* length=100"],
        &[
            (1100, "complete a", "complete a:10.0.0.1@1000", NOTHING),
            (1101, "-", "complete a:10.0.0.1@1000,10.0.0.2@1090", found),
            (1102, "-", "complete a:#2", found),
            (1103, "-", "failed", found),
            // Which of the two went nobody knows.
            (1104, "-", "complete a:#1", found),
            (1105, "-", "complete a:10.0.0.2@1090", NOTHING),
            (1106, "-", "complete a:10.0.0.2@_", NOTHING),
        ],
    );
}

#[test]
fn flapping_counts_starts_in_a_window() {
    let mut rows = vec![(0, "complete a b", "complete a b".to_owned(), NOTHING)];
    for number in 1..=9 {
        let sessions = format!("complete a:10.0.0.1@{number}00 b");
        let expected = if number >= 5 { "a:flapping" } else { NOTHING };
        rows.push((number * 100, "-", sessions, expected));
    }
    let quiet = "complete a:10.0.0.1@900 b".to_owned();
    // 30 minutes reach back to second 700 and hold two starts.
    rows.push((2400, "-", quiet.clone(), "a:flapping"));
    rows.push((2500, "-", quiet, NOTHING));
    let rows: Vec<Row<'_>> = rows
        .iter()
        .map(|(second, accounts, sessions, expected)| {
            (*second, *accounts, sessions.as_str(), *expected)
        })
        .collect();
    check(&[], &rows);
}

/// The clock was a day ahead and is set right.
#[test]
fn what_a_wrong_clock_noted_does_not_stand_until_its_time_comes() {
    let day = 24 * 3_600;
    let sessions: Vec<String> = (0..=5)
        .map(|number| format!("complete a:10.0.0.1@{number}"))
        .collect();
    let mut rows = vec![(day, "complete a", "complete a", NOTHING)];
    for (number, sessions) in (1..=5).zip(&sessions) {
        let expected = if number < 5 { NOTHING } else { "a:flapping" };
        rows.push((day + number, "-", sessions, expected));
    }
    rows.push((100, "-", "complete a:10.0.0.1@4", NOTHING));
    check(&[], &rows);

    let names: Vec<String> = (10..20).map(|number| format!("u{number}")).collect();
    let offline = format!("complete {}", names.join(" "));
    let online = format!("complete {}:#1", names.join(":#1 "));
    let found = "*:mass_disconnect";
    check(
        &[],
        &[
            (day, &offline, &online, NOTHING),
            (day + 60, "-", &offline, found),
            (1000, "-", &offline, found),
            (1599, "-", &offline, found),
            (1600, "-", &offline, NOTHING),
        ],
    );
}

#[test]
fn mass_disconnect_takes_half_of_the_sessions_and_ten() {
    let names =
        |count: usize| -> Vec<String> { (10..10 + count).map(|n| format!("u{n}")).collect() };
    let online = |users: &[String], count: usize| {
        let words = users.iter().enumerate().map(|(place, user)| {
            let state = if place < count { ":#1" } else { "" };
            format!("{user}{state}")
        });
        format!("complete {}", words.collect::<Vec<_>>().join(" "))
    };
    let check_drop = |users: usize, before: usize, after: usize, gap: i64, expected: &str| {
        let users = names(users);
        let list = format!("complete {}", users.join(" "));
        check(
            &[],
            &[
                (1000, &list, &online(&users, before), NOTHING),
                (1000 + gap, "-", &online(&users, after), expected),
                (1599 + gap, "-", &online(&users, after), expected),
                (1600 + gap, "-", "failed", NOTHING),
            ],
        );
    };
    check_drop(30, 30, 0, 60, "*:mass_disconnect");
    check_drop(30, 20, 10, 60, "*:mass_disconnect");
    check_drop(30, 20, 11, 60, NOTHING);
    check_drop(30, 30, 16, 60, NOTHING);
    check_drop(9, 9, 0, 60, NOTHING);
    check_drop(30, 30, 0, 901, NOTHING);

    // After a failure nobody knows how long it took.
    let users = names(12);
    let list = format!("complete {}", users.join(" "));
    let (all, none) = (online(&users, 12), online(&users, 0));
    check(
        &[],
        &[
            (1, &list, &all, NOTHING),
            (2, "-", "failed", NOTHING),
            (3, "-", &none, NOTHING),
            (4, "-", &all, NOTHING),
            (5, "-", &none.replace("complete", "partial"), NOTHING),
        ],
    );
}

#[test]
fn duplicate_ip_takes_two_users_and_two_whole_sweeps() {
    let shared = "complete a:10.0.0.1@0 b:10.0.0.1@5 c:10.0.0.3@0,10.0.0.3@1";
    let apart = "complete a:10.0.0.1@0 b:10.0.0.2@5 c:10.0.0.3@0,10.0.0.3@1";
    let found = "a:duplicate_ip b:duplicate_ip";
    check(
        &[],
        &[
            (10, "complete a b c", shared, NOTHING),
            (11, "-", apart, NOTHING),
            (12, "-", shared, NOTHING),
            (13, "-", "partial a:10.0.0.1@0 b:10.0.0.1@5 c:?", NOTHING),
            (14, "-", shared, found),
            (15, "-", apart, found),
            (16, "-", apart, NOTHING),
        ],
    );
}

#[test]
fn static_ip_mismatch_takes_two_sweeps_that_read_both() {
    let (list, found) = ("complete a:static=10.0.0.1 b", "a:static_ip_mismatch");
    let other = "complete a:10.0.0.9@0 b:10.0.0.8@0";
    check(
        &[],
        &[
            (1, list, other, NOTHING),
            (2, "-", other, NOTHING),
            (3, list, other, found),
            (4, "-", other, found),
            (5, list, "complete a:10.0.0.1@0 b", NOTHING),
            (6, list, "complete a:_@0 b", NOTHING),
            (7, list, "complete a:_@0 b", NOTHING),
        ],
    );
}

#[test]
fn bandwidth_drift_needs_a_policy_and_a_list() {
    let (drifted, found) = ("complete a:kbps=20000 b", "a:bandwidth_drift");
    check(
        &["* kbps=2000"],
        &[
            (1, "complete a b", "failed", NOTHING),
            (2, "partial a:kbps=20000", "-", NOTHING),
            (3, drifted, "-", found),
            (4, "failed", "-", found),
            (5, "failed", "-", found),
            (6, "failed", "-", NOTHING),
            (7, drifted, "-", found),
            (8, "complete a b", "-", NOTHING),
        ],
    );
    check(&["* sessions=1"], &[(1, drifted, "-", NOTHING)]);
}

#[test]
fn dormant_is_said_of_those_who_were_watched_all_the_time() {
    let day = 24 * 3600;
    let list = "complete a b c:disabled";
    let offline = "complete a b c";
    let mut rows: Vec<Row<'_>> = vec![(0, list, offline, NOTHING)];
    rows.push((day, "-", "complete a b:#1 c", NOTHING));
    rows.push((2 * day, "complete a b c:disabled d", offline, NOTHING));
    rows.push((3 * day, "-", "complete a b c d", NOTHING));
    rows.push((3 * day + 1, "-", "partial a:? b c d", NOTHING));
    rows.push((3 * day + 2, "-", "complete a b c d", "a:dormant"));
    rows.push((4 * day + 1, "-", "complete a b c d", "a:dormant b:dormant"));
    rows.push((5 * day, "-", "complete a:#1 b c d", "b:dormant"));
    rows.push((
        5 * day + 1,
        "-",
        "complete a:#1 b c d",
        "b:dormant d:dormant",
    ));
    check(&[&format!("* dormant={}", 3 * day)], &rows);

    // Two days unseen: nobody knows who was online in between.
    check(
        &[&format!("* dormant={}", 3 * day)],
        &[
            (0, "complete a", "complete a", NOTHING),
            (2 * day, "-", "complete a", NOTHING),
            (3 * day, "-", "complete a", NOTHING),
            (4 * day, "-", "complete a", NOTHING),
            (5 * day, "-", "complete a", NOTHING),
            (5 * day + 1, "-", "complete a", "a:dormant"),
        ],
    );
}

#[test]
fn clock_skew_goes_by_starts_that_cannot_be() {
    let found = "*:clock_skew";
    let list = "complete a b c d e";
    check(
        &[],
        &[
            (1000, list, "complete a:_@1121 b c d e", NOTHING),
            (1060, "-", "complete a:_@1121 b c d e", NOTHING),
            (1061, "-", "complete a:_@1121 b:_@1182 c d e", found),
            (1062, "-", "complete a:_@1121 b:_@1182 c:_@1061 d e", found),
            (1063, "-", "complete a:_@1121 b:_@1182 c:_@1061 d e", found),
            (
                1064,
                "-",
                "complete a:_@1121 b:_@1182 c:_@1061 d:_@1063 e",
                found,
            ),
            (
                1065,
                "-",
                "complete a:_@1121 b:_@1182 c:_@1061 d:_@1063 e:_@1064",
                NOTHING,
            ),
        ],
    );
    // Behind: a user seen offline is online with a start long before that.
    check(
        &[],
        &[
            (1000, list, "complete a b c:_@1 d e", NOTHING),
            (1060, "-", "complete a:_@699 b c:_@1 d e", NOTHING),
            // Another address of an old session is no new one.
            (
                1120,
                "-",
                "complete a:_@699 b c:10.0.0.1@1,10.0.0.2@2 d e",
                NOTHING,
            ),
            (1180, "-", "complete a:_@699 b:_@1100 c d e", NOTHING),
            (1240, "-", "complete a:_@699 b:_@1100 c d:_@800 e", NOTHING),
            (
                1300,
                "-",
                "complete a:_@699 b:_@1100 c d:_@800 e:_@900",
                found,
            ),
        ],
    );
}

#[test]
fn another_policy_is_in_force_from_the_next_sweep_on() {
    let mut court = Court::new(policy(&["* sessions=1"]));
    for second in [1, 2] {
        court.take(sweep(second, "complete a", "complete a:#2"));
    }
    assert_eq!(court.told.len(), 1);
    court.judge.set_options(policy(&["* sessions=2"]));
    for second in [3, 4] {
        court.take(sweep(second, "-", "complete a:#2"));
    }
    assert!(court.told.is_empty());
}

#[test]
fn what_was_found_in_an_instance_ends_with_it() {
    let mut court = Court::new(policy(&["* sessions=1"]));
    for second in [1, 2] {
        court.take(sweep(second, "complete a", "complete a:#2"));
    }
    let ended = court.judge.forget("sag-1");
    let users: Vec<_> = ended.iter().map(|turn| turn.user.as_deref()).collect();
    assert_eq!(users, [Some("a")]);
    assert!(court.judge.forget("sag-1").is_empty());
}
