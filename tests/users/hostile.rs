//! Names that want to be something else, and readers that have seen enough.

use std::process::Stdio;

use serde_json::Value;

use crate::rig::{PROGRAM, Rig, run, within};

/// Names that the exporter accepts: nothing in them is a control character.
const NAMES: [&str; 8] = [
    "abc\u{202e}gpj.exe",
    "zero\u{200b}width",
    "=cmd|'/c calc'!A0",
    "+1,\"quoted\"",
    "-bob",
    "@张伟",
    "a\\u{1b}[31m",
    "two words; rm -rf",
];

#[tokio::test]
async fn no_name_obeys_a_terminal_or_breaks_a_column() {
    let rig = Rig::quiet(1, 0).await;
    for name in NAMES {
        rig.create(&rig.sag_id(), name, 1);
    }
    let table = rig.users(&["list"]).await;
    assert_eq!(table.code, Some(0), "{table:?}");
    assert_eq!(table.out.lines().count(), 1 + NAMES.len());
    for shown in [
        "abc\\u{202e}gpj.exe",
        "zero\\u{200b}width",
        "a\\\\u{1b}[31m",
        "@张伟",
    ] {
        assert!(
            table.out.contains(shown),
            "{shown:?} is not in {}",
            table.out
        );
    }
    assert!(!table.out.contains(['\u{202e}', '\u{200b}', '\x1b']));
    let plan = rig.users(&["set", "*", "--bandwidth=2", "--dry-run"]).await;
    assert!(
        !plan.out.contains(['\u{202e}', '\u{200b}', '\x1b']),
        "{plan:?}"
    );

    // For programs a name is what it is, whatever is in it.
    let mut expected = NAMES.to_vec();
    expected.sort_unstable();
    let rows = rig.rows(&["list"]).await;
    let mut names: Vec<&str> = rows
        .iter()
        .map(|row| row["user"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, expected);
    let csv = rig.users(&["list", "-o", "csv"]).await.out;
    assert!(csv.contains(",\"+1,\"\"quoted\"\"\",true,"), "{csv}");
    let config = rig.config_flag();
    // Through a file and back.
    let file = rig.file("users.csv", &csv);
    let same = rig.users(&["set", "--from-file", &file]).await;
    assert!(
        same.out.contains("0 to change, 8 unchanged, 0 refused"),
        "{same:?}"
    );
    for name in NAMES {
        let arguments = ["users", "show", &config, "-o", "json", "--", name];
        let shown: Value = serde_json::from_str(&run(&arguments).await.out).unwrap();
        assert_eq!(shown["user"], name);
    }
}

#[tokio::test]
async fn a_name_may_look_like_a_flag_or_a_command() {
    let rig = Rig::quiet(1, 0).await;
    let config = rig.config_flag();
    for name in ["-bob", "--yes", "set", "users", "help"] {
        rig.create(&rig.sag_id(), name, 1);
        let ran = run(&["users", "show", &config, "-o", "json", "--", name]).await;
        assert_eq!(ran.code, Some(0), "{name}: {ran:?}");
        let shown: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(shown["user"], name);
    }
}

#[tokio::test]
async fn a_name_with_control_characters_makes_the_list_incomplete() {
    let rig = Rig::quiet(1, 2).await;
    rig.create(&rig.sag_id(), "evil\x1b[2J\nname", 1);
    let ran = rig.users(&["list"]).await;
    ran.ended(1, "the list holds entries without a usable name");
    assert_eq!(ran.out.lines().count(), 3);
    assert!(!format!("{}{}", ran.out, ran.err).contains('\x1b'));
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_failure() {
    let rig = Rig::quiet(1, 2_000).await;
    let config = rig.config_flag();
    for format in ["table", "json", "csv"] {
        // The list is longer than a pipe holds, so the writer does notice.
        let script = "\"$0\" users list \"$1\" -o \"$2\" | head -n 1; exit ${PIPESTATUS[0]}";
        let output = tokio::process::Command::new("bash")
            .args(["-c", script, PROGRAM, &config, format])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = within(output).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert_eq!(said, "");
        assert_eq!(
            output.stdout.iter().filter(|byte| **byte == b'\n').count(),
            1
        );
    }
}
