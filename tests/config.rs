//! The configuration as an operator meets it: good files, bad files with what
//! is said of them, and bytes that are no file at all.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sag_exporter::config::{self, Config, Errors, Origin, Source};
use sag_exporter::exposition::UserLabels;
use sag_exporter::model::{Region, SagId};
use sag_exporter::openapi::{CredentialSource, Endpoint, SecretSource};
use sag_exporter::secret::Secret;
use sag_exporter::sweep::{self, Shard};

#[test]
fn each_bad_file_gets_exactly_the_expected_messages() {
    let files = files("bad");
    assert!(files.len() > 40, "{} files", files.len());
    let mut wrong = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let expected: Vec<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# expect: "))
            .map(|rest| format!("{}:{rest}", path.display()))
            .collect();
        let found = load(&path).expect_err(&path.display().to_string());
        if found.to_string() != expected.join("\n") {
            wrong.push(found.to_string());
        }
        assert_no_secret(&found.to_string());
        assert_no_secret(&format!("{found:?}"));
    }
    assert!(wrong.is_empty(), "unexpected:\n{}", wrong.join("\n\n"));
}

#[test]
fn good_files_load_and_show_no_secret() {
    for path in files("good") {
        let config = load(&path).unwrap_or_else(|errors| panic!("{errors}"));
        let debug = format!("{config:?} {config:#?}");
        assert!(
            debug.contains("[secret]") || !fs::read_to_string(&path).unwrap().contains("MARKED")
        );
        assert_no_secret(&debug);
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = load(&data("good/minimal.yml")).unwrap();
    assert_eq!(config.sweep, sweep::Options::default());
    let account = only(&config);
    assert_eq!(account.credentials, CredentialSource::Chain);
    assert_eq!(account.endpoint, Endpoint::default());
    assert!(account.sweep.instances.is_empty());
    assert_eq!(account.rate.per_second(), 5.0);
    assert_eq!(account.sweep.concurrency.get(), 4);

    let mut complete = load(&data("good/complete.yml")).unwrap();
    let account = &mut complete.accounts[0];
    let expected = CredentialSource::AccessKey {
        id: SecretSource::Inline(Secret::new("LTAI-MARKED-SECRET")),
        secret: SecretSource::File(data("good/key")),
        security_token: Some(SecretSource::File(data("good/key"))),
    };
    assert_eq!(account.credentials, expected);
    assert_eq!(account.sweep.instances, [instance("sag-abc123")]);
    account.sweep.instances.clear();
    account.credentials = CredentialSource::Chain;
    assert!(complete.pseudonyms.file.take().is_some());
    assert_eq!(
        complete, config,
        "the defaults in complete.yml are those of the code"
    );
}

#[test]
fn the_documents_show_configurations_that_work() {
    let blocks = |file: &str| -> Vec<String> {
        let text = fs::read_to_string(file).unwrap();
        let blocks = text.split("```yaml\n").skip(1);
        blocks
            .map(|rest| rest.split("```").next().unwrap().to_owned())
            .filter(|block| block.starts_with("accounts:"))
            .collect()
    };
    let minimal = load(&data("good/minimal.yml")).unwrap();
    let [block] = &blocks("README.md")[..] else {
        panic!("README.md shows one configuration");
    };
    assert_eq!(
        config::parse(block.as_bytes(), Path::new("c.yml")).unwrap(),
        minimal
    );
    let [block] = &blocks("docs/configuration.md")[..] else {
        panic!("docs/configuration.md shows one configuration");
    };
    assert_eq!(*block, config::example(), "check --print-example");
}

#[test]
fn values_arrive_where_they_belong() {
    let config = load(&data("good/aliases.yml")).unwrap();
    let [first, second] = &config.accounts[..] else {
        panic!("{config:?}");
    };
    assert_eq!(first.credentials, second.credentials);
    assert_eq!(second.sweep.name.as_str(), "42");
    assert_eq!(first.sweep.regions.len(), 2);
    assert_eq!(first.rate.per_second(), 0.5);
    assert_eq!(second.endpoint.as_str(), "http://[::1]:10725");
    assert_eq!(config.sweep.interval, Duration::from_secs(90));
    assert_eq!(config.sweep.retain, 0);
    assert_eq!(config.exposition.user_labels, UserLabels::None);
    assert!(!config.exposition.user_info);
    let config = load(&data("good/addresses.yml")).unwrap();
    assert_eq!(config.exposition.user_labels, UserLabels::Plain);
    assert!(config.exposition.user_info && config.pseudonyms.in_use);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = load(&data("good/nothing.yml")).unwrap_err().to_string();
    let expected = "tests/data/config/good/nothing.yml: cannot be read: No such file";
    assert!(error.starts_with(expected), "{error}");
    let error = load(&data("good")).unwrap_err().to_string();
    assert_eq!(error, "tests/data/config/good: not a regular file");
}

#[test]
fn the_policy_arrives_in_its_order() {
    let config = load(&data("good/policy.yml")).unwrap();
    let limits = |sag_id: &str, user: &str| {
        let limits = config.rules.policy.limits(&instance(sag_id), user);
        let hours = |time: Option<Duration>| time.map(|time| time.as_secs() / 3600);
        (
            limits.sessions.map(std::num::NonZero::get),
            hours(limits.session_length),
            limits.bandwidth.map(|kbps| kbps.0),
            hours(limits.dormant),
        )
    };
    let everybody = (Some(1), Some(24), Some(2000), Some(30 * 24));
    assert_eq!(limits("sag-abc123", "svc-x"), (Some(20), None, None, None));
    assert_eq!(limits("sag-other", "svc-x"), everybody);
    assert_eq!(limits("sag-abc123", "bob"), everybody);
}

#[test]
fn flags_stand_in_for_a_file() {
    let source = Source {
        origin: Origin::Flags {
            region: Region::parse("cn-shanghai").unwrap(),
            endpoint: Endpoint::default(),
        },
        instances: vec![instance("sag-1"), instance("sag-2")],
        shard: Shard::WHOLE,
    };
    let config = source.load().unwrap().config;
    let account = only(&config);
    assert_eq!(account.sweep.name.as_str(), "default");
    assert_eq!(account.credentials, CredentialSource::Chain);
    assert_eq!(account.sweep.instances, source.instances);
}

#[test]
fn an_instance_flag_narrows_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("c.yml");
    let check = |instances: [&str; 2], wanted: &[&str], expected: Result<&[&str], &str>| {
        let text = format!(
            "accounts: [{{name: a, regions: [r]{}}}, {{name: b, regions: [r]{}}}]",
            instances[0], instances[1]
        );
        fs::write(&file, text).unwrap();
        let source = Source {
            origin: Origin::File(file.clone()),
            instances: wanted.iter().map(|id| instance(id)).collect(),
            shard: Shard::WHOLE,
        };
        let found = source.load().map(|loaded| {
            let config = loaded.config;
            let accounts = config.accounts.into_iter();
            let each = accounts.map(|a| format!("{}: {:?}", a.sweep.name, a.sweep.instances));
            each.collect::<Vec<_>>()
        });
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(found), Err(expected)) => {
                assert_eq!(found.to_string(), format!("{}: {expected}", file.display()));
            }
            (found, expected) => panic!("{found:?} is not {expected:?}"),
        }
    };
    let listed = [", instances: [s1, s2]", ", instances: [s3]"];
    check(listed, &["s3", "s2"], Ok(&[r#"a: ["s2"]"#, r#"b: ["s3"]"#]));
    check(listed, &["s2", "s2"], Ok(&[r#"a: ["s2"]"#]));
    check(
        listed,
        &["s4"],
        Err("--sag.instance=s4: no account lists it: expected an instance of the file"),
    );
    let one_discovers = [", instances: [s1]", ""];
    check(one_discovers, &["s4"], Ok(&[r#"b: ["s4"]"#]));
    check(
        ["", ""],
        &["s4"],
        Err(
            "--sag.instance=s4: it may belong to the account a or b: expected it under instances \
             of one of them",
        ),
    );
}

fn load(path: &Path) -> Result<Config, Errors> {
    let source = Source {
        origin: Origin::File(path.to_owned()),
        instances: Vec::new(),
        shard: Shard::WHOLE,
    };
    source.load().map(|loaded| loaded.config)
}

fn only(config: &Config) -> &config::Account {
    assert_eq!(config.accounts.len(), 1);
    config.accounts.first().unwrap()
}

fn instance(id: &str) -> SagId {
    SagId::parse(id).unwrap()
}

fn assert_no_secret(text: &str) {
    assert!(!text.contains("MARKED"), "a secret shows in {text}");
}

fn data(name: &str) -> PathBuf {
    Path::new("tests/data/config").join(name)
}

fn files(kind: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(data(kind))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .collect();
    files.sort();
    files
}
