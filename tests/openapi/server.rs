//! A server that answers as its script says and remembers what it was asked.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use sag_exporter::secret::Secret;
use sag_exporter::signature::{canonical, v3};

/// One step of a script: what is written after a request, and what then
/// becomes of the connection.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    bytes: Vec<u8>,
    then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    KeepOpen,
    Close,
    /// Says nothing more and waits until the client goes away.
    Stall,
}

impl Answer {
    /// A whole response. Header lines end with `\r\n`.
    pub(crate) fn new(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}");
        Self::raw(&text)
    }

    pub(crate) fn ok() -> Self {
        Self::new("200 OK", "", r#"{"RequestId":"R-1","Users":{}}"#)
    }

    /// A JSON error as the cloud sends it.
    pub(crate) fn error(status: &str, headers: &str, code: &str, message: &str) -> Self {
        let body = format!(r#"{{"RequestId":"R-2","Code":"{code}","Message":"{message}"}}"#);
        Self::new(status, headers, &body)
    }

    pub(crate) fn raw(text: &str) -> Self {
        Self {
            bytes: text.into(),
            then: Then::KeepOpen,
        }
    }

    pub(crate) fn then_close(mut self) -> Self {
        self.then = Then::Close;
        self
    }

    pub(crate) fn then_stall(mut self) -> Self {
        self.then = Then::Stall;
        self
    }
}

/// A request as it was on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Which connection it came on, from 0.
    pub(crate) connection: usize,
    pub(crate) request_line: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(key, _)| key == name);
        let (_, value) = values
            .next()
            .unwrap_or_else(|| panic!("{name} in {self:?}"));
        assert!(values.next().is_none(), "{name} twice in {self:?}");
        value
    }

    /// Computes the signature anew from the bytes of the wire.
    pub(crate) fn check_signature(&self, secret: &str) {
        let authorization = self.header("authorization");
        let (head, signature) = authorization.split_once(",Signature=").unwrap();
        let (_, names) = head.split_once(",SignedHeaders=").unwrap();
        let headers: Vec<_> = names
            .split(';')
            .map(|name| (name, self.header(name)))
            .collect();
        let path = self.request_line.split(' ').nth(1).unwrap();
        let query = canonical::decode_query(path.strip_prefix("/?").unwrap()).unwrap();
        let hash = self.header("x-acs-content-sha256");
        let query = canonical::query(&query);
        let request = v3::canonical_request("POST", "/", &query, &headers, hash);
        assert_eq!(v3::signature(&Secret::new(secret), &request), signature);
    }
}

pub(crate) struct Server {
    port: u16,
    shared: Arc<Shared>,
    thread: JoinHandle<Vec<Seen>>,
}

#[derive(Default)]
struct Shared {
    stopped: AtomicBool,
    open: Mutex<Option<TcpStream>>,
}

impl Server {
    pub(crate) fn start(script: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let script = script.into_iter().collect();
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || serve(&listener, script, &serving));
        Self {
            port,
            shared,
            thread,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Stops the server and returns the requests that arrived.
    pub(crate) fn finish(self) -> Vec<Seen> {
        self.shared.stopped.store(true, Ordering::SeqCst);
        if let Some(open) = self.shared.open.lock().unwrap().take() {
            // The other side may have closed it already.
            let _ = open.shutdown(Shutdown::Both);
        }
        // Wakes the thread where it waits for a connection; it may have ended.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.thread.join().unwrap()
    }
}

/// One connection after the other, until the script is over.
fn serve(listener: &TcpListener, mut script: VecDeque<Answer>, shared: &Shared) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut connection = 0;
    while !script.is_empty() {
        let (stream, _) = listener.accept().unwrap();
        if shared.stopped.load(Ordering::SeqCst) {
            break;
        }
        *shared.open.lock().unwrap() = Some(stream.try_clone().unwrap());
        converse(stream, connection, &mut script, &mut seen);
        connection += 1;
    }
    seen
}

fn converse(
    mut stream: TcpStream,
    connection: usize,
    script: &mut VecDeque<Answer>,
    seen: &mut Vec<Seen>,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while !script.is_empty() {
        let Some(request) = read_request(&mut reader, connection) else {
            break;
        };
        seen.push(request);
        let answer = script.pop_front().unwrap();
        // A client that was told of a huge body may hang up early.
        let _ = stream.write_all(&answer.bytes);
        match answer.then {
            Then::KeepOpen => {}
            Then::Close => break,
            Then::Stall => {
                let _ = reader.read(&mut [0]);
                break;
            }
        }
    }
    // Dropping it is not enough, since `Shared` holds a handle as well.
    let _ = stream.shutdown(Shutdown::Both);
}

/// Nothing if the client closed the connection first.
fn read_request(reader: &mut BufReader<TcpStream>, connection: usize) -> Option<Seen> {
    let mut line = || {
        let mut line = String::new();
        let length = reader.read_line(&mut line).unwrap_or(0);
        (length > 0).then(|| line.trim_end().to_owned())
    };
    let request_line = line()?;
    let mut headers = Vec::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    Some(Seen {
        connection,
        request_line,
        headers,
    })
}
