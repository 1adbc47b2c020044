//! What is asked of the certificates of clients.

use rcgen::{ExtendedKeyUsagePurpose, SanType};
use rustls::version;

use crate::certificates::{Authority, Leaf, client_params, expired, self_made};
use crate::client::Handshake;
use crate::server::{Server, TLS};

/// The certificates that the clients of a test show.
struct Clients {
    issued: Leaf,
    expired: Leaf,
    for_servers: Leaf,
    of_another: Leaf,
    listed: Leaf,
    listed_but_expired: Leaf,
    listed_for_servers: Leaf,
    self_made: Leaf,
}

impl Clients {
    /// With the text of the file `clients.crt` that lists who is trusted.
    fn new() -> (Self, String) {
        let authority = Authority::new("the authority of clients");
        let mut for_servers = client_params(Vec::new());
        for_servers.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let clients = Self {
            issued: authority.client(Vec::new()),
            expired: authority.issue(&expired(client_params(Vec::new()))),
            for_servers: authority.issue(&for_servers),
            of_another: Authority::new("another").client(Vec::new()),
            listed: self_made(client_params(Vec::new())),
            listed_but_expired: self_made(expired(client_params(Vec::new()))),
            listed_for_servers: self_made(for_servers),
            self_made: self_made(client_params(Vec::new())),
        };
        let trusted = [
            &authority.certificate(),
            &clients.listed.certificate,
            &clients.listed_but_expired.certificate,
            &clients.listed_for_servers.certificate,
        ];
        let trusted = trusted.map(String::as_str).concat();
        (clients, trusted)
    }
}

#[tokio::test]
async fn each_policy_asks_for_its_own() {
    let (clients, trusted) = Clients::new();
    let shown = [
        None,
        Some(&clients.issued),
        Some(&clients.listed),
        Some(&clients.of_another),
        Some(&clients.self_made),
        Some(&clients.expired),
        Some(&clients.for_servers),
        Some(&clients.listed_but_expired),
        Some(&clients.listed_for_servers),
    ];
    let verifying = "\n  client_ca_file: clients.crt";
    for (policy, extra, expected) in [
        ("NoClientCert", "", "yyyyyyyyy"),
        ("RequestClientCert", "", "yyyyyyyyy"),
        ("RequireAnyClientCert", "", "nyyyyyyyy"),
        ("VerifyClientCertIfGiven", verifying, "yyynnnnnn"),
        ("RequireAndVerifyClientCert", verifying, "nyynnnnnn"),
        ("VerifyClientCertIfGiven", "", "ynnnnnnnn"),
        ("RequireAndVerifyClientCert", "", "nnnnnnnnn"),
    ] {
        let config = format!("{TLS}  client_auth_type: {policy}{extra}\n");
        let server = Server::with_files(&config, &[("clients.crt", &trusted)]).await;
        for version in [&version::TLS12, &version::TLS13] {
            let mut found = String::new();
            for certificate in shown {
                let mut client = Handshake::with(&server).speaking(version);
                if let Some(certificate) = certificate {
                    client = client.showing(certificate);
                }
                let reply = client.get(server.address, "/metrics").await;
                found.push(if reply.is_ok_and(|reply| reply.status == 200) {
                    'y'
                } else {
                    'n'
                });
            }
            assert_eq!(found, expected, "{policy}{extra} {version:?}");
        }
    }
}

#[tokio::test]
async fn the_authority_may_stand_in_the_file_itself() {
    let authority = Authority::new("the authority of clients");
    let inline = authority.certificate().replace('\n', "\n    ");
    let config = format!(
        "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca: |\n    {inline}\n"
    );
    let server = Server::new(&config).await;
    let own = Handshake::with(&server).showing(&authority.client(Vec::new()));
    assert_eq!(own.get(server.address, "/").await.unwrap().status, 200);
    let other = Authority::new("another").client(Vec::new());
    let other = Handshake::with(&server).showing(&other);
    assert!(other.get(server.address, "/").await.is_err());
}

#[tokio::test]
async fn names_are_compared_letter_by_letter() {
    let authority = Authority::new("the authority of clients");
    let config = format!(
        "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.crt\n  \
         client_allowed_sans: [prometheus.example, 192.0.2.7, '2001:db8::7', \
         ops@example.org, 'spiffe://example.org/prometheus']\n"
    );
    let files = [("clients.crt", &*authority.certificate())];
    let server = Server::with_files(&config, &files).await;
    let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
    let uri = |name: &str| SanType::URI(name.try_into().unwrap());
    let mail = |name: &str| SanType::Rfc822Name(name.try_into().unwrap());
    let address = |text: &str| SanType::IpAddress(text.parse().unwrap());
    for (names, expected) in [
        (vec![dns("prometheus.example")], true),
        (vec![dns("other.example"), dns("prometheus.example")], true),
        (vec![address("192.0.2.7")], true),
        (vec![address("2001:db8::7")], true),
        (vec![mail("ops@example.org")], true),
        (vec![uri("spiffe://example.org/prometheus")], true),
        (vec![dns("other.example")], false),
        (vec![dns("*.example")], false),
        (vec![address("192.0.2.8")], false),
        (vec![uri("spiffe://example.org/prometheus/x")], false),
        (vec![], false),
    ] {
        let certificate = authority.client(names.clone());
        let client = Handshake::with(&server).showing(&certificate);
        let found = client.get(server.address, "/").await.is_ok();
        assert_eq!(found, expected, "{names:?}");
    }
    let other = Authority::new("another").client(vec![dns("prometheus.example")]);
    let other = Handshake::with(&server).showing(&other);
    assert!(other.get(server.address, "/").await.is_err());
}

#[tokio::test]
async fn whoever_must_have_a_name_must_show_a_certificate() {
    for policy in ["RequestClientCert", "VerifyClientCertIfGiven"] {
        let config =
            format!("{TLS}  client_auth_type: {policy}\n  client_allowed_sans: [a.example]\n");
        let server = Server::new(&config).await;
        let nobody = Handshake::with(&server).get(server.address, "/").await;
        assert!(nobody.is_err(), "{policy}");
    }
}
