//! Bytes that are no good configuration: too large, broken, or nonsense.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sag_exporter::config;

#[test]
fn lists_and_files_have_limits() {
    let check = |text: &str, expected: &str| {
        let error = config::parse(text.as_bytes(), Path::new("c.yml")).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let ids = |count: usize| (0..count).map(|i| format!("s{i},")).collect::<String>();
    let text = |count| {
        format!(
            "accounts: [{{name: a, regions: [r], instances: [{}]}}]",
            ids(count)
        )
    };
    assert!(config::parse(text(500).as_bytes(), Path::new("c.yml")).is_ok());
    check(
        &text(501),
        "c.yml:1: accounts[0].instances: 501 entries: expected at most 500",
    );
    let accounts = "x,".repeat(501);
    check(
        &format!("accounts: [{accounts}]"),
        "c.yml:1: accounts: 501 entries: expected at most 500",
    );
    let keys = (0..65).map(|i| format!("k{i}: 0,")).collect::<String>();
    check(
        &format!("{{{keys}}}"),
        "c.yml:1: 65 keys: expected at most 64",
    );
    let many = "x,".repeat(200);
    let error = config::parse(format!("accounts: [{many}]").as_bytes(), Path::new("c.yml"));
    let error = error.unwrap_err().to_string();
    assert_eq!(error.lines().count(), 101);
    assert!(error.ends_with("\nc.yml: and 100 more"), "{error}");
}

#[test]
fn large_nonsense_is_refused() {
    for piece in [
        "[",
        "{",
        "- ",
        "? ",
        "a: ",
        "&a ",
        "*a ",
        "! ",
        "'",
        "\"",
        "|\n",
        "#",
        "---\n",
        "%a\n",
        "a:\n",
        "[a, ",
        "{a: ",
        "\n",
        "a\n",
        "- - ",
        ",",
        "\u{feff}",
        "a: [*b]\nb: &b x\n",
    ] {
        let text = piece.repeat(1_000_000 / piece.len());
        assert!(
            config::parse(text.as_bytes(), Path::new("c.yml")).is_err(),
            "{piece:?}"
        );
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_line() {
    let error = config::parse(b"a: 1\nb: \xff", Path::new("c.yml")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "c.yml:2: not UTF-8: expected YAML in UTF-8"
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = config::parse(&bytes, Path::new("c.yml"));
    }

    #[test]
    fn no_yaml_like_text_makes_it_panic(text in "([ \\-a-z:\\[\\]{},&*!|>'\"#?%@\\n\\t0-9]|\\PC){0,120}") {
        let _ = config::parse(text.as_bytes(), Path::new("c.yml"));
    }

    #[test]
    fn no_damage_to_a_file_makes_it_panic_or_talk(
        at in any::<prop::sample::Index>(),
        length in 0..20_usize,
        insert in "([ \\-a-z:\\[\\]{},&*!|>'\"#?%@\\n\\t0-9]){0,4}",
    ) {
        for path in files() {
            let is_good = path.parent().unwrap().ends_with("good");
            let mut bytes = fs::read(path).unwrap();
            let start = at.index(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, insert.bytes());
            if let Err(errors) = config::parse(&bytes, Path::new("c.yml")) {
                prop_assert!(!errors.problems().is_empty());
                // Bad files may turn a password into a host.
                prop_assert!(!is_good || !errors.to_string().contains("MARKED"), "{errors}");
            }
        }
    }
}

/// Every configuration file of the tests.
fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = ["good", "bad"]
        .into_iter()
        .flat_map(|kind| fs::read_dir(Path::new("tests/data/config").join(kind)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .collect();
    files.sort();
    files
}
