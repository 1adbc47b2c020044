//! A server that stands for STS, the metadata service and a credentials URI.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use sag_exporter::signature::canonical;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Asked {
    pub(crate) fn host(&self) -> &str {
        self.header("host")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// Method, host and path, for messages and tables.
    pub(crate) fn line(&self) -> String {
        format!("{} {}{}", self.method, self.host(), self.path)
    }
}

/// What the double does about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Reply(u16, String),
    /// Half of the answer, and the end of the connection.
    Cut(String),
    /// Nothing, until the double or the client goes away.
    Stall,
}

impl Answer {
    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self::Reply(200, body.into())
    }
}

type Script = dyn Fn(&Asked) -> Answer + Send + Sync;

pub(crate) struct Double {
    port: u16,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    script: Box<Script>,
    stopped: AtomicBool,
    asked: Mutex<Vec<Asked>>,
    open: Mutex<Vec<TcpStream>>,
}

impl Double {
    pub(crate) fn start(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            script: Box::new(script),
            stopped: AtomicBool::new(false),
            asked: Mutex::default(),
            open: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || serve(&listener, &serving));
        Self {
            port,
            shared,
            thread: Some(thread),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests since this was asked last.
    pub(crate) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.shared.asked.lock().unwrap())
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for stream in self.shared.open.lock().unwrap().drain(..) {
            // The other side may have closed it already.
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the thread where it waits for a connection.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(listener: &TcpListener, shared: &Arc<Shared>) {
    std::thread::scope(|scope| {
        loop {
            let (stream, _) = listener.accept().unwrap();
            if shared.stopped.load(Ordering::SeqCst) {
                break;
            }
            let handle = stream.try_clone().unwrap();
            shared.open.lock().unwrap().push(handle);
            scope.spawn(move || converse(stream, shared));
        }
        for stream in shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
}

fn converse(mut stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(asked) = read_request(&mut reader) {
        shared.asked.lock().unwrap().push(asked.clone());
        match (shared.script)(&asked) {
            Answer::Reply(status, body) => {
                let length = body.len();
                let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n");
                // A client that was told of a huge body may hang up early.
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
            Answer::Cut(body) => {
                let length = body.len() * 2;
                let head = format!("HTTP/1.1 200 x\r\ncontent-length: {length}\r\n\r\n");
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
                break;
            }
            Answer::Stall => {
                let _ = reader.read(&mut [0]);
                break;
            }
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

/// Nothing if the client closed the connection first.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = || {
        let mut line = String::new();
        let length = reader.read_line(&mut line).unwrap_or(0);
        (length > 0).then(|| line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = canonical::decode_query(query).unwrap();
    let mut headers = BTreeMap::new();
    while let Some((name, value)) = line()?.split_once(": ") {
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    Some(Asked {
        method,
        path: path.to_owned(),
        query: query.into_iter().collect(),
        headers,
    })
}
