//! A client that speaks HTTP/1 by hand, so that it can also misbehave.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};

/// One connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    ahead: Vec<u8>,
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) version: String,
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(within(TcpStream::connect(address)).await.unwrap())
    }

    /// The same from another address of this machine.
    pub(crate) async fn connect_from(source: [u8; 4], address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((source, 0).into()).unwrap();
        Self::over(within(socket.connect(address)).await.unwrap())
    }

    fn over(stream: TcpStream) -> Self {
        Self {
            stream,
            ahead: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        within(self.stream.write_all(text.as_bytes()))
            .await
            .unwrap();
    }

    /// A request with only what HTTP/1.1 demands, and its response.
    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        self.request("GET", path, "").await
    }

    /// A request with more header fields, each ending in CRLF.
    pub(crate) async fn request(&mut self, method: &str, path: &str, fields: &str) -> Reply {
        self.send(&format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\n{fields}\r\n"
        ))
        .await;
        self.reply(method).await
    }

    /// The next response, to a request with this method.
    pub(crate) async fn reply(&mut self, method: &str) -> Reply {
        let head = self.head().await;
        let mut lines = head.split("\r\n");
        let mut status = lines.next().unwrap().splitn(3, ' ');
        let mut reply = Reply {
            version: status.next().unwrap().to_owned(),
            status: status.next().unwrap().parse().unwrap(),
            headers: lines
                .map(|line| line.split_once(": ").unwrap())
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: Vec::new(),
        };
        if method != "HEAD" {
            reply.body = self.body(&reply).await;
        }
        reply
    }

    /// Reads the head of a response, without the empty line.
    pub(crate) async fn head(&mut self) -> String {
        loop {
            if let Some(end) = find(&self.ahead, b"\r\n\r\n") {
                let mut head: Vec<u8> = self.ahead.drain(..end + 4).collect();
                head.truncate(end);
                return String::from_utf8(head).unwrap();
            }
            let read = self.read().await;
            assert!(read > 0, "closed within a head: {:?}", self.ahead);
        }
    }

    /// The server closes without another byte, by whatever means.
    pub(crate) async fn closed(&mut self) {
        assert_eq!(self.ahead, b"");
        let mut rest = Vec::new();
        let result = within(self.stream.read_to_end(&mut rest)).await;
        assert!(rest.is_empty(), "{:?}", String::from_utf8_lossy(&rest));
        if let Err(error) = result {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
    }

    /// The server resets the connection, although nothing is read.
    pub(crate) async fn reset(&self) {
        within(self.stream.ready(Interest::ERROR)).await.unwrap();
    }

    async fn body(&mut self, reply: &Reply) -> Vec<u8> {
        if reply.header("transfer-encoding") == Some("chunked") {
            return self.chunks().await;
        }
        let Some(length) = reply.header("content-length") else {
            while self.read().await > 0 {}
            return std::mem::take(&mut self.ahead);
        };
        self.exactly(length.parse().unwrap()).await
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            while find(&self.ahead, b"\r\n").is_none() {
                assert!(self.read().await > 0, "closed within a chunk");
            }
            let end = find(&self.ahead, b"\r\n").unwrap();
            let line: Vec<u8> = self.ahead.drain(..end + 2).collect();
            let size = std::str::from_utf8(&line[..end]).unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            let chunk = self.exactly(size + 2).await;
            body.extend_from_slice(chunk.strip_suffix(b"\r\n").unwrap());
            if size == 0 {
                return body;
            }
        }
    }

    async fn exactly(&mut self, bytes: usize) -> Vec<u8> {
        while self.ahead.len() < bytes {
            assert!(self.read().await > 0, "closed within a body");
        }
        self.ahead.drain(..bytes).collect()
    }

    async fn read(&mut self) -> usize {
        within(self.stream.read_buf(&mut self.ahead)).await.unwrap()
    }
}

impl Reply {
    /// The value of a header field that stands at most once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str());
        let first = values.next();
        assert_eq!(values.next(), None, "{name} stands twice");
        first
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The header fields in the order of the alphabet, without the date, which
    /// every response must carry.
    pub(crate) fn fields(&self) -> Vec<String> {
        assert!(self.header("date").is_some(), "{:?}", self.headers);
        let mut fields: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, _)| name != "date")
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        fields.sort();
        fields
    }
}

/// A test fails rather than hangs.
pub(crate) async fn within<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, event)
        .await
        .expect("it should have happened long ago")
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// Far more than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
