//! Sockets that systemd opens: the test runs itself again as the service.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use sag_exporter::httpd::systemd::{self, ActivationError};

/// Run by the tests below with sockets, and by everyone else without.
#[test]
fn a_service_takes_the_sockets_that_are_handed_over() {
    match systemd::listeners() {
        Ok(listeners) => {
            for listener in &listeners {
                println!("listens on {}", listener.local_addr().unwrap());
            }
        }
        Err(ActivationError::None) => println!("no sockets"),
        Err(ActivationError::NotTcp { number, .. }) => println!("socket {number} is not TCP"),
    }
    assert!(
        matches!(systemd::listeners(), Err(ActivationError::None)),
        "the sockets were handed over twice"
    );
}

#[test]
fn tcp_sockets_are_taken() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let listener = TcpListener::bind(address).unwrap();
        let expected = format!("listens on {}", listener.local_addr().unwrap());
        let said = service(listener.into(), "LISTEN_FDS=1 LISTEN_PID=$$");
        assert!(said.contains(&expected), "{said}");
    }
}

#[test]
fn sockets_of_another_process_are_left_alone() {
    for variables in [
        "LISTEN_FDS=1 LISTEN_PID=1",
        "LISTEN_FDS=0 LISTEN_PID=$$",
        "A=b",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let said = service(listener.into(), variables);
        assert!(said.contains("no sockets"), "{variables}: {said}");
    }
}

#[test]
fn a_socket_of_another_kind_is_refused() {
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let said = service(udp.into(), "LISTEN_FDS=1 LISTEN_PID=$$");
    assert!(said.contains("socket 1 is not TCP"), "{said}");
}

/// What the first test says as a service with this socket as descriptor 3.
fn service(socket: OwnedFd, variables: &str) -> String {
    let script = format!("{variables} exec \"$0\" \"$@\" 3<&0 </dev/null");
    let ended = Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("sockets::a_service_takes_the_sockets_that_are_handed_over")
        .stdin(Stdio::from(socket))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{said}");
    said
}
