//! The end of the daemon.

use std::net::SocketAddr;
use std::time::Duration;

use sag_exporter::sim::{Effect, NewUser, Rule};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::daemon::{Config, Daemon};
use crate::exposition::Page;
use crate::http;
use crate::simulator::{Simulator, quiet};
use crate::wait::{until, within};

#[tokio::test]
async fn sigterm_and_sigint_end_it_well() {
    for signal in ["TERM", "INT"] {
        let simulator = Simulator::start(quiet(1, 2)).await;
        let mut daemon = Daemon::start(&Config::of(simulator.address)).await;
        daemon.signal(signal);
        let status = daemon.ended().await;
        assert_eq!(status.code(), Some(0), "{}", daemon.log());
        let said = format!("signal=SIG{signal}");
        assert!(daemon.log().contains(&said), "{}", daemon.log());
        assert!(TcpStream::connect(daemon.address).await.is_err());
    }
}

#[tokio::test]
async fn a_signal_in_the_middle_of_a_sweep_does_not_wait_for_the_cloud() {
    let simulator = Simulator::start(quiet(1, 2)).await;
    let never = Duration::from_secs(3600);
    simulator.cloud.add_fault(Rule::new(Effect::Latency(never)));
    let daemon = Daemon::start(&Config::of(simulator.address)).await;
    let log = daemon.stop().await;
    assert!(!log.contains("level=error"), "{log}");
}

#[tokio::test]
async fn a_scrape_in_flight_is_finished() {
    let (simulator, mut daemon, mut scrape) = scrape_in_flight().await;
    daemon.signal("TERM");
    until("nobody new is let in", async || {
        match TcpStream::connect(daemon.address).await {
            Ok(_) => Err("still accepting"),
            Err(_) => Ok(()),
        }
    })
    .await;
    assert!(daemon.is_running(), "it waits for the scrape");
    let mut bytes = Vec::new();
    within(scrape.read_to_end(&mut bytes)).await.unwrap();
    assert!(
        bytes.len() > 1_000_000,
        "{} bytes fit into a buffer",
        bytes.len()
    );
    let page = Page::parse(http::parse(&bytes).expect("a whole answer").text());
    assert_eq!(page.differs_from(&simulator.truth()), Ok(()));
    assert_eq!(daemon.ended().await.code(), Some(0), "{}", daemon.log());
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_a_scrape_in_flight() {
    let (_simulator, mut daemon, _scrape) = scrape_in_flight().await;
    daemon.signal("INT");
    until("a person has asked twice", async || {
        if daemon.is_running() {
            daemon.signal("INT");
            return Err(daemon.log());
        }
        Ok(())
    })
    .await;
    assert_eq!(daemon.ended().await.code(), Some(1), "{}", daemon.log());
    let said = daemon.log();
    assert!(
        said.contains("error: a second SIGINT came before the end"),
        "{said}"
    );
}

/// A daemon in the middle of answering a scrape that is not read.
async fn scrape_in_flight() -> (Simulator, Daemon, TcpStream) {
    let simulator = Simulator::start(quiet(1, 0)).await;
    let sag_id = simulator.sag_ids().remove(0);
    for number in 0..USERS {
        let user = format!("{number}{}", "😀".repeat(250));
        simulator
            .cloud
            .create_user(&sag_id, &user, NewUser::default())
            .unwrap();
        simulator.cloud.login(&sag_id, &user, None).unwrap();
    }
    // So many names of such a length fill more than one query in bulk may hold.
    let config = Config::of(simulator.address)
        .interval("600s")
        .sweep_key("traffic_interval: 0s");
    let daemon = Daemon::start(&config).await;
    // Reading so long a page again and again would take most of the time.
    until("the first sweep is over", async || {
        let ready = daemon.get("/-/ready").await;
        if ready.status == 200 {
            Ok(())
        } else {
            Err(ready)
        }
    })
    .await;
    let mut scrape = slow_reader(daemon.address).await;
    scrape
        .write_all(b"GET /metrics HTTP/1.0\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    within(scrape.readable()).await.unwrap();
    (simulator, daemon, scrape)
}

/// The two ends hold back less than the answer is long, so that it waits to be
/// read.
async fn slow_reader(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 * 1024).unwrap();
    within(socket.connect(address)).await.unwrap()
}

/// With names of 1,000 bytes in eight families they make more than a megabyte.
/// That is several times what the exporter lets the kernel keep unsent and what
/// the reader lets it receive, and little enough to be read before the drain's
/// deadline on any machine.
const USERS: usize = 150;
