//! Versions, suites, curves, and clients that make no handshake.

use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{self, cipher_suite, kx_group};
use rustls::{CipherSuite, SupportedCipherSuite, SupportedProtocolVersion, version};
use sag_exporter::httpd::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{Handshake, get};
use crate::server::{PATIENCE, Server, TLS};

#[tokio::test]
async fn both_versions_are_spoken_unless_one_is_ruled_out() {
    for (extra, speaks_12, speaks_13) in [
        ("", true, true),
        ("  min_version: TLS13\n", false, true),
        ("  max_version: TLS12\n", true, false),
    ] {
        let server = Server::new(&format!("{TLS}{extra}")).await;
        for (version, expected) in [(&version::TLS12, speaks_12), (&version::TLS13, speaks_13)] {
            assert_speaks(&server, version, expected).await;
        }
    }
}

async fn assert_speaks(server: &Server, version: &'static SupportedProtocolVersion, yes: bool) {
    let client = Handshake::with(server).speaking(version);
    match client.get(server.address, "/metrics").await {
        Ok(reply) => {
            assert!(yes, "{version:?} is spoken");
            assert_eq!(reply.status, 200);
            assert_eq!(reply.body, "sag_page{path=\"/metrics\"} 1\n");
        }
        Err(error) => assert!(!yes, "{version:?}: {error}"),
    }
}

#[tokio::test]
async fn the_protocol_is_agreed_on_in_the_handshake() {
    let both = Server::new(TLS).await;
    let old = Server::new(&format!("{TLS}http_server_config: {{http2: false}}\n")).await;
    for (server, offered, expected) in [
        (&both, &["h2", "http/1.1"][..], Ok(Some("h2"))),
        (&both, &["http/1.1"], Ok(Some("http/1.1"))),
        (&both, &[], Ok(None)),
        (&both, &["spdy/3"], Err(())),
        (&old, &["h2", "http/1.1"], Ok(Some("http/1.1"))),
        (&old, &["h2"], Err(())),
    ] {
        let client = Handshake::with(server).offering(offered);
        let agreed = client.connect(server.address).await.map_err(drop);
        let agreed = agreed.map(|stream| {
            let protocol = stream.get_ref().1.alpn_protocol();
            protocol.map(|name| String::from_utf8(name.to_vec()).unwrap())
        });
        let expected = expected.map(|name| name.map(str::to_owned));
        assert_eq!(agreed, expected, "{offered:?}");
    }
}

fn with_suites(suites: &[SupportedCipherSuite]) -> CryptoProvider {
    CryptoProvider {
        cipher_suites: suites.to_vec(),
        ..ring::default_provider()
    }
}

/// The suite that comes of a handshake in TLS 1.2; `None` for none.
async fn agreed(server: &Server, suites: &[SupportedCipherSuite]) -> Option<CipherSuite> {
    let client = Handshake::with(server)
        .speaking(&version::TLS12)
        .provided_by(with_suites(suites));
    let stream = client.connect(server.address).await.ok()?;
    let suite = stream.get_ref().1.negotiated_cipher_suite()?;
    Some(suite.suite())
}

#[tokio::test]
async fn only_the_suites_that_are_listed_are_offered() {
    let small = cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let large = cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;
    let chacha = cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
    let listed = "  cipher_suites:\n  - TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\n  \
                  - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n";
    let by_server = Server::new(&format!("{TLS}{listed}")).await;
    let by_client = Server::new(&format!(
        "{TLS}{listed}  prefer_server_cipher_suites: false\n"
    ))
    .await;
    for (server, offered, expected) in [
        (&by_server, vec![small, large], Some(large)),
        (&by_client, vec![small, large], Some(small)),
        (&by_server, vec![small], Some(small)),
        (&by_server, vec![chacha], None),
    ] {
        let found = agreed(server, &offered).await;
        assert_eq!(found, expected.map(|suite| suite.suite()), "{offered:?}");
    }
    let new_version = Handshake::with(&by_server).speaking(&version::TLS13);
    let reply = new_version.get(by_server.address, "/").await.unwrap();
    assert_eq!(
        reply.status, 200,
        "a list of suites says nothing of TLS 1.3"
    );
}

#[tokio::test]
async fn only_the_curves_that_are_listed_are_offered() {
    let server = Server::new(&format!("{TLS}  curve_preferences: [CurveP384]\n")).await;
    for (group, expected) in [
        (kx_group::SECP384R1, true),
        (kx_group::X25519, false),
        (kx_group::SECP256R1, false),
    ] {
        let provider = CryptoProvider {
            kx_groups: vec![group],
            ..ring::default_provider()
        };
        for version in [&version::TLS12, &version::TLS13] {
            let client = Handshake::with(&server)
                .speaking(version)
                .provided_by(provider.clone());
            let found = client.connect(server.address).await.is_ok();
            assert_eq!(found, expected, "{:?} {version:?}", group.name());
        }
    }
}

#[tokio::test]
async fn whoever_makes_no_handshake_keeps_nobody_waiting_and_is_cut_off() {
    let limits = Limits {
        head_time: Duration::from_secs(3),
        ..Limits::default()
    };
    let server = Server::with_limits(TLS, &[], limits).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut halfway = TcpStream::connect(server.address).await.unwrap();
    // The head of a record with a handshake of which the rest never comes.
    halfway.write_all(&[22, 3, 1, 1, 0, 1]).await.unwrap();
    let honest = Handshake::with(&server).get(server.address, "/").await;
    assert_eq!(honest.unwrap().status, 200);
    for stream in [&mut silent, &mut halfway] {
        let mut rest = Vec::new();
        let read = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        assert_eq!(read.unwrap().unwrap_or(0), 0);
    }
    server
        .until_metric(r#"sag_exporter_http_connections_refused_total{reason="slow_request"} 2"#)
        .await;
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_refused_and_counted() {
    let server = Server::new(TLS).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    drop(
        timeout(PATIENCE, stream.read_to_end(&mut answer))
            .await
            .unwrap(),
    );
    let text = String::from_utf8_lossy(&answer);
    assert!(!text.contains("sag_page"), "{text}");
    server
        .until_metric(r#"sag_exporter_http_connections_refused_total{reason="handshake"} 1"#)
        .await;
    let honest = Handshake::with(&server).get(server.address, "/").await;
    assert_eq!(honest.unwrap().status, 200);
}

#[tokio::test]
async fn tls_on_a_plain_port_is_no_http() {
    let server = Server::new("").await;
    let failed = Handshake::with(&server).get(server.address, "/").await;
    assert!(failed.is_err());
    assert_eq!(get(&server, "/", &[]).await.status, 200);
}
