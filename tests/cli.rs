//! The program as a person types it.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};

#[test]
fn help_says_what_a_newcomer_needs() {
    let check = |arguments: &[&str], expected: &[&str]| {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(output.stderr.is_empty());
        let text = text(&output.stdout);
        for sentence in expected {
            assert!(text.contains(sentence), "{sentence:?} is not in\n{text}");
        }
    };
    let commands = [
        "\nUsage: sag-exporter [COMMAND] [FLAGS]\n",
        "\n  serve        The daemon: sweeps the cloud and serves metrics (the default command)\n",
        "\n  demo         A simulated cloud and the daemon in one process",
        "\n  simulate     The simulated cloud alone",
        "\n  once         One sweep; the metrics on standard output\n",
        "\n  check        Checks the configuration as `serve` would, and the cloud with --live\n",
        "Exit codes: 0 ok, 1 failed while running, 2 wrong flags or configuration.",
    ];
    check(&["--help"], &commands);
    check(&["-h"], &commands);
    check(&["help"], &commands);
    let serve = [
        "--config.file <FILE>",
        "--sag.region <REGION>",
        "--sag.instance <ID>",
        "--sweep.shard <I/N>",
        "--web.listen-address <ADDRESS>",
        "[default: :10724, for demo",
        "--web.telemetry-path <PATH>",
        "[default: /metrics]",
        "--log.level <LEVEL>",
        "--log.format <FORMAT>",
        "[default: logfmt]",
        "regions: [cn-shanghai]",
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
    ];
    check(&["serve", "--help"], &serve);
    check(&["--log.level=warn", "--help"], &serve);
    check(&["help", "serve"], &serve);
    check(&["demo", "--help"], &["Everything stays on this machine."]);
    check(
        &["simulate", "--help"],
        &[
            "--sim.listen-address <ADDRESS>",
            "[default: 127.0.0.1:10725]",
            "--sim.seed",
            "--sim.instances",
            "--sim.users",
            "--sim.scenario",
            "--sim.quota",
            "--sim.faults",
            "the access key testid with the secret testsecret",
        ],
    );
    check(&["once", "--help"], &["Metrics go to standard output"]);
    check(&["check", "--help"], &["every mistake with its line"]);
    check(
        &["plan", "--help"],
        &["--live", "--plan.users <COUNT>", "[default: 2000]"],
    );
}

#[test]
fn the_version_names_revision_and_compiler() {
    for arguments in [&["--version"][..], &["-V"], &["check", "--version"]] {
        let output = run(arguments);
        let text = text(&output.stdout);
        let version = env!("CARGO_PKG_VERSION");
        assert!(text.starts_with("sag-exporter"), "{text}");
        assert!(text.contains(&format!("{version} (revision ")), "{text}");
        assert!(text.contains(", rustc 1."), "{text}");
    }
}

#[test]
fn mistakes_in_flags_end_with_2() {
    let check = assert_usage;
    check(
        &[],
        "neither --config.file nor --sag.region is given: expected one of them\n",
    );
    check(&[], "sag-exporter demo\n");
    check(&["sevre"], "unexpected argument 'sevre'");
    check(&["--web.port=1"], "unexpected argument '--web.port'");
    check(
        &["--sag.region=X"],
        "\"X\" is not a valid region: expected 1 to 40 lower-case",
    );
    check(
        &["--sag.region=r", "--sag.instance=a b"],
        "\"a b\" is not a valid instance id",
    );
    check(
        &["--sag.region=r", "--config.file=c.yml"],
        "the argument '--sag.region <REGION>' cannot be used with '--config.file <FILE>'",
    );
    check(
        &["--sag.endpoint=https://example.com"],
        "the following required arguments were not provided:\n  --sag.region <REGION>",
    );
    check(
        &["--sag.region=r", "--sag.endpoint=http://example.com"],
        "expected https; http is for loopback addresses only",
    );
    check(
        &["--sag.region=r", "--web.listen-address=10724"],
        "\"10724\" is not an address to listen on: expected :PORT, HOST:PORT or [IPv6]:PORT",
    );
    check(
        &[
            "--sag.region=r",
            "--web.listen-address=:1",
            "--web.listen-address=:1",
        ],
        "error: --web.listen-address=:1 is given twice\n",
    );
    check(
        &["--web.telemetry-path=/"],
        "telemetry path \"/\" belongs to another page",
    );
}

#[test]
fn values_out_of_range_end_with_2() {
    let check = assert_usage;
    check(
        &["--log.level=loud"],
        "[possible values: error, warn, info, debug, trace]",
    );
    check(&["--log.format=xml"], "[possible values: logfmt, json]");
    check(&["simulate", "--sim.users=-1"], "--sim.users");
    check(
        &["simulate", "--sim.quota=-1"],
        "simulator option quota is -1: expected calls per second, 0 for no quota",
    );
    check(
        &["simulate", "--sim.instances=501"],
        "simulator option instances is 501: expected at most 500",
    );
    check(
        &["simulate", "--config.file=x"],
        "unexpected argument '--config.file'",
    );
    check(
        &["--config.file=tests/data/config/bad/rate_zero.yml"],
        "tests/data/config/bad/rate_zero.yml:7: accounts[0].rate: 0 is not a rate: expected calls \
         per second above 0 and at most 10000\n",
    );
    check(
        &["--config.file=no-such.yml", "once"],
        "no-such.yml: cannot be read: No such file",
    );
}

#[test]
fn check_shows_what_is_in_force_and_no_secret() {
    let arguments = [
        "--config.file=tests/data/config/good/complete.yml",
        "--web.listen-address=:1",
    ];
    let before_command = [&arguments[..], &["check"]].concat();
    let after_command = [&["check"], &arguments[..]].concat();
    for arguments in [before_command, after_command] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let expected = "\
tests/data/config/good/complete.yml: ok
account main:
  regions: cn-shanghai
  instances: sag-abc123
  credential: temporary access key from tests/data/config/good/key
  endpoint: https://smartag.{region}.aliyuncs.com
  pace: at most 5 calls per second and operation, 4 at once
sweep: sessions every 1m (counted in bulk where that is possible), account lists every 5m, pages of 50, last good values outlive 3 sweeps
labels: users by name
web: /metrics on :1
";
        assert_eq!(text(&output.stdout), expected);
        // The key of the example may be readable by others.
        let complaints = text(&output.stderr);
        assert!(
            complaints
                .lines()
                .all(|line| line.contains("others can read this key")),
            "{complaints}"
        );
    }
}

#[test]
fn check_says_that_addresses_are_published() {
    let file = "--config.file=tests/data/config/good/addresses.yml";
    let output = run_with(&["check", file], &KEY);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    let line = "\nlabels: users by pseudonym, with their addresses\n";
    assert!(shown.contains(line), "{shown}");
}

#[test]
fn check_foresees_what_the_default_chain_will_use() {
    let arguments = ["check", "--sag.region=cn-shanghai"];
    for (environment, expected) in [
        (&KEY[..], "access key from the environment"),
        (&[], "role of this ECS server, for there is nothing else"),
    ] {
        let output = run_with(&arguments, environment);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let shown = text(&output.stdout);
        assert!(
            shown.starts_with("flags: ok\naccount default:\n"),
            "{shown}"
        );
        let line = format!("\n  credential: default chain: {expected}\n");
        assert!(shown.contains(&line), "{shown}");
    }
}

#[test]
fn no_secret_shows_even_when_everything_is_logged() {
    for format in ["logfmt", "json"] {
        for file in ["good/complete.yml", "good/aliases.yml", "bad/user_info.yml"] {
            let file = format!("--config.file=tests/data/config/{file}");
            let format = format!("--log.format={format}");
            let output = run_with(&["check", &file, &format, "--log.level=trace"], &KEY);
            let all = format!("{}{}", text(&output.stdout), text(&output.stderr));
            assert!(!all.is_empty());
            assert!(!all.contains("MARKED"), "a secret shows in\n{all}");
        }
    }
}

/// Nothing starts, and standard error says why.
fn assert_usage(arguments: &[&str], expected: &str) {
    let output = run(arguments);
    let text = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
    assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    assert!(output.stdout.is_empty());
}

#[test]
fn the_simulator_says_where_it_listens_and_stops_when_asked() {
    for signal in ["-TERM", "-INT"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sag-exporter"))
            .args(["simulate", "--sim.listen-address=127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let mut connection = TcpStream::connect(line.trim_end()).unwrap();
        connection
            .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        BufReader::new(connection).read_line(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn what_the_simulator_cannot_do_is_said() {
    assert_usage(
        &["simulate", "--sim.faults=no-such.yml"],
        "error: cannot read the fault script no-such.yml: No such file",
    );
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let output = run(&["simulate", &format!("--sim.listen-address={address}")]);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("error: cannot listen on {address}: Address already in use");
    assert!(
        text(&output.stderr).starts_with(&expected),
        "{}",
        text(&output.stderr)
    );
}

/// As in `sag-exporter plan | head`.
#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    for arguments in [
        &["--help"][..],
        &["plan", "--sag.region=cn-shanghai"],
        &["check", "--sag.region=cn-shanghai"],
        &["check", "--print-schema"],
        &["man", "users", "set"],
        &["completions", "fish"],
    ] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_sag-exporter"))
            .args(arguments)
            .env_clear()
            .stdout(writer)
            .output()
            .unwrap();
        let found = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {found}");
    }
}

fn run(arguments: &[&str]) -> Output {
    run_with(arguments, &[])
}

/// Runs the program with nothing in its environment but `variables`.
fn run_with(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sag-exporter"))
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const KEY: [(&str, &str); 2] = [
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", "MARKED-ID"),
    ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "MARKED-SECRET"),
];
