//! Where the program can be reached, and what it takes to be let in.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

use crate::certificates::Authority;
use crate::daemon::{Config, Daemon, run};
use crate::http;
use crate::prometheus::Prometheus;
use crate::simulator::{Simulator, quiet};
use crate::wait::{until, within};

#[tokio::test]
async fn it_listens_on_every_address_it_is_given() {
    let simulator = Simulator::start(quiet(1, 2)).await;
    let flags = ["127.0.0.1:0", "[::1]:0", "localhost:0"]
        .map(|address| format!("--web.listen-address={address}"));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut daemon = Daemon::start_with(&Config::of(simulator.address), &flags).await;
    let addresses = daemon.addresses();
    assert_eq!(addresses.len(), 3);
    assert!(addresses.iter().any(SocketAddr::is_ipv6), "{addresses:?}");
    for &address in &addresses {
        is_served(address).await;
    }
    daemon.signal("TERM");
    assert_eq!(daemon.ended().await.code(), Some(0), "{}", daemon.log());
    for address in addresses {
        assert!(TcpStream::connect(address).await.is_err(), "{address}");
    }
}

#[tokio::test]
async fn an_address_without_a_host_is_ipv4_and_ipv6() {
    let simulator = Simulator::start(quiet(1, 2)).await;
    let config = Config::of(simulator.address);
    let daemon = Daemon::start_with(&config, &["--web.listen-address=:0"]).await;
    let port = daemon.address.port();
    is_served((Ipv4Addr::LOCALHOST, port).into()).await;
    is_served((Ipv6Addr::LOCALHOST, port).into()).await;
}

#[tokio::test]
async fn one_address_that_is_taken_is_enough_to_refuse() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&[
        "serve",
        "--sag.region=cn-shanghai",
        "--web.listen-address=127.0.0.1:0",
        &format!("--web.listen-address={address}"),
    ])
    .await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&format!("cannot listen on {address}")),
        "{said}"
    );
}

async fn is_served(address: SocketAddr) {
    let reply = within(http::get(address, "/-/healthy", "")).await.unwrap();
    assert_eq!(reply.status, 200, "{address}");
}

/// A daemon with a web configuration, over a cloud with one instance.
struct Guarded {
    daemon: Daemon,
    dir: TempDir,
    _simulator: Simulator,
}

impl Guarded {
    /// Serves over TLS on loopback, IPv6, with these lines in addition. The
    /// folder has the certificate of the server and this authority of clients.
    async fn start(lines: &str, clients: &Authority) -> Self {
        let dir = TempDir::new().unwrap();
        let authority = Authority::new("the operator");
        authority.server().write(dir.path(), "server");
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        write("ca.crt", &authority.certificate());
        write("clients.crt", &clients.certificate());
        let tls = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
        write("web.yml", &format!("{tls}{lines}"));
        let simulator = Simulator::start(quiet(1, 2)).await;
        let file = format!("--web.config.file={}", dir.path().join("web.yml").display());
        let config = Config::of(simulator.address);
        let flags = ["--web.listen-address=[::1]:0", &file];
        Self {
            daemon: Daemon::start_with(&config, &flags).await,
            dir,
            _simulator: simulator,
        }
    }

    /// A Prometheus with two jobs: one that is let in, and one that is not.
    async fn scraped_by(&self, welcome: &str, stranger: &str) -> Prometheus {
        let (address, dir) = (self.daemon.address, self.dir.path());
        Prometheus::start(&format!(
            "global: {{scrape_interval: 2s, scrape_timeout: 2s}}\nscrape_configs:\n{}{}",
            job("welcome", address, dir, welcome),
            job("stranger", address, dir, stranger)
        ))
        .await
    }
}

/// A job with these settings of TLS, and more lines of its own.
fn job(name: &str, address: SocketAddr, dir: &Path, more: &str) -> String {
    let dir = dir.display();
    let more = more.replace("DIR", &dir.to_string());
    format!(
        "- job_name: {name}\n  scheme: https\n  static_configs: [{{targets: ['{address}']}}]\n  \
         tls_config: {{ca_file: {dir}/ca.crt, server_name: localhost{more}\n"
    )
}

/// Waits until both jobs were scraped, and demands that only one came through.
async fn only_the_welcome_come_in(guarded: &Guarded, prometheus: &Prometheus) {
    let log = || guarded.daemon.log();
    until("both jobs were scraped", async || {
        let welcome = prometheus.value("sum(sag_up{job='welcome'})").await;
        let stranger = prometheus.value("sum(up{job='stranger'})").await;
        match (welcome, stranger) {
            (Some(1.0), Some(0.0)) => Ok(()),
            found => Err((found, log())),
        }
    })
    .await;
    let seen = prometheus.query("{job='stranger', __name__=~'sag_.*'}");
    assert!(seen.await.is_empty(), "a stranger came in");
}

#[tokio::test]
async fn prometheus_comes_in_over_tls_with_its_password() {
    let hash = bcrypt::hash("one", 4).unwrap();
    let users = format!("basic_auth_users:\n  prometheus: {hash}\n");
    let guarded = Guarded::start(&users, &Authority::new("nobody")).await;
    let with = |password: &str| {
        format!("}}\n  basic_auth: {{username: prometheus, password: {password}}}")
    };
    let prometheus = guarded.scraped_by(&with("one"), &with("two")).await;
    only_the_welcome_come_in(&guarded, &prometheus).await;
    let refused = "sum(sag_exporter_http_requests_total{handler='guard', code='401'}) > 0";
    until("the refusal is counted", async || {
        let count = prometheus.value(refused).await;
        count.ok_or_else(|| guarded.daemon.log())
    })
    .await;
}

#[tokio::test]
async fn prometheus_comes_in_with_its_certificate() {
    let clients = Authority::new("the authority of clients");
    let demand = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.crt\n";
    let guarded = Guarded::start(demand, &clients).await;
    let own = clients.client(Vec::new());
    own.write(guarded.dir.path(), "own");
    let other = Authority::new("another").client(Vec::new());
    other.write(guarded.dir.path(), "other");
    let with = |name: &str| format!(", cert_file: DIR/{name}.crt, key_file: DIR/{name}.key}}");
    let prometheus = guarded.scraped_by(&with("own"), &with("other")).await;
    only_the_welcome_come_in(&guarded, &prometheus).await;
    let refused = "sum(sag_exporter_http_connections_refused_total{reason='handshake'}) > 0";
    until("the refusal is counted", async || {
        let count = prometheus.value(refused).await;
        count.ok_or_else(|| guarded.daemon.log())
    })
    .await;
}
