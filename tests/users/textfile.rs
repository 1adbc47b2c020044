//! `once --output.file`, read by those for whom it is written.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::Duration;

use sag_exporter::model::Action;
use sag_exporter::sim::{Effect, Rule};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::rig::{Ran, Rig, run, within};

async fn once(rig: &Rig, file: &str) -> Ran {
    let (config, file) = (rig.config_flag(), format!("--output.file={file}"));
    run(&["once", &config, &file]).await
}

#[tokio::test]
async fn the_file_is_replaced_whole_and_promtool_likes_it() {
    let rig = Rig::quiet(2, 5).await;
    let file = rig.file("sag.prom", "old\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let ran = once(&rig, &file).await;
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (Some(0), "", "")
    );
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches("\nsag_up{").count(), 2, "{text}");
    assert!(
        text.contains("sag_exporter_sweeps_total{") && !text.contains("process_"),
        "{text}"
    );
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o644
    );
    let mut names: Vec<_> = fs::read_dir(rig.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["sag-exporter.yml", "sag.prom"]);
    let output = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::from(fs::File::open(&file).unwrap()))
        .output();
    let output = within(output).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    // On standard output it is a whole exposition.
    let printed = run(&["once", &rig.config_flag()]).await.out;
    assert!(printed.contains("process_start_time_seconds"), "{printed}");
}

#[tokio::test]
async fn what_was_read_is_written_and_what_was_not_leaves_the_file() {
    let rig = Rig::quiet(2, 2).await;
    let file = rig.file("sag.prom", "old\n");
    let denied = || Rule::new(Effect::Denied("Forbidden.RAM".to_owned()));
    let partial = denied()
        .on(Action::DescribeSmartAccessGatewayClientUsers)
        .sag_id(rig.sag_id());
    rig.cloud.set_faults(vec![partial]);
    once(&rig, &file)
        .await
        .ended(1, "error: the sweep is not complete");
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.contains(&format!("sag_up{{sag_id=\"{}\"}} 0", rig.sag_id())),
        "{text}"
    );
    assert!(text.contains("} 1\n"), "{text}");

    rig.cloud.set_faults(vec![denied()]);
    once(&rig, &file).await.ended(
        1,
        "nothing could be read: the log says why; the file stays as it is",
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    let calls = rig.calls(Action::DescribeSmartAccessGateways);
    once(&rig, "/dev/null")
        .await
        .ended(2, "/dev/null: not a regular file");
    once(&rig, "/no/such/sag.prom")
        .await
        .ended(2, "/no/such is not a directory");
    assert_eq!(
        rig.calls(Action::DescribeSmartAccessGateways),
        calls,
        "nobody was asked"
    );
}

#[tokio::test]
async fn node_exporter_publishes_the_file_beside_its_own_families() {
    let rig = Rig::quiet(1, 5).await;
    let dir = rig.path("textfile");
    fs::create_dir(&dir).unwrap();
    let ran = once(&rig, &dir.join("sag.prom").display().to_string()).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let address = free_address();
    let mut node_exporter = Command::new("prometheus-node-exporter")
        .args(["--collector.disable-defaults", "--collector.textfile"])
        .arg(format!("--collector.textfile.directory={}", dir.display()))
        .arg(format!("--web.listen-address={address}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| {
            panic!("prometheus-node-exporter: {error}; scripts/test installs it")
        });
    let page = within(async {
        loop {
            if let Ok(page) = scrape(address).await {
                return page;
            }
            assert_eq!(node_exporter.try_wait().unwrap(), None, "it ended");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert!(
        page.starts_with("HTTP/1.0 200") || page.starts_with("HTTP/1.1 200"),
        "{page}"
    );
    for line in [
        "node_textfile_scrape_error 0".to_owned(),
        format!("sag_up{{sag_id=\"{}\"}} 1", rig.sag_id()),
        format!("sag_online_users{{sag_id=\"{}\"}} 0", rig.sag_id()),
    ] {
        assert!(
            page.lines().any(|found| found == line),
            "{line} is not in {page}"
        );
    }
    assert!(
        page.contains("\nprocess_resident_memory_bytes "),
        "its own: {page}"
    );
    node_exporter.start_kill().unwrap();
    within(node_exporter.wait()).await.unwrap();
}

async fn scrape(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;
    Ok(page)
}

/// It takes no listener and does not say which port it found, so one that was
/// free a moment ago has to do.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
