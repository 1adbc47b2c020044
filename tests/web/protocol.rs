//! What HTTP/1 says, and what those do who do not know it.

use bytes::Bytes;
use hyper::{Request, Response};
use sag_exporter::httpd::{Body, Handler, Limits};
use tokio::io::AsyncWriteExt;

use crate::client::Client;
use crate::server::Server;

/// Answers with the method and the path.
fn echo() -> impl Handler {
    |request: Request<()>| async move {
        let text = format!("{} {}", request.method(), request.uri().path());
        Response::new(Body::from(text))
    }
}

async fn start() -> Server {
    Server::start(Limits::default(), echo()).await
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let server = start().await;
    let mut client = server.client().await;
    for path in ["/a", "/b"] {
        let reply = client.get(path).await;
        assert_eq!((reply.version.as_str(), reply.status), ("HTTP/1.1", 200));
        assert_eq!(reply.fields(), ["content-length: 6"]);
        assert_eq!(reply.text(), format!("GET {path}"));
    }
    let reply = client.request("GET", "/c", "Connection: close\r\n").await;
    assert_eq!(reply.fields(), ["connection: close", "content-length: 6"]);
    client.closed().await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = start().await;
    let mut client = server.client().await;
    let requests: String = (0..40)
        .map(|i| format!("GET /{i} HTTP/1.1\r\nHost: x\r\n\r\n"))
        .collect();
    client.send(&requests).await;
    for i in 0..40 {
        assert_eq!(client.reply("GET").await.text(), format!("GET /{i}"));
    }
}

#[tokio::test]
async fn http_1_0_is_closed_unless_asked_otherwise() {
    let server = start().await;
    let mut client = server.client().await;
    client
        .send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        .await;
    let reply = client.reply("GET").await;
    assert_eq!(
        (reply.version.as_str(), reply.text()),
        ("HTTP/1.0", "GET /a")
    );
    assert_eq!(reply.header("connection"), Some("keep-alive"));
    client.send("GET /b HTTP/1.0\r\n\r\n").await;
    assert_eq!(client.reply("GET").await.text(), "GET /b");
    client.closed().await;
}

#[tokio::test]
async fn frames_are_chunked_for_1_1_and_end_with_the_connection_for_1_0() {
    let frames = |_| async {
        let frames = ["one ", "two ", "three"].map(Bytes::from);
        Response::new(Body::frames(frames.into_iter(), None))
    };
    let server = Server::start(Limits::default(), frames).await;
    let mut client = server.client().await;
    let reply = client.get("/").await;
    assert_eq!(reply.fields(), ["transfer-encoding: chunked"]);
    assert_eq!(reply.text(), "one two three");
    client.send("GET / HTTP/1.0\r\n\r\n").await;
    let reply = client.reply("GET").await;
    assert_eq!(reply.header("transfer-encoding"), None);
    assert_eq!(reply.text(), "one two three");
}

#[tokio::test]
async fn a_request_may_come_byte_by_byte_and_end_the_sending_half() {
    let server = start().await;
    let mut client = server.client().await;
    for byte in "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n".chars() {
        client.send(&byte.to_string()).await;
    }
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.reply("GET").await.text(), "GET /slow");
    client.closed().await;
}

#[tokio::test]
async fn the_absolute_form_of_a_target_is_understood() {
    let server = start().await;
    let reply = server
        .client()
        .await
        .get("http://proxy.example/a?b=c")
        .await;
    assert_eq!(reply.text(), "GET /a");
}

#[tokio::test]
async fn what_is_not_http_is_refused_and_counted() {
    let mut server = start().await;
    let attempts = [
        ("\u{16}\u{3}\u{1}\0\r\n\r\n", 400),
        ("GET / HTTP/3.7\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
    ];
    for (text, status) in attempts {
        let mut client = server.client().await;
        client.send(text).await;
        assert_eq!(client.reply("GET").await.status, status, "{text:?}");
        client.closed().await;
    }
    server.stop().await.unwrap();
    assert_eq!(server.refused("malformed"), 4);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let limits = Limits {
        head_bytes: 2048,
        ..Limits::default()
    };
    let mut server = Server::start(limits, echo()).await;
    let fits = format!("X: {}\r\n", "x".repeat(1500));
    let reply = server.client().await.request("GET", "/", &fits).await;
    assert_eq!(reply.status, 200);
    for fields in [
        format!("X: {}\r\n", "x".repeat(3000)),
        "X: x\r\n".repeat(200),
    ] {
        let mut client = server.client().await;
        assert_eq!(client.request("GET", "/", &fields).await.status, 431);
        client.closed().await;
    }
    let endless_target = format!("/{}", "x".repeat(3000));
    let mut client = server.client().await;
    let status = client.get(&endless_target).await.status;
    assert!([414, 431].contains(&status), "{status}");
    server.stop().await.unwrap();
    assert_eq!(server.refused("malformed"), 3);
}

#[tokio::test]
async fn a_body_is_refused_unread() {
    let mut server = start().await;
    for (fields, body) in [
        ("Content-Length: 5\r\n", "hello"),
        ("Content-Length: 1000000000\r\n", ""),
        ("Content-Length: 5\r\nExpect: 100-continue\r\n", ""),
        ("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
    ] {
        for method in ["GET", "POST"] {
            let mut client = server.client().await;
            refused(&mut client, method, fields, body).await;
        }
    }
    let mut client = server.client().await;
    let reply = client.request("POST", "/", "Content-Length: 0\r\n").await;
    assert_eq!(reply.text(), "POST /", "an empty body is none");
    server.stop().await.unwrap();
    let series = r#"sag_exporter_http_requests_total{code="413",handler="other"}"#;
    assert_eq!(server.counter(series), 8);
}

async fn refused(client: &mut Client, method: &str, fields: &str, body: &str) {
    let request = format!("{method} / HTTP/1.1\r\nHost: x\r\n{fields}\r\n{body}");
    client.send(&request).await;
    let reply = client.reply(method).await;
    assert_eq!(reply.status, 413, "{fields}");
    assert_eq!(
        reply.fields(),
        [
            "connection: close",
            "content-length: 30",
            "content-type: text/plain; charset=utf-8",
        ]
    );
    assert_eq!(reply.text(), "requests must not have a body\n");
    client.closed().await;
}
