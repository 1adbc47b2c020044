//! Asking a server of this program whether it works, from the same machine.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What a server that works answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It says that it is healthy.
    Healthy,
    /// It asks who wants to know, or counts too many who do. The guard before
    /// the pages works, and more is not to be learned without a password.
    Guarded,
    /// It speaks TLS, and more is not to be learned without trust in its
    /// certificate, which bears another name than the loopback address.
    Tls,
}

/// A server does not work, or nothing shows that it does.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Nobody listens.
    #[error("nobody answers at {address}")]
    Connect {
        /// Who was asked.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The connection ended before there was an answer.
    #[error("the connection to {address} broke")]
    Broken {
        /// Who was asked.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// There was no answer in time.
    #[error("{address} did not answer within {} s", PATIENCE.as_secs())]
    Silent {
        /// Who was asked.
        address: String,
    },
    /// Something else answered than a server of this program.
    #[error("{address} did not answer in HTTP")]
    Foreign {
        /// Who was asked.
        address: String,
    },
    /// The server says that it is not healthy.
    #[error("{address} is not healthy: it answered with status {status}")]
    Unhealthy {
        /// Who was asked.
        address: String,
        /// The status of the answer.
        status: u16,
    },
}

/// Asks for `/-/healthy` at the host (a name or an address, IPv6 without
/// brackets) and port.
///
/// # Errors
///
/// If nobody answers within a few seconds, or the answer is another one.
pub async fn probe(host: &str, port: u16) -> Result<Sign, ProbeError> {
    let address = match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    let connected = in_time(TcpStream::connect((host, port)), &address).await?;
    let stream = connected.map_err(|source| ProbeError::Connect {
        address: address.clone(),
        source,
    })?;
    let answer = ask(stream, &address).await?;
    judge(&answer, address)
}

/// The beginning of the answer.
async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    address: &str,
) -> Result<Vec<u8>, ProbeError> {
    let asked = in_time(exchange(&mut stream, address), address).await?;
    asked.map_err(|source| ProbeError::Broken {
        address: address.to_owned(),
        source,
    })
}

async fn in_time<T>(work: impl Future<Output = T>, address: &str) -> Result<T, ProbeError> {
    let address = address.to_owned();
    let done = timeout(PATIENCE, work).await;
    done.map_err(|_| ProbeError::Silent { address })
}

/// Reads no further than to the first line: a connection that breaks after it
/// has answered.
async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    address: &str,
) -> io::Result<Vec<u8>> {
    let request = format!("GET /-/healthy HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(MAX_LINE_BYTES);
    while !is_enough(&answer) && stream.read_buf(&mut answer).await? > 0 {}
    Ok(answer)
}

fn is_enough(answer: &[u8]) -> bool {
    answer.len() >= MAX_LINE_BYTES || answer.first() == Some(&TLS_ALERT) || answer.contains(&b'\n')
}

fn judge(answer: &[u8], address: String) -> Result<Sign, ProbeError> {
    if answer.first() == Some(&TLS_ALERT) {
        return Ok(Sign::Tls);
    }
    match status(answer) {
        Some(200) => Ok(Sign::Healthy),
        Some(401 | 429) => Ok(Sign::Guarded),
        Some(status) => Err(ProbeError::Unhealthy { address, status }),
        None => Err(ProbeError::Foreign { address }),
    }
}

/// The status of an answer in HTTP.
fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let rest = line.strip_prefix("HTTP/1.")?;
    rest.split(' ').nth(1)?.parse().ok()
}

/// Whoever takes longer does not work as it should.
const PATIENCE: Duration = Duration::from_secs(3);

/// Longer than any status line of ours.
const MAX_LINE_BYTES: usize = 1024;

/// The type of the record with which a server that expects TLS answers to
/// plain HTTP (RFC 8446, section 5.1).
const TLS_ALERT: u8 = 21;

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn the_answer_decides() {
        let check = |answer: &[u8], expected: Result<Sign, &str>| {
            let judged = judge(answer, "host:1".to_owned()).map_err(|error| error.to_string());
            assert_eq!(judged, expected.map_err(str::to_owned), "{answer:?}");
        };
        check(b"HTTP/1.0 200 OK\r\n\r\n", Ok(Sign::Healthy));
        check(b"HTTP/1.1 200\r\n", Ok(Sign::Healthy));
        check(b"HTTP/1.1 401 Unauthorized\r\n\r\n", Ok(Sign::Guarded));
        check(b"HTTP/1.1 429 Too Many Requests\r\n", Ok(Sign::Guarded));
        check(&[21, 3, 3, 0, 2, 2, 10], Ok(Sign::Tls));
        let unhealthy = "host:1 is not healthy: it answered with status 503";
        check(b"HTTP/1.1 503 Service Unavailable\r\n", Err(unhealthy));
        for foreign in [&b""[..], b"SSH-2.0-x\r\n", b"HTTP/1.1 x\r\n", b"\xff\xfe"] {
            check(foreign, Err("host:1 did not answer in HTTP"));
        }
    }

    #[tokio::test]
    async fn nobody_at_a_closed_port() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let error = probe("127.0.0.1", port).await.unwrap_err();
        assert!(matches!(error, ProbeError::Connect { .. }), "{error:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_does_not_work() {
        let (near, _far) = tokio::io::duplex(MAX_LINE_BYTES);
        let error = ask(near, "host:1").await.unwrap_err();
        assert_eq!(error.to_string(), "host:1 did not answer within 3 s");
    }

    #[tokio::test]
    async fn an_endless_line_is_not_read_to_its_end() {
        let (near, mut far) = tokio::io::duplex(64);
        let endless = async {
            let mut sent = 0;
            while far.write_all(&[b'x'; 64]).await.is_ok() {
                sent += 64;
            }
            sent
        };
        let (answer, sent) = tokio::join!(ask(near, "host:1"), endless);
        assert!(answer.unwrap().len() <= 2 * MAX_LINE_BYTES && sent < 4 * MAX_LINE_BYTES);
    }
}
