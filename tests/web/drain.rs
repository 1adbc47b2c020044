//! How a server ends.

use std::sync::Arc;
use std::time::Duration;

use hyper::{Request, Response};
use sag_exporter::httpd::{self, Body, Drained, Handler, Limits, ServeError};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::client::{Client, within};
use crate::server::Server;

/// A handler that waits: `begun` tells that it works, `finish` lets it end.
#[derive(Clone, Default)]
struct Gate {
    begun: Arc<Notify>,
    finish: Arc<Notify>,
}

impl Gate {
    fn handler(&self) -> impl Handler + use<> {
        let gate = self.clone();
        move |request: Request<()>| {
            let gate = gate.clone();
            async move {
                if request.uri().path() == "/wait" {
                    gate.begun.notify_one();
                    gate.finish.notified().await;
                }
                Response::new(Body::from("done"))
            }
        }
    }
}

/// A server with one request in flight.
async fn busy(limits: Limits) -> (Gate, Server, Client) {
    let gate = Gate::default();
    let server = Server::start(limits, gate.handler()).await;
    let mut client = server.client().await;
    client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    within(gate.begun.notified()).await;
    (gate, server, client)
}

// On one thread every connection has heard of the shutdown before the test goes
// on, so that the response in flight must say `connection: close`.
#[tokio::test]
async fn a_response_in_flight_goes_out_while_nobody_new_comes_in() {
    let (gate, mut server, mut client) = busy(Limits::default()).await;
    let mut idle = server.client().await;
    assert_eq!(idle.get("/").await.text(), "done");
    let mut fresh = server.client().await;
    assert_eq!(
        idle.get("/").await.text(),
        "done",
        "fresh is accepted by now"
    );
    server.shutdown.cancel();
    idle.closed().await;
    fresh.closed().await;
    let refused = within(TcpStream::connect(server.address))
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    gate.finish.notify_one();
    let reply = client.reply("GET").await;
    assert_eq!(reply.fields(), ["connection: close", "content-length: 4"]);
    assert_eq!(reply.text(), "done");
    client.closed().await;
    assert_eq!(server.ended().await.unwrap(), Drained { cut: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_done_by_the_deadline_is_cut() {
    let limits = Limits {
        drain_time: Duration::from_millis(100),
        ..Limits::default()
    };
    let (_gate, mut server, mut client) = busy(limits).await;
    assert_eq!(server.stop().await.unwrap(), Drained { cut: 1 });
    client.closed().await;
    assert_eq!(server.refused("drain"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_handler_ends_the_server_with_an_error() {
    let gate = Gate::default();
    let waiting = Arc::new(gate.handler());
    let handler = move |request: Request<()>| {
        let waiting = Arc::clone(&waiting);
        async move {
            assert_ne!(request.uri().path(), "/panic", "as it should");
            waiting.handle(request).await
        }
    };
    let mut server = Server::start(Limits::default(), handler).await;
    let mut other = server.client().await;
    other.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    within(gate.begun.notified()).await;
    let mut client = server.client().await;
    client.send("GET /panic HTTP/1.1\r\nHost: x\r\n\r\n").await;
    client.closed().await;
    gate.finish.notify_one();
    assert_eq!(other.reply("GET").await.text(), "done");
    let ServeError::Panicked(source) = server.ended().await.unwrap_err();
    assert!(source.is_panic());
    assert!(
        !server.shutdown.is_cancelled(),
        "the rest is up to the caller"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_listeners_are_served_and_closed_together() {
    let mut listeners = Vec::new();
    for address in ["127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"] {
        listeners.push(TcpListener::bind(address).await.unwrap());
    }
    let addresses: Vec<_> = listeners
        .iter()
        .map(|listener| listener.local_addr().unwrap())
        .collect();
    let shutdown = CancellationToken::new();
    let telemetry = Server::start(Limits::default(), Gate::default().handler())
        .await
        .telemetry;
    let handler = Gate::default().handler();
    let server = httpd::serve(
        listeners,
        handler,
        Limits::default(),
        telemetry,
        shutdown.clone(),
    );
    let visit = async {
        for &address in &addresses {
            assert_eq!(Client::connect(address).await.get("/").await.text(), "done");
        }
        shutdown.cancel();
    };
    let (drained, ()) = within(async { tokio::join!(server, visit) }).await;
    assert_eq!(drained.unwrap(), Drained { cut: 0 });
    for address in addresses {
        let refused = within(TcpStream::connect(address)).await.unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    }
}
