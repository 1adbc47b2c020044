//! A webhook on loopback that keeps the alerts it is sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The labels and the annotations of an alert that fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

/// The receiver. It ends when this is dropped.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    alerts: Arc<Mutex<Vec<Delivered>>>,
    _server: JoinSet<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let alerts = Arc::default();
        let mut server = JoinSet::new();
        server.spawn(serve(listener, Arc::clone(&alerts)));
        Self {
            address,
            alerts,
            _server: server,
        }
    }

    /// What was delivered so far, in order.
    pub(crate) fn alerts(&self) -> Vec<Delivered> {
        self.alerts.lock().unwrap().clone()
    }
}

/// One connection after the other, one request each: nobody else sends here.
async fn serve(listener: TcpListener, alerts: Arc<Mutex<Vec<Delivered>>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        if let Some(body) = receive(stream).await {
            alerts.lock().unwrap().extend(firing(&body));
        }
    }
}

/// The body of a request; `None` if the sender went away.
async fn receive(stream: TcpStream) -> Option<Value> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    stream.write_all(ANSWER).await.ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}

fn firing(message: &Value) -> Vec<Delivered> {
    let alerts = message.get("alerts").unwrap().as_array().unwrap().iter();
    alerts
        .filter(|alert| alert.get("status").unwrap() == "firing")
        .map(|alert| Delivered {
            labels: words(alert.get("labels").unwrap()),
            annotations: words(alert.get("annotations").unwrap()),
        })
        .collect()
}

fn words(pairs: &Value) -> BTreeMap<String, String> {
    let pairs = pairs.as_object().unwrap().iter();
    pairs
        .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
