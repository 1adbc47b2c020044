//! The client over real sockets, against a server that answers as scripted.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test helper that meets the unexpected has to fail the test"
)]

#[path = "openapi/caller.rs"]
mod caller;
#[path = "openapi/server.rs"]
mod server;

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};
use sag_exporter::clock::Clock;
use sag_exporter::model::{Action, FailureKind};
use sag_exporter::openapi::{ApiError, Endpoint, Missing};

use self::caller::{Caller, SECRET, TOKEN};
use self::server::{Answer, Server};

const READ: Action = Action::DescribeUserOnlineClients;
const WRITE: Action = Action::ModifySmartAccessGatewayClientUser;

#[tokio::test]
async fn many_calls_share_one_connection_and_each_is_signed() {
    let server = Server::start(vec![Answer::ok(); 20]);
    let caller = Caller::new(&server.url());
    for _ in 0..20 {
        let reply = caller.call(READ).await.unwrap();
        assert_eq!(reply.request_id().as_deref(), Some("R-1"));
    }
    let host = server.host();
    let seen = server.finish();
    assert_eq!(seen.len(), 20);
    for request in &seen {
        assert_eq!(request.connection, 0);
        assert_eq!(
            request.request_line,
            "POST /?RegionId=cn-shanghai&SmartAGId=sag-1&UserName=a%20b%2Bc%40x.com HTTP/1.1"
        );
        request.check_signature(SECRET);
        for (name, expected) in [
            ("host", host.as_str()),
            ("content-length", "0"),
            ("accept", "application/json"),
            ("x-acs-action", READ.as_str()),
            ("x-acs-version", "2018-03-13"),
            ("x-acs-security-token", TOKEN),
            (
                "user-agent",
                concat!("sag-exporter/", env!("CARGO_PKG_VERSION")),
            ),
        ] {
            assert_eq!(request.header(name), expected);
        }
    }
}

#[tokio::test]
async fn a_failed_read_is_made_again_with_a_new_nonce() {
    let server = Server::start([
        Answer::new("503 Service Unavailable", "", "busy"),
        Answer::ok(),
    ]);
    let caller = Caller::new(&server.url());
    caller.call(READ).await.unwrap();
    caller.counted(READ, &[("remote", 1), ("ok", 1)]);
    let seen = server.finish();
    assert_eq!(seen.len(), 2);
    let nonces = [0, 1].map(|index: usize| seen[index].header("x-acs-signature-nonce"));
    assert_ne!(nonces[0], nonces[1]);
    for request in &seen {
        request.check_signature(SECRET);
    }
}

#[tokio::test]
async fn attempts_are_bounded_and_counted() {
    let server = Server::start(vec![Answer::error("500 Oops", "", "InternalError", "x"); 4]);
    let caller = Caller::new(&server.url());
    let error = caller.call(READ).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (FailureKind::Remote, 3));
    assert_eq!(
        error.to_string(),
        "DescribeUserOnlineClients: the cloud reported an error \
         (status 500, code InternalError, request R-2, 3 attempts): x"
    );
    caller.counted(READ, &[("remote", 3)]);
    assert_eq!(server.finish().len(), 3);
}

#[tokio::test]
async fn a_hint_is_waited_for_and_slows_the_operation_down() {
    for hint in [
        "x-acs-retry-after: 150\r\n",
        "x-ratelimit-user-api: Limit:1,Remain:0,TimeLeft:150\r\n",
    ] {
        // A refusal is the one failure after which a write may be repeated.
        for action in [READ, WRITE] {
            let refusal = Answer::error("400 Bad Request", hint, "Throttling.User", "too fast");
            let server = Server::start([refusal, Answer::ok()]);
            let caller = Caller::new(&server.url());
            let start = Instant::now();
            caller.call(action).await.unwrap();
            assert!(start.elapsed() >= Duration::from_millis(150), "{hint}");
            caller.counted(action, &[("throttled", 1), ("ok", 1)]);
            caller.shown(&format!(
                "sag_exporter_api_rate_limit{{account=\"main\",action=\"{}\"}} 500",
                action.as_str()
            ));
            assert_eq!(server.finish().len(), 2);
        }
    }
}

#[tokio::test]
async fn a_write_of_unknown_outcome_is_not_repeated() {
    for (answer, kind) in [
        (Answer::raw("").then_close(), FailureKind::Transport),
        (Answer::raw("").then_stall(), FailureKind::Timeout),
        (
            Answer::new("502 Bad Gateway", "", "<html>"),
            FailureKind::Remote,
        ),
        (Answer::new("200 OK", "", "<html>"), FailureKind::Decode),
    ] {
        for (action, requests) in [(WRITE, 1), (Action::KickOutClients, 1), (READ, 2)] {
            let server = Server::start([answer.clone(), Answer::ok()]);
            let caller = Caller::new(&server.url());
            let outcome = caller.call(action).await;
            let found = outcome.as_ref().map(|_| ()).map_err(ApiError::kind);
            let expected = if action.is_write() { Err(kind) } else { Ok(()) };
            assert_eq!(found, expected, "{action:?} {answer:?}");
            assert_eq!(server.finish().len(), requests, "{action:?} {answer:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_no_reply_says_what_it_was() {
    use FailureKind::{Decode, NotFound, Remote, Timeout, Transport};
    let html = "<html>\u{7}bad gateway for me@example.com";
    let large = "x".repeat(5000);
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1000\r\n";
    for (answer, kind, expected) in [
        (
            Answer::new("502 Bad Gateway", "", html),
            Remote,
            "(status 502): <html>\\u{7}bad gateway for [address]",
        ),
        (
            Answer::new("200 OK", "", html),
            Decode,
            "(status 200): <html>",
        ),
        (
            Answer::new("200 OK", "", r#"{"a":"#),
            Decode,
            r#"(status 200): {"a":"#,
        ),
        (Answer::new("200 OK", "", "[]"), Decode, "(status 200): []"),
        (
            Answer::new("302 Found", "location: http://127.0.0.1:1/\r\n", ""),
            Remote,
            "(status 302)",
        ),
        (
            Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{").then_close(),
            Transport,
            "broke before the answer was complete",
        ),
        (
            Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{").then_stall(),
            Timeout,
            "no complete answer from 127.0.0.1",
        ),
        (
            Answer::new("200 OK", "", &large).then_close(),
            Decode,
            "is larger than 4000 bytes",
        ),
        (
            Answer::raw(&format!("{chunked}{large}")).then_close(),
            Decode,
            "is larger than 4000 bytes",
        ),
        (
            Answer::raw("nonsense\r\n\r\n").then_close(),
            Transport,
            "broke before",
        ),
        (
            Answer::error("400 Bad Request", "", "ClientUser.NameInvalid", "bad"),
            NotFound,
            "(status 400, code ClientUser.NameInvalid, request R-2): bad",
        ),
    ] {
        let server = Server::start([answer.clone()]);
        let mut caller = Caller::new(&server.url());
        caller.once();
        let error = caller.call(READ).await.unwrap_err();
        let text = chain(&error);
        assert_eq!(error.kind(), kind, "{answer:?}: {text}");
        assert!(text.contains(expected), "{answer:?}: {text}");
        assert!(!text.contains("UserName"), "{text}");
        let missing = (kind == NotFound).then_some(Missing::User);
        assert_eq!(error.missing(), missing);
        assert_eq!(server.finish().len(), 1);
    }
}

#[tokio::test]
async fn a_refused_time_says_how_far_the_clocks_are_apart() {
    let cloud = Clock::system().now() - SignedDuration::from_mins(20);
    let date = DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&cloud)
        .unwrap();
    let headers = format!("date: {date}\r\n");
    let code = "InvalidTimeStamp.Expired";
    let server = Server::start([Answer::error("400 Bad Request", &headers, code, "old")]);
    let error = Caller::new(&server.url()).call(READ).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Auth);
    let text = error.to_string();
    assert!(text.contains("the clock here is 20m"), "{text}");
    assert!(text.contains("ahead of the cloud's: old"), "{text}");
    assert_eq!(
        error.date().map(Timestamp::as_second),
        Some(cloud.as_second())
    );
    server.finish();
}

#[tokio::test]
async fn nothing_that_can_be_printed_holds_a_secret() {
    let escaped = "t0k3n%252BMARK and t0k3n+MARK of me@example.com";
    for message in [
        format!("no. server string to sign is:POST&{escaped}"),
        format!("old token {escaped}, {SECRET}"),
    ] {
        let code = "SignatureDoesNotMatch";
        let server = Server::start([Answer::error("400 Bad Request", "", code, &message)]);
        let caller = Caller::new(&server.url());
        let error = caller.call(READ).await.unwrap_err();
        let printed = format!("{caller:?} {error:?} {error} {}", chain(&error));
        assert!(!printed.contains("MARK"), "{printed}");
        assert!(!printed.contains("example.com"), "{printed}");
        server.finish();
    }
}

#[tokio::test]
async fn an_unreachable_host_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = Caller::new(&format!("http://{host}"))
        .call(READ)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), FailureKind::Transport);
    let text = chain(&error);
    let expected =
        format!("DescribeUserOnlineClients: not answered (3 attempts): no connection to {host}: ");
    assert!(text.starts_with(&expected), "{text}");
    assert!(!text.contains("RegionId"), "{text}");
}

/// The environment of a process cannot be changed safely from inside, so the
/// test runs itself again with a proxy in the environment.
#[tokio::test]
async fn the_proxy_of_the_environment_is_used_but_not_for_loopback() {
    if let Some(url) = std::env::var_os(CHILD) {
        let direct = Caller::new(url.to_str().unwrap());
        direct.call(READ).await.unwrap();
        let proxied = Caller::new(Endpoint::default().as_str());
        let error = proxied.call(WRITE).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Transport, "{}", chain(&error));
        return;
    }
    let server = Server::start([Answer::ok()]);
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy_url = format!("http://{}", proxy.local_addr().unwrap());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "the_proxy_of_the_environment_is_used_but_not_for_loopback",
        ])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env("HTTP_PROXY", &proxy_url)
        .env("HTTPS_PROXY", &proxy_url)
        .env(CHILD, server.url())
        .spawn()
        .unwrap();
    let (mut connection, _) = proxy.accept().unwrap();
    let mut line = String::new();
    BufReader::new(&connection).read_line(&mut line).unwrap();
    connection.write_all(b"HTTP/1.1 502 No\r\n\r\n").unwrap();
    drop(connection);
    assert!(child.wait().unwrap().success());
    assert_eq!(
        line,
        "CONNECT smartag.cn-shanghai.aliyuncs.com:443 HTTP/1.1\r\n"
    );
    assert_eq!(server.finish().len(), 1);
}

/// The error with everything behind it, as the program prints it.
fn chain(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |&error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// Set where the test process is the one behind the proxy.
const CHILD: &str = "SAG_TEST_BEHIND_A_PROXY";
