//! A real Prometheus scrapes through the gate.

use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::certificates::Authority;
use crate::server::{PATIENCE, Server, TLS};

#[tokio::test]
async fn prometheus_scrapes_over_tls_with_a_password() {
    let hash = bcrypt::hash("one", 4).unwrap();
    let config = format!("{TLS}basic_auth_users:\n  prometheus: {hash}\n");
    let server = Server::new(&config).await;
    let right = "scheme: https\n  tls_config: {ca_file: ca.crt, server_name: localhost}\n  \
                 basic_auth: {username: prometheus, password: one}";
    assert_eq!(scraped(&server, right, &[]).await, Ok(()));
    let wrong = right.replace("password: one", "password: two");
    let error = scraped(&server, &wrong, &[]).await.unwrap_err();
    assert!(error.contains("401"), "{error}");
}

#[tokio::test]
async fn prometheus_scrapes_with_a_client_certificate() {
    let clients = Authority::new("the authority of clients");
    let config = format!(
        "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.crt\n  \
         client_allowed_sans: [prometheus.example]\n"
    );
    let files = [("clients.crt", &*clients.certificate())];
    let server = Server::with_files(&config, &files).await;
    let name = rcgen::SanType::DnsName("prometheus.example".try_into().unwrap());
    let certificate = clients.client(vec![name]);
    let files = [
        ("own.crt", certificate.certificate.as_str()),
        ("own.key", certificate.key.as_str()),
    ];
    let with = "scheme: https\n  tls_config: {ca_file: ca.crt, server_name: localhost, \
                cert_file: own.crt, key_file: own.key}";
    let refused = r#"sag_exporter_http_connections_refused_total{reason="handshake"} "#;
    assert!(!server.metrics().contains(refused), "{}", server.metrics());
    let without = "scheme: https\n  tls_config: {ca_file: ca.crt, server_name: localhost}";
    let error = scraped(&server, without, &[]).await.unwrap_err();
    // With TLS 1.3 the client is done before the server refuses it, so that it
    // may be writing its request when the connection ends.
    let refusals = ["certificate required", "broken pipe", "connection reset"];
    assert!(
        refusals.iter().any(|refusal| error.contains(refusal)),
        "{error}"
    );
    // Whatever the client saw, it was the handshake that ended it.
    server.until_metric_begins(refused).await;
    assert_eq!(scraped(&server, with, &files).await, Ok(()));
}

/// Lets a Prometheus scrape the server; the error is what it says of the
/// target.
async fn scraped(server: &Server, job: &str, files: &[(&str, &str)]) -> Result<(), String> {
    let dir = TempDir::new().unwrap();
    let authority = server.authority.certificate();
    for (name, text) in files.iter().chain(&[("ca.crt", authority.as_str())]) {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let config = format!(
        "global: {{scrape_interval: 3s, scrape_timeout: 3s}}\nscrape_configs:\n\
         - job_name: sag\n  {job}\n  static_configs: [{{targets: ['{}']}}]\n",
        server.address
    );
    fs::write(dir.path().join("prometheus.yml"), config).unwrap();
    let (_prometheus, address) = start(&dir).await;
    let judged = async {
        loop {
            let target = &query(address, "/api/v1/targets").await["data"]["activeTargets"][0];
            match target["health"].as_str() {
                Some("up") => return Ok(()),
                Some("down") => return Err(target["lastError"].to_string()),
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    timeout(PATIENCE, judged).await.expect("a scrape ends")
}

async fn start(dir: &TempDir) -> (Child, SocketAddr) {
    let mut prometheus = Command::new("prometheus")
        .current_dir(dir.path())
        .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
        .arg("--web.listen-address=127.0.0.1:0")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("prometheus is missing: apt-get install --no-install-recommends prometheus");
    let mut log = BufReader::new(prometheus.stderr.take().unwrap()).lines();
    let listening = async {
        while let Some(line) = log.next_line().await.unwrap() {
            if let Some((_, address)) = line.split_once("msg=\"Listening on\" address=") {
                return address.trim().parse().unwrap();
            }
        }
        panic!("prometheus ended before it listened");
    };
    let address = timeout(PATIENCE, listening)
        .await
        .expect("prometheus listens");
    // It would end at its next word if nobody could hear it.
    prometheus.stderr = Some(log.into_inner().into_inner());
    (prometheus, address)
}

async fn query(address: SocketAddr, path: &str) -> Value {
    let request = format!("GET {path} HTTP/1.0\r\nHost: x\r\n\r\n");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    serde_json::from_str(body.unwrap_or_default()).unwrap_or(Value::Null)
}
