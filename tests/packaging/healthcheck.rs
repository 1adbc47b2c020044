//! `healthcheck`: whether it tells a daemon that works from one that does not.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Output;

use tempfile::TempDir;
use tokio::process::Command;

use crate::certificates::Authority;
use crate::demo::{Demo, PROGRAM};
use crate::wait::within;

#[tokio::test]
async fn a_daemon_that_works_is_healthy_until_it_is_gone() {
    let demo = Demo::start(&[]).await;
    let flag = demo.listen_flag();
    let port = demo.address.port();
    let everywhere = format!("--web.listen-address=:{port}");
    for flag in [&flag, &everywhere] {
        assert_says(&healthcheck(flag).await, 0, "healthy\n", "");
    }
    demo.stop("TERM").await;
    let refused = format!("error: nobody answers at 127.0.0.1:{port}: Connection refused");
    assert_says(&healthcheck(&flag).await, 1, "", &refused);
}

#[tokio::test]
async fn a_daemon_that_wants_a_password_works() {
    let dir = TempDir::new().unwrap();
    let config = dir.path().join("web.yml");
    let users = "basic_auth_users:\n  alice: \
        $2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e\n";
    fs::write(&config, users).unwrap();
    let demo = Demo::start(&[&format!("--web.config.file={}", config.display())]).await;
    let said = "it works: it wants a password or fewer requests\n";
    assert_says(&healthcheck(&demo.listen_flag()).await, 0, said, "");
    demo.stop("TERM").await;
}

#[tokio::test]
async fn a_daemon_that_wants_tls_works() {
    let dir = TempDir::new().unwrap();
    let config = dir.path().join("web.yml");
    let tls = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n";
    fs::write(&config, tls).unwrap();
    Authority::new("authority")
        .server()
        .write(dir.path(), "server");
    let demo = Demo::start(&[&format!("--web.config.file={}", config.display())]).await;
    let said = "it works: it wants TLS\n";
    assert_says(&healthcheck(&demo.listen_flag()).await, 0, said, "");
    demo.stop("TERM").await;
}

#[tokio::test]
async fn something_else_at_the_port_is_not_healthy() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let greet = tokio::task::spawn_blocking(move || {
        let (mut stream, _) = other.accept().unwrap();
        let asked = stream.read(&mut [0; 1024]).unwrap();
        assert!(asked > 0);
        stream.write_all(b"220 mail.example ready\r\n").unwrap();
    });
    let output = healthcheck(&format!("--web.listen-address={address}")).await;
    greet.await.unwrap();
    let error = format!("error: {address} did not answer in HTTP");
    assert_says(&output, 1, "", &error);
}

#[tokio::test]
async fn a_wrong_address_is_bad_usage() {
    let output = healthcheck("--web.listen-address=nowhere").await;
    assert_says(&output, 2, "", "nowhere");
}

async fn healthcheck(flag: &str) -> Output {
    let mut command = Command::new(PROGRAM);
    let run = command.args(["healthcheck", flag]).env_clear().output();
    within(run).await.unwrap()
}

fn assert_says(output: &Output, code: i32, stdout: &str, stderr_part: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), stdout);
    assert!(stderr.contains(stderr_part), "{stderr}");
    assert_eq!(stderr.is_empty(), stderr_part.is_empty(), "{stderr}");
}
