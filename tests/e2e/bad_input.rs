//! What is wrong is said, with the object, the place and what was expected, and
//! nothing is started half-way.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::daemon::{Config, config_flag, run};
use crate::simulator::{Simulator, quiet};
use sag_exporter::model::Action;

/// A change of a good configuration, and what is said of it.
struct Case {
    find: &'static str,
    replace: &'static str,
    /// The line, the place in the file and the expectation.
    says: &'static [&'static str],
}

#[tokio::test]
async fn a_bad_configuration_ends_with_2_before_anything_starts() {
    let simulator = Simulator::start(quiet(1, 1)).await;
    for case in CASES {
        let good = Config::of(simulator.address).sweep_key("retain: 2").yaml();
        assert!(good.contains(case.find), "{} is not in\n{good}", case.find);
        let dir = TempDir::new().unwrap();
        let flag = config_flag(&dir, &good.replace(case.find, case.replace));
        for command in ["serve", "once", "check"] {
            let output = run(&listening(command, &flag)).await;
            assert_refused(case, &output);
        }
    }
    assert_not_called(&simulator);
}

#[tokio::test]
async fn a_good_configuration_is_checked_without_a_call() {
    let simulator = Simulator::start(quiet(1, 1)).await;
    let dir = TempDir::new().unwrap();
    let flag = config_flag(&dir, &Config::of(simulator.address).yaml());
    let output = run(&["check", &flag]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_not_called(&simulator);
}

#[tokio::test]
async fn every_mistake_is_reported_at_once() {
    let dir = TempDir::new().unwrap();
    let yaml = "accounts:\n- {name: main, regions: [cn-shanghai], rate: 0, speed: 1}\nsweep: {interval: soon}\n";
    let output = run(&["serve", &config_flag(&dir, yaml)]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in [":2: accounts[0].rate", "speed", ":3: sweep.interval"] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
}

#[tokio::test]
async fn a_port_in_use_ends_with_1_before_the_cloud_is_called() {
    let simulator = Simulator::start(quiet(1, 1)).await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let dir = TempDir::new().unwrap();
    let flag = config_flag(&dir, &Config::of(simulator.address).yaml());
    let second = format!("--web.listen-address={address}");
    let arguments = ["serve", &flag, "--web.listen-address=127.0.0.1:0", &second];
    let output = run(&arguments).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let expected = format!("error: cannot listen on {address}: Address already in use");
    assert!(said.contains(&expected), "{said}");
    assert!(!said.contains("listening"), "{said}");
    assert_not_called(&simulator);
}

#[tokio::test]
async fn a_file_with_a_key_that_others_can_read_is_named_in_the_warning() {
    let simulator = Simulator::start(quiet(1, 1)).await;
    let dir = TempDir::new().unwrap();
    let flag = config_flag(&dir, &Config::of(simulator.address).yaml());
    let file = flag.strip_prefix("--config.file=").unwrap();
    std::fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
    let output = run(&["once", &flag]).await;
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("level=warn") && said.contains(file), "{said}");
    assert!(said.contains("expected mode 0600 or 0400"), "{said}");
}

fn listening<'a>(command: &'a str, flag: &'a str) -> Vec<&'a str> {
    let mut arguments = vec![command, flag];
    if command != "once" {
        arguments.push("--web.listen-address=127.0.0.1:0");
    }
    arguments
}

fn assert_refused(case: &Case, output: &Output) {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{}: {said}", case.replace);
    for part in case.says {
        assert!(
            said.contains(part),
            "{}: {part:?} is not in\n{said}",
            case.replace
        );
    }
    assert!(
        said.contains("sag-exporter.yml"),
        "the file is named: {said}"
    );
    assert!(
        output.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert!(!said.contains("listening"), "{said}");
    assert!(!said.contains("testsecret"), "{said}");
}

fn assert_not_called(simulator: &Simulator) {
    for action in Action::ALL {
        let calls = simulator.cloud.calls(action);
        assert_eq!(calls, Default::default(), "{}", action.as_str());
    }
}

const CASES: &[Case] = &[
    Case {
        find: "concurrency:",
        replace: "concurency:",
        says: &[":7: accounts[0]", "concurency", "concurrency"],
    },
    Case {
        find: "interval: 1s",
        replace: "interval: 1 fortnight",
        says: &[":9: sweep.interval", "1 fortnight", "expected"],
    },
    Case {
        find: "interval: 1s",
        replace: "interval: 0s",
        says: &[":9: sweep.interval", "expected"],
    },
    Case {
        find: "rate: 1000",
        replace: "rate: 0",
        says: &[
            ":6: accounts[0].rate",
            "expected calls per second above 0 and at most 10000",
        ],
    },
    Case {
        find: "sweep:",
        replace: "- {name: main, credentials: {access_key_id: a, access_key_secret: b}, regions: [cn-beijing]}\nsweep:",
        says: &[":8: accounts[1].name", "main", "twice"],
    },
    Case {
        find: "http://127.0.0.1",
        replace: "http://192.0.2.1",
        says: &[
            ":5: accounts[0].endpoint",
            "expected https; http is for loopback addresses only",
        ],
    },
    Case {
        find: "access_key_secret: testsecret",
        replace: "access_key_secret_file: no/such/key",
        says: &[
            ":3: accounts[0].credentials",
            "no/such/key: cannot be read",
            "No such file",
        ],
    },
    Case {
        find: "access_key_secret: testsecret",
        replace: "access_key_secret_file: /",
        says: &[":3: accounts[0].credentials", "not a regular file"],
    },
    Case {
        find: "regions: [cn-shanghai]",
        replace: "regions: []",
        says: &[
            ":4: accounts[0].regions",
            "expected all, or a list such as [cn-shanghai]",
        ],
    },
    Case {
        find: "retain: 2",
        replace: "retain: -1",
        says: &["sweep.retain", "expected"],
    },
    Case {
        find: "sweep:",
        replace: "sweep: {",
        says: &["sag-exporter.yml:"],
    },
];
