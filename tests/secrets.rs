//! No command shows a key, wherever the key stands and however much is logged.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use sag_exporter::clock::Clock;
use sag_exporter::secret::Secret;
use sag_exporter::sim::{self, Cloud};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// What no output may hold, in keys, tokens and paths of URIs alike.
const MARK: &str = "MARKED0123456789";

/// A cloud that knows the marked key.
async fn cloud(tasks: &mut JoinSet<()>) -> SocketAddr {
    let options = sim::Options {
        instances: 1,
        users: 3,
        credentials: vec![sim::Credential::new("testid", Secret::new(MARK))],
        ..sim::Options::default()
    };
    let cloud = Cloud::new(options, Clock::system()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tasks.spawn(sim::run(listener, cloud, CancellationToken::new()));
    address
}

/// The places where a key may stand: what the configuration says of it, and
/// whether the cloud knows it.
fn places() -> [(String, bool); 8] {
    let closed = "http://127.0.0.1:1";
    [
        (
            format!("{{access_key_id: testid, access_key_secret: {MARK}}}"),
            true,
        ),
        (
            "{access_key_id: testid, access_key_secret_file: key}".to_owned(),
            true,
        ),
        ("{profile: cli}".to_owned(), true),
        ("{profile: ini}".to_owned(), true),
        ("{profile: program}".to_owned(), true),
        (
            format!("{{access_key_id: testid, access_key_secret: {MARK}, security_token: {MARK}}}"),
            false,
        ),
        (
            format!("{{access_key_id: testid, access_key_secret: {MARK}-wrong}}"),
            false,
        ),
        (format!("{{uri: '{closed}/{MARK}'}}"), false),
    ]
}

fn write_home(home: &Path) {
    let write = |path: &str, text: String| {
        let path = home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("key", format!("{MARK}\n"));
    write("label-key", MARK.to_owned());
    write("hook-key", format!("whsec_{MARK}{MARK}"));
    let printed =
        format!(r#"{{"mode": "AK", "access_key_id": "testid", "access_key_secret": "{MARK}"}}"#);
    write("printed", printed);
    let program = format!("cat {}", home.join("printed").display());
    let cli = format!(
        r#"{{"current": "cli", "profiles": [
            {{"name": "cli", "mode": "AK", "access_key_id": "testid", "access_key_secret": "{MARK}"}},
            {{"name": "program", "mode": "External", "process_command": "{program}"}}]}}"#
    );
    write(".aliyun/config.json", cli);
    let ini =
        format!("[ini]\ntype = access_key\naccess_key_id = testid\naccess_key_secret = {MARK}\n");
    write(".alibabacloud/credentials.ini", ini);
}

async fn run(home: &Path, arguments: &[&str]) -> Output {
    let child = Command::new(env!("CARGO_BIN_EXE_sag-exporter"))
        .args(arguments)
        .args(["--log.level=trace", "--config.file"])
        .arg(home.join("c.yml"))
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .kill_on_drop(true)
        .output();
    timeout(Duration::from_secs(60), child)
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn no_command_shows_a_key() {
    let mut tasks = JoinSet::new();
    let address = cloud(&mut tasks).await;
    let home = tempfile::tempdir().unwrap();
    write_home(home.path());
    for (credentials, is_known) in places() {
        let config = format!(
            "accounts: [{{name: main, regions: [cn-shanghai], rate: 1000, \
             endpoint: 'http://{address}', credentials: {credentials}}}]\n\
             labels: {{user: pseudonym, pseudonym_key_file: label-key}}\n\
             events: {{webhooks: [{{name: siem, secret_file: hook-key, \
             url: 'https://hooks.example.com/{MARK}?key={MARK}'}}]}}\n"
        );
        fs::write(home.path().join("c.yml"), config).unwrap();
        for (arguments, needs_the_cloud) in [
            (&["check"][..], false),
            (&["check", "--live"], true),
            (&["check", "--live", "-o", "json"], true),
            (&["once"], true),
            (&["users", "list"], true),
            (&["users", "set", "*", "--bandwidth=5", "--dry-run"], true),
            (&["plan"], false),
        ] {
            let output = run(home.path(), arguments).await;
            let all = [&output.stdout[..], &output.stderr].concat();
            let text = String::from_utf8_lossy(&all);
            assert!(!text.contains(MARK), "{arguments:?} {credentials}: {text}");
            let expected = i32::from(needs_the_cloud && !is_known);
            assert_eq!(
                output.status.code(),
                Some(expected),
                "{arguments:?} {credentials}: {text}"
            );
        }
        let whois = run(home.path(), &["whois", "000000000000000000000000"]).await;
        assert_eq!(whois.status.code(), Some(1));
        let text = String::from_utf8_lossy(&whois.stderr);
        assert!(!text.contains(MARK), "{text}");
        assert_eq!(
            text.contains("no user has the pseudonym"),
            is_known,
            "{text}"
        );
    }
}
