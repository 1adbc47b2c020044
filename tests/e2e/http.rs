//! The smallest HTTP client that a test needs: one request, one connection.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// Asks for a path, with more header fields that each end in CRLF.
pub(crate) async fn get(address: SocketAddr, path: &str, fields: &str) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(address).await?;
    // Version 1.0 makes the end of the answer the end of the connection.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    parse(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a whole answer"))
}

/// A whole answer from all bytes of a connection.
pub(crate) fn parse(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let body = bytes[end + 4..].to_vec();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let is_whole = length(&head).is_none_or(|length| length == body.len());
    is_whole.then_some(Reply { status, head, body })
}

fn length(head: &str) -> Option<usize> {
    let lines = head.lines();
    let mut values = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().ok())?
    });
    values.next()
}
