//! `--sweep.shard` as a person types it.

use std::process::Command;

use sag_exporter::sweep::Shard;

#[test]
fn a_shard_is_a_number_below_how_many_there_are() {
    for (text, expected) in [
        ("0/1", Some((0, 1))),
        ("2/3", Some((2, 3))),
        ("999/1000", Some((999, 1000))),
        ("1/1", None),
        ("3/3", None),
        ("0/0", None),
        ("-1/3", None),
        ("+1/3", None),
        ("1", None),
        ("/", None),
        ("", None),
        ("1/", None),
        ("/3", None),
        ("1/2/3", None),
        (" 1/3", None),
        ("1 / 3", None),
        ("0x1/3", None),
        ("0/1001", None),
        ("0/99999999999", None),
    ] {
        let found = Shard::parse(text).map(|shard| (shard.index(), shard.count().get()));
        assert_eq!(found.ok(), expected, "{text:?}");
    }
}

#[test]
fn a_wrong_shard_is_refused_with_what_was_expected() {
    for command in ["serve", "once", "check"] {
        for wrong in ["3/3", "1", "-1/3"] {
            let output = Command::new(env!("CARGO_BIN_EXE_sag-exporter"))
                .args([command, "--sag.region=cn-shanghai"])
                .arg(format!("--sweep.shard={wrong}"))
                .env_clear()
                .output()
                .unwrap();
            let text = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{text}");
            let expected = format!(
                "\"{wrong}\" is not a shard: expected I/N, the number of this process from 0 to \
                 N-1 and how many there are, at most 1000, such as 0/3"
            );
            assert!(text.contains(&expected), "{text}");
        }
    }
}
