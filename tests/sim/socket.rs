//! The cloud on a socket, read byte by byte.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use hyper::Request;
use sag_exporter::clock::Clock;
use sag_exporter::sim::{self, Cloud, Effect, Options, Rule};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::caller::{Caller, date};

struct Server {
    address: SocketAddr,
    cloud: Arc<Cloud>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

#[expect(clippy::disallowed_methods, reason = "a test may spawn what it tests")]
async fn start() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let cloud = Cloud::new(Options::default(), Clock::system()).unwrap();
    let stop = CancellationToken::new();
    let task = tokio::spawn(sim::run(listener, Arc::clone(&cloud), stop.clone()));
    Server {
        address,
        cloud,
        stop,
        task,
    }
}

impl Server {
    fn request(&self, caller: &Caller) -> String {
        raw(&caller.v3("DescribeRegions", &[], &date(self.cloud.now())))
    }

    /// Sends one request on a connection of its own, and reads to the end.
    async fn exchange(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A broken connection may end in an error; what came before it counts.
        let _broken = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }
}

fn raw(request: &Request<Bytes>) -> String {
    let mut text = format!("POST {} HTTP/1.1\r\ncontent-length: 0\r\n", request.uri());
    for (name, value) in request.headers() {
        text += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    text + "\r\n"
}

fn closing(request: &str) -> String {
    request.replace(
        "content-length: 0",
        "connection: close\r\ncontent-length: 0",
    )
}

#[tokio::test]
async fn a_connection_serves_many_calls_and_ends_with_the_server() {
    let server = start().await;
    let caller = Caller::new();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for _ in 0..3 {
        let request = server.request(&caller);
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read_answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with('}'), "{answer}");
    }
    server.stop.cancel();
    server.task.await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    assert!(TcpStream::connect(server.address).await.is_err());
}

/// Reads the head and as much of a body as the head announces.
async fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    loop {
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).await.unwrap();
        assert_ne!(count, 0, "the connection closed after {answer:?}");
        answer += std::str::from_utf8(&bytes[..count]).unwrap();
        let Some((head, body)) = answer.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.split("content-length: ").nth(1).unwrap();
        let length: usize = length.lines().next().unwrap().parse().unwrap();
        if body.len() >= length {
            return answer;
        }
    }
}

#[tokio::test]
async fn what_breaks_breaks_at_the_socket() {
    let server = start().await;
    let caller = Caller::new();
    let whole = server.exchange(&closing(&server.request(&caller))).await;
    let (_, whole_body) = whole.split_once("\r\n\r\n").unwrap();
    for (effect, expected) in [
        (Effect::Drop, None),
        (Effect::DropReply, None),
        (Effect::Truncate(20), Some(20)),
        (Effect::Truncate(100_000), Some(whole_body.len())),
        (
            Effect::Drip(std::time::Duration::from_millis(30)),
            Some(whole_body.len()),
        ),
    ] {
        server.cloud.set_faults(vec![Rule::new(effect.clone())]);
        let answer = server.exchange(&closing(&server.request(&caller))).await;
        let body = answer.split_once("\r\n\r\n").map(|(head, body)| {
            let announced = format!("content-length: {}", whole_body.len());
            assert!(head.contains(&announced), "{effect:?}: {head}");
            body.len()
        });
        assert_eq!(body, expected, "{effect:?}");
    }
    server.stop.cancel();
    server.task.await.unwrap();
}

#[tokio::test]
async fn what_is_no_request_harms_nobody() {
    let server = start().await;
    let caller = Caller::new();
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1 << 20));
    for bytes in [
        "\0\0\0\0\r\n\r\n",
        "GET /%zz?%zz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        &long,
    ] {
        let answer = server.exchange(bytes).await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let answer = server.exchange(&closing(&server.request(&caller))).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.stop.cancel();
    server.task.await.unwrap();
}
