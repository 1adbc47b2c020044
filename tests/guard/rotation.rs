//! Files that change while the server runs.

use std::fs;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::certificates::Authority;
use crate::client::{Handshake, get};
use crate::server::{PATIENCE, Server, TLS};

const GOOD: &str = "sag_exporter_web_config_last_reload_successful 1";
const BAD: &str = "sag_exporter_web_config_last_reload_successful 0";

#[tokio::test]
async fn a_certificate_is_rotated_without_a_restart() {
    let server = Server::new(TLS).await;
    let before = Handshake::with(&server);
    let mut open = before.connect(server.address).await.unwrap();
    let other = Authority::new("the next operator");
    other.server().write(server.dir(), "server");
    let after = Handshake::with(&server).trusting(&other.certificate());
    until_accepted(&server, &after).await;
    assert!(before.get(server.address, "/").await.is_err());
    server.until_metric(GOOD).await;
    // The connection that was open before goes on.
    let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    open.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, open.read_to_end(&mut answer)).await;
    read.unwrap().unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
}

#[tokio::test]
async fn a_bad_rotation_keeps_the_old_certificate() {
    let server = Server::new(TLS).await;
    let own = Handshake::with(&server);
    server.until_metric(GOOD).await;
    let other = Authority::new("the next operator").server();
    for (name, text) in [
        ("server.key", other.key.as_str()),
        ("server.key", "rubbish"),
        ("server.crt", ""),
        ("web.yml", "tls_server_config: {cert_fille: x}\n"),
    ] {
        let path = server.dir().join(name);
        let good = fs::read(&path).unwrap();
        fs::write(&path, text).unwrap();
        server.until_metric(BAD).await;
        let reply = own.get(server.address, "/").await.unwrap();
        assert_eq!(reply.status, 200, "{name}: {text}");
        fs::write(&path, good).unwrap();
        server.until_metric(GOOD).await;
    }
    fs::remove_file(server.dir().join("server.crt")).unwrap();
    server.until_metric(BAD).await;
    assert_eq!(own.get(server.address, "/").await.unwrap().status, 200);
}

#[tokio::test]
async fn tls_is_neither_left_nor_entered_without_a_restart() {
    let secure = Server::new(TLS).await;
    fs::write(secure.config(), "http_server_config: {}\n").unwrap();
    secure.until_metric(BAD).await;
    let reply = Handshake::with(&secure).get(secure.address, "/").await;
    assert_eq!(reply.unwrap().status, 200);

    let plain = Server::new("").await;
    fs::write(plain.config(), TLS).unwrap();
    plain.until_metric(BAD).await;
    assert_eq!(get(&plain, "/", &[]).await.status, 200);
}

#[tokio::test]
async fn users_headers_and_rate_change_without_a_restart() {
    let server = Server::new("").await;
    assert_eq!(get(&server, "/", &[]).await.status, 200);
    let hash = bcrypt::hash("one", 4).unwrap();
    let alice = ["Authorization: Basic YWxpY2U6b25l"];
    fs::write(
        server.config(),
        format!("basic_auth_users: {{alice: {hash}}}\n"),
    )
    .unwrap();
    until_status(&server, &[], 401).await;
    assert_eq!(get(&server, "/", &alice).await.status, 200);
    fs::write(
        server.config(),
        format!("basic_auth_users: {{bob: {hash}}}\n"),
    )
    .unwrap();
    until_status(&server, &alice, 401).await;
    fs::write(server.config(), "rate_limit: {interval: 1h}\n").unwrap();
    until_status(&server, &[], 429).await;
    fs::write(
        server.config(),
        "http_server_config: {headers: {X-Frame-Options: deny}}\n",
    )
    .unwrap();
    until_status(&server, &[], 200).await;
    let reply = get(&server, "/", &[]).await;
    assert_eq!(reply.headers["x-frame-options"], "deny");
}

/// Kubernetes swaps a link to a folder, so that all files change at once.
#[tokio::test]
async fn files_behind_a_link_are_followed() {
    let config = "tls_server_config: {cert_file: now/server.crt, key_file: now/server.key}\n";
    let first = Authority::new("first");
    let second = Authority::new("second");
    let server = Server::new(TLS).await;
    for (name, authority) in [("a", &first), ("b", &second)] {
        let folder = server.dir().join(name);
        fs::create_dir(&folder).unwrap();
        authority.server().write(&folder, "server");
    }
    std::os::unix::fs::symlink("a", server.dir().join("now")).unwrap();
    fs::write(server.config(), config).unwrap();
    let handshake =
        |authority: &Authority| Handshake::with(&server).trusting(&authority.certificate());
    until_accepted(&server, &handshake(&first)).await;
    std::os::unix::fs::symlink("b", server.dir().join("next")).unwrap();
    fs::rename(server.dir().join("next"), server.dir().join("now")).unwrap();
    until_accepted(&server, &handshake(&second)).await;
}

/// A session of before must not spare a client from showing its certificate.
#[tokio::test]
async fn other_authorities_hold_for_the_next_handshake() {
    let first = Authority::new("first");
    let second = Authority::new("second");
    let config = format!(
        "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.crt\n"
    );
    let files = [("clients.crt", &*first.certificate())];
    let server = Server::with_files(&config, &files).await;
    let (of_first, of_second) = (first.client(Vec::new()), second.client(Vec::new()));
    let of_first = Handshake::with(&server).showing(&of_first);
    let of_second = Handshake::with(&server).showing(&of_second);
    assert!(of_first.get(server.address, "/").await.is_ok());
    assert!(of_second.get(server.address, "/").await.is_err());
    fs::write(server.dir().join("clients.crt"), second.certificate()).unwrap();
    until_accepted(&server, &of_second).await;
    assert!(of_first.get(server.address, "/").await.is_err());
}

async fn until_accepted(server: &Server, client: &Handshake) {
    let accepted = async {
        while client.get(server.address, "/").await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, accepted)
        .await
        .expect("the new certificate is shown");
}

async fn until_status(server: &Server, head: &[&str], status: u16) {
    let seen = async {
        while get(server, "/", head).await.status != status {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, seen)
        .await
        .unwrap_or_else(|_| panic!("the status did not become {status}"));
}
