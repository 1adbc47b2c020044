//! HTTP/2, and what strangers could do with it.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sag_exporter::httpd::Limits;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::client::Handshake;
use crate::server::{LARGE_BYTES, PATIENCE, Server, TLS};

/// A connection with streams to open.
struct Client {
    sender: SendRequest<Full<Bytes>>,
    connection: JoinSet<hyper::Result<()>>,
}

impl Client {
    async fn new(server: &Server, window_bytes: u32) -> Self {
        let handshake = Handshake::with(server).offering(&["h2"]);
        let stream = handshake.connect(server.address).await.unwrap();
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .initial_stream_window_size(window_bytes)
            .handshake(TokioIo::new(stream))
            .await
            .unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(connection);
        Self {
            sender,
            connection: tasks,
        }
    }

    async fn ask(&mut self, path: &str, body: &'static str) -> hyper::Result<Response<Incoming>> {
        let request = Request::builder()
            .method(if body.is_empty() { "GET" } else { "POST" })
            .uri(format!("https://localhost{path}"))
            .body(Full::from(body))
            .unwrap();
        self.sender.ready().await?;
        timeout(PATIENCE, self.sender.send_request(request))
            .await
            .expect("an answer comes")
    }

    async fn get(&mut self, path: &str) -> (u16, Bytes) {
        let (head, body) = self.ask(path, "").await.unwrap().into_parts();
        let body = timeout(PATIENCE, body.collect()).await.unwrap().unwrap();
        (head.status.as_u16(), body.to_bytes())
    }
}

const WINDOW_BYTES: u32 = 64 * 1024;

#[tokio::test]
async fn streams_of_one_connection_are_answered() {
    let server = Server::new(TLS).await;
    let mut client = Client::new(&server, WINDOW_BYTES).await;
    for path in ["/metrics", "/", "/metrics"] {
        let (status, body) = client.get(path).await;
        assert_eq!(status, 200);
        assert_eq!(body, format!("sag_page{{path={path:?}}} 1\n"));
    }
    let (status, body) = client.get("/large").await;
    assert_eq!((status, body.len()), (200, LARGE_BYTES));
}

#[tokio::test]
async fn streams_do_not_wait_for_each_other() {
    let server = Server::new(TLS).await;
    let mut client = Client::new(&server, WINDOW_BYTES).await;
    let large = client.ask("/large", "").await.unwrap();
    // The large one is open and not read yet.
    assert_eq!(client.get("/metrics").await.0, 200);
    assert_eq!(client.get("/metrics").await.0, 200);
    let body = timeout(PATIENCE, large.into_body().collect()).await;
    assert_eq!(body.unwrap().unwrap().to_bytes().len(), LARGE_BYTES);
}

#[tokio::test]
async fn a_body_is_refused_and_the_connection_goes_on() {
    let server = Server::new(TLS).await;
    let mut client = Client::new(&server, WINDOW_BYTES).await;
    let refused = client.ask("/metrics", "a body").await.unwrap();
    assert_eq!(refused.status(), 413);
    assert!(!refused.headers().contains_key("connection"));
    assert_eq!(client.get("/metrics").await.0, 200);
}

#[tokio::test]
async fn users_are_asked_on_every_stream() {
    let hash = bcrypt::hash("one", 4).unwrap();
    let config = format!("{TLS}basic_auth_users: {{alice: {hash}}}\n");
    let server = Server::new(&config).await;
    let mut client = Client::new(&server, WINDOW_BYTES).await;
    for _ in 0..3 {
        assert_eq!(client.get("/metrics").await.0, 401);
    }
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut_off() {
    let limits = Limits {
        stall_time: Duration::from_secs(2),
        ..Limits::default()
    };
    let server = Server::with_limits(TLS, &[], limits).await;
    let mut client = Client::new(&server, 1024).await;
    let unread = client.ask("/large", "").await.unwrap();
    server
        .until_metric(r#"sag_exporter_http_connections_refused_total{reason="slow_reader"} 1"#)
        .await;
    drop(unread);
    let ended = timeout(PATIENCE, client.connection.join_next()).await;
    assert!(ended.is_ok(), "the connection goes on");
}

/// Small answers beside it keep the connection busy, but not the stream.
#[tokio::test]
async fn a_stream_has_an_end_whatever_the_others_do() {
    let limits = Limits {
        response_time: Duration::from_secs(2),
        ..Limits::default()
    };
    let server = Server::with_limits(TLS, &[], limits).await;
    let mut client = Client::new(&server, 1024).await;
    let unread = client.ask("/large", "").await.unwrap();
    let counted = r#"sag_exporter_http_connections_refused_total{reason="slow_reader"} 1"#;
    let others = async {
        while !server.metrics().contains(counted) {
            assert_eq!(client.get("/metrics").await.0, 200);
        }
    };
    timeout(PATIENCE, others).await.expect("the stream ends");
    assert!(unread.into_body().collect().await.is_err());
    assert_eq!(
        client.get("/metrics").await.0,
        200,
        "the connection goes on"
    );
}

#[tokio::test]
async fn an_idle_connection_outlives_the_time_of_a_head() {
    let limits = Limits {
        head_time: Duration::from_secs(2),
        ..Limits::default()
    };
    let server = Server::with_limits(TLS, &[], limits).await;
    let mut client = Client::new(&server, WINDOW_BYTES).await;
    assert_eq!(client.get("/metrics").await.0, 200);
    // Whoever says nothing at all is cut off, and by then the time is over.
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let end = timeout(PATIENCE, silent.read(&mut [0])).await.unwrap();
    assert_eq!(end.unwrap_or(0), 0);
    assert_eq!(client.get("/metrics").await.0, 200);
}
