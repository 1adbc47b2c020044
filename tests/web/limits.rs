//! Strangers that take their time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::{Request, Response};
use sag_exporter::httpd::{Body, Handler, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::client::{Client, within};
use crate::server::Server;

/// Serves a body at `/large` that no socket buffer holds, and a word anywhere
/// else. Counts the frames of large bodies that it has made.
fn site(made: &Arc<AtomicUsize>) -> impl Handler + use<> {
    let made = Arc::clone(made);
    let frame = Bytes::from(vec![b'x'; FRAME_BYTES]);
    move |request: Request<()>| {
        let (made, frame) = (Arc::clone(&made), frame.clone());
        async move {
            if request.uri().path() != "/large" {
                return Response::new(Body::from("honest"));
            }
            let frames = std::iter::repeat_with(move || {
                made.fetch_add(1, Ordering::Relaxed);
                frame.clone()
            });
            Response::new(Body::frames(frames.take(FRAMES), None))
        }
    }
}

async fn start(limits: Limits) -> (Server, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    (Server::start(limits, site(&made)).await, made)
}

/// Asks for the large body and reads no more than its head.
async fn slow_reader(server: &Server) -> Client {
    let mut client = server.client().await;
    client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 200 "));
    client
}

async fn honest(client: &mut Client) {
    let reply = client.get("/").await;
    assert_eq!((reply.status, reply.text()), (200, "honest"));
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_cut_off() {
    let limits = Limits {
        head_time: SHORT,
        ..Limits::default()
    };
    let (server, _) = start(limits).await;
    let mut silent = server.client().await;
    let mut slow = server.client().await;
    slow.send("GET / HTTP/1.1\r\nHost:").await;
    silent.closed().await;
    slow.closed().await;
    assert_eq!(server.refused("slow_request"), 2);
    let mut kept = server.client().await;
    honest(&mut kept).await;
    kept.send("GET / HT").await;
    kept.closed().await;
    assert_eq!(
        server.refused("slow_request"),
        3,
        "not only the first request"
    );
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_that_is_no_fault() {
    let limits = Limits {
        idle_time: SHORT,
        ..Limits::default()
    };
    let (mut server, _) = start(limits).await;
    let mut client = server.client().await;
    honest(&mut client).await;
    client.closed().await;
    server.stop().await.unwrap();
    assert_eq!(server.refused("idle"), 0);
}

#[tokio::test]
async fn a_reader_that_stops_is_cut_off_while_others_are_served() {
    let limits = Limits {
        stall_time: SHORT,
        ..Limits::default()
    };
    let (server, made) = start(limits).await;
    let slow = slow_reader(&server).await;
    honest(&mut server.client().await).await;
    slow.reset().await;
    assert_eq!(server.refused("slow_reader"), 1);
    honest(&mut server.client().await).await;
    let made = made.load(Ordering::Relaxed);
    assert!(made * 8 < FRAMES, "{made} frames were made for nobody");
}

/// Reading fast at first makes the kernel's buffers grow, to four megabytes and
/// more if it is let.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn little_is_kept_for_a_reader_that_began_fast_and_stopped() {
    let (server, made) = start(Limits::default()).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1024 * 1024).unwrap();
    let mut reader = within(socket.connect(server.address)).await.unwrap();
    let request = b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n";
    reader.write_all(request).await.unwrap();
    let mut buffer = vec![0; 1024 * 1024];
    let mut read = 0;
    while read < FRAMES / 4 * FRAME_BYTES {
        read += within(reader.read(&mut buffer)).await.unwrap();
    }
    let mut ahead = 0;
    while ahead < made.load(Ordering::Relaxed) {
        ahead = made.load(Ordering::Relaxed);
        for _ in 0..100 {
            honest(&mut server.client().await).await;
        }
    }
    let kept = ahead * FRAME_BYTES - read;
    assert!(kept < 3 * 1024 * 1024, "{kept} bytes are kept for nobody");
}

#[tokio::test]
async fn a_reader_that_trickles_is_cut_off() {
    let limits = Limits {
        stall_time: SHORT,
        stall_bytes: 64 * 1024 * 1024,
        ..Limits::default()
    };
    let (server, _) = start(limits).await;
    let mut slow = slow_reader(&server).await;
    let mut pace = tokio::time::interval(Duration::from_millis(5));
    let mut buffer = [0; 1024];
    let error = within(async {
        loop {
            pace.tick().await;
            if let Err(error) = slow.stream.read_exact(&mut buffer).await {
                return error;
            }
        }
    });
    assert_eq!(error.await.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(server.refused("slow_reader"), 1);
}

#[tokio::test]
async fn a_response_must_come_to_an_end() {
    let limits = Limits {
        response_time: SHORT,
        ..Limits::default()
    };
    let endless = |_| async {
        let frame = Bytes::from_static(&[0; FRAME_BYTES]);
        Response::new(Body::frames(std::iter::repeat(frame), None))
    };
    let server = Server::start(limits, endless).await;
    let mut client = server.client().await;
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut sink = tokio::io::sink();
    let copied = within(tokio::io::copy(&mut client.stream, &mut sink)).await;
    assert_eq!(
        copied.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionReset
    );
    assert_eq!(server.refused("slow_reader"), 1);
}

#[tokio::test]
async fn a_handler_must_come_to_an_end() {
    let limits = Limits {
        response_time: SHORT,
        ..Limits::default()
    };
    let server = Server::start(limits, |_| std::future::pending()).await;
    let mut client = server.client().await;
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    client.closed().await;
    assert_eq!(server.refused("slow_handler"), 1);
}

#[tokio::test]
async fn one_connection_too_many_costs_the_most_silent_its_place() {
    let limits = Limits {
        connections: 2,
        ..Limits::default()
    };
    let (server, _) = start(limits).await;
    let mut first = server.client().await;
    honest(&mut first).await;
    let mut second = server.client().await;
    honest(&mut second).await;
    honest(&mut first).await;
    let mut third = server.client().await;
    honest(&mut third).await;
    second.closed().await;
    honest(&mut first).await;
    assert_eq!(server.refused("limit"), 1);
}

#[tokio::test]
async fn whoever_opens_many_connections_gives_way_before_whoever_opens_one() {
    let limits = Limits {
        connections: 4,
        ..Limits::default()
    };
    let (server, _) = start(limits).await;
    let mut single = Client::connect_from([127, 0, 0, 2], server.address).await;
    honest(&mut single).await;
    let mut crowd = VecDeque::new();
    for _ in 0..40 {
        let mut client = server.client().await;
        honest(&mut client).await;
        crowd.push_back(client);
        if crowd.len() == limits.connections {
            crowd.pop_front().unwrap().closed().await;
        }
    }
    assert_eq!(server.refused("limit"), 37);
    honest(&mut single).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_slow_clients_keeps_nobody_out() {
    let limits = Limits {
        connections: 8,
        ..Limits::default()
    };
    let (server, _) = start(limits).await;
    let mut crowd = Vec::new();
    for _ in 0..10 {
        for _ in 0..10 {
            crowd.push(slow_reader(&server).await);
            crowd.push(server.client().await);
        }
        honest(&mut server.client().await).await;
    }
    assert!(
        server.refused("limit") >= 180,
        "{}",
        server.refused("limit")
    );
    assert_eq!(
        server.refused("slow_reader"),
        0,
        "nobody had to wait for that"
    );
}

#[tokio::test]
async fn handlers_at_work_are_not_cut_for_a_newcomer() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let gate = Arc::new(tokio::sync::Notify::new());
    let begun = Arc::new(tokio::sync::Notify::new());
    let handler = {
        let (gate, begun) = (Arc::clone(&gate), Arc::clone(&begun));
        move |_| {
            let (gate, begun) = (Arc::clone(&gate), Arc::clone(&begun));
            async move {
                begun.notify_one();
                gate.notified().await;
                Response::new(Body::from("done"))
            }
        }
    };
    let server = Server::start(limits, handler).await;
    let mut worker = server.client().await;
    worker.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    within(begun.notified()).await;
    server.client().await.closed().await;
    gate.notify_one();
    assert_eq!(worker.reply("GET").await.text(), "done");
    assert_eq!(server.refused("limit"), 1);
}

/// A limit under test. What must be faster is not limited by it.
const SHORT: Duration = Duration::from_secs(2);

const FRAME_BYTES: usize = 64 * 1024;

/// 1 GiB in all.
const FRAMES: usize = 16 * 1024;
