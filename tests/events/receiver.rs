//! Somebody on loopback who is told of events, and answers as the test says.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What the receiver does with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// A status, with another header field that ends in CRLF.
    Status(u16, &'static str),
    /// None at all, while the connection stays open.
    Silence,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// Whether it was answered with a success.
    pub(crate) is_accepted: bool,
}

/// The receiver. It ends when this is dropped.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    _server: JoinSet<()>,
}

#[derive(Default)]
struct State {
    /// The next answers; 200 when there is none left.
    answers: VecDeque<Answer>,
    requests: Vec<Request>,
}

impl Receiver {
    pub(crate) async fn start(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            answers: answers.iter().copied().collect(),
            requests: Vec::new(),
        }));
        let mut server = JoinSet::new();
        server.spawn(serve(listener, Arc::clone(&state)));
        Self {
            address,
            state,
            _server: server,
        }
    }

    /// Every request so far, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    /// The events of the requests that were accepted.
    pub(crate) fn events(&self) -> Vec<Value> {
        let requests = self.requests().into_iter();
        let accepted = requests.filter(|request| request.is_accepted);
        accepted.flat_map(|request| request.events()).collect()
    }
}

impl Request {
    pub(crate) fn events(&self) -> Vec<Value> {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.spawn(answer(stream, Arc::clone(&state)));
    }
}

/// One request, one connection.
async fn answer(stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut stream = BufReader::new(stream);
    let Some(request) = receive(&mut stream).await else {
        return;
    };
    let answer = {
        let mut state = state.lock().unwrap();
        let answer = state.answers.pop_front().unwrap_or(Answer::Status(200, ""));
        let is_accepted = matches!(answer, Answer::Status(200..=299, _));
        state.requests.push(Request {
            is_accepted,
            ..request
        });
        answer
    };
    match answer {
        Answer::Status(code, field) => {
            let head = format!(
                "HTTP/1.1 {code} Whatever\r\n{field}Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
            // Who has gone does not hear it.
            let _ = stream.write_all(head.as_bytes()).await;
        }
        // Until the other side gives up.
        Answer::Silence => drop(stream.read_u8().await),
    }
}

/// `None` if the sender went away.
async fn receive(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut first = String::new();
    stream.read_line(&mut first).await.ok()?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request {
        path: first.split(' ').nth(1)?.to_owned(),
        headers,
        body: String::from_utf8(body).ok()?,
        is_accepted: false,
    })
}
