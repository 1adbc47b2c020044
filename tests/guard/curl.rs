//! What `curl` sees.

use std::fs;

use tokio::process::Command;
use tokio::time::timeout;

use crate::certificates::Authority;
use crate::server::{PATIENCE, Server, TLS};

/// What curl prints with `--include`, or its exit code.
async fn curl(server: &Server, scheme: &str, arguments: &[&str]) -> Result<String, i32> {
    let port = server.address.port();
    let authority = server.dir().join("authority.crt");
    fs::write(&authority, server.authority.certificate()).unwrap();
    let mut command = Command::new("curl");
    command
        .current_dir(server.dir())
        .args(["--silent", "--include", "--noproxy", "*", "--cacert"])
        .arg(&authority)
        .args(["--resolve", &format!("localhost:{port}:127.0.0.1")])
        .args(arguments)
        .arg(format!("{scheme}://localhost:{port}/metrics"))
        .kill_on_drop(true);
    let ended = timeout(PATIENCE, command.output())
        .await
        .expect("curl ends")
        .expect("curl is missing: apt-get install --no-install-recommends curl");
    if ended.status.success() {
        return Ok(String::from_utf8(ended.stdout).unwrap());
    }
    Err(ended.status.code().unwrap_or(-1))
}

#[tokio::test]
async fn curl_speaks_both_versions() {
    let server = Server::new(TLS).await;
    for arguments in [
        &["--tlsv1.2", "--tls-max", "1.2"][..],
        &["--tlsv1.3"],
        &["--http1.1"],
        &[],
    ] {
        let answer = curl(&server, "https", arguments).await.unwrap();
        assert!(answer.contains(" 200"), "{arguments:?}: {answer}");
        assert!(
            answer.ends_with("sag_page{path=\"/metrics\"} 1\n"),
            "{answer}"
        );
    }
    let old = curl(&server, "https", &["--tlsv1.0", "--tls-max", "1.1"]).await;
    assert_eq!(old, Err(35), "TLS 1.1 was spoken");
}

#[tokio::test]
async fn curl_speaks_http_2_unless_it_is_turned_off() {
    let off = "http_server_config:\n  http2: false\n";
    for (config, arguments, expected) in [
        (TLS.to_owned(), &["--http2"][..], "HTTP/2 200"),
        (TLS.to_owned(), &["--http1.1"], "HTTP/1.1 200"),
        (TLS.to_owned(), &["--http2", "--head"], "HTTP/2 200"),
        (format!("{TLS}{off}"), &["--http2"], "HTTP/1.1 200"),
    ] {
        let server = Server::new(&config).await;
        let answer = curl(&server, "https", arguments).await.unwrap();
        assert!(answer.starts_with(expected), "{arguments:?}: {answer}");
    }
}

#[tokio::test]
async fn curl_trusts_only_its_authority() {
    let server = Server::new(TLS).await;
    let other = Authority::new("another").certificate();
    fs::write(server.dir().join("another.crt"), other).unwrap();
    let refused = curl(&server, "https", &["--cacert", "another.crt"]).await;
    assert_eq!(refused, Err(60));
}

#[tokio::test]
async fn curl_shows_its_certificate() {
    let clients = Authority::new("the authority of clients");
    let config = format!(
        "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.crt\n"
    );
    let files = [("clients.crt", &*clients.certificate())];
    let server = Server::with_files(&config, &files).await;
    clients.client(Vec::new()).write(server.dir(), "own");
    let other = Authority::new("another").client(Vec::new());
    other.write(server.dir(), "other");
    let own = ["--cert", "own.crt", "--key", "own.key"];
    let answer = curl(&server, "https", &own).await.unwrap();
    assert!(answer.contains(" 200"), "{answer}");
    for arguments in [&["--cert", "other.crt", "--key", "other.key"][..], &[]] {
        let refused = curl(&server, "https", arguments).await;
        assert!(refused.is_err(), "{arguments:?}: {refused:?}");
    }
}

#[tokio::test]
async fn curl_logs_in_and_sees_the_headers() {
    let hash = bcrypt::hash("one", 4).unwrap();
    let config = format!(
        "basic_auth_users:\n  alice: {hash}\nhttp_server_config:\n  headers:\n    \
         X-Content-Type-Options: nosniff\n    Content-Security-Policy: default-src 'none'\n"
    );
    let server = Server::new(&config).await;
    for (arguments, expected) in [
        (&["--user", "alice:one"][..], "HTTP/1.1 200"),
        (&["--user", "alice:two"], "HTTP/1.1 401"),
        (&["--user", "bob:one"], "HTTP/1.1 401"),
        (&[], "HTTP/1.1 401"),
        (&["--user", "alice:one", "--head"], "HTTP/1.1 200"),
        (&["--head"], "HTTP/1.1 401"),
    ] {
        let answer = curl(&server, "http", arguments).await.unwrap();
        assert!(answer.starts_with(expected), "{arguments:?}: {answer}");
        let lower = answer.to_ascii_lowercase();
        for header in [
            "x-content-type-options: nosniff\r\n",
            "content-security-policy: default-src 'none'\r\n",
        ] {
            assert!(lower.contains(header), "{arguments:?}: {answer}");
        }
    }
}
