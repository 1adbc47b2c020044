//! What a stranger may take.

use std::time::Duration;

/// The limits of a server. Each default suits a server that a few Prometheus
/// servers and people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once, over all listeners. One more costs another its
    /// place: of the address that has the most connections, the one that has
    /// been silent for the longest. So thousands of slow clients cannot keep an
    /// honest one out. The default (512) stays below the customary limit of
    /// 1024 open files.
    pub connections: usize,
    /// Bytes of a request line with its header fields (16 KiB; browsers and
    /// proxies stay below 8 KiB).
    pub head_bytes: usize,
    /// From the first byte of a request, or from the start of a connection, to
    /// the end of the header fields (10 s).
    pub head_time: Duration,
    /// Between two requests of one connection (5 min: longer than any usual
    /// scrape interval, so that a scraper keeps its connection).
    pub idle_time: Duration,
    /// In each period of this length (10 s) a reader must take at least
    /// [`Limits::stall_bytes`] of the response, or the rest of it.
    pub stall_time: Duration,
    /// See [`Limits::stall_time`] (64 KiB: 6.4 KiB/s, a slow phone line).
    pub stall_bytes: u64,
    /// For the handler to make a response, and again for the reader to take it
    /// (2 min: no scrape timeout in use is longer).
    pub response_time: Duration,
    /// For the responses in flight to end once the server stops (10 s).
    pub drain_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            head_bytes: 16 * 1024,
            head_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(300),
            stall_time: Duration::from_secs(10),
            stall_bytes: 64 * 1024,
            response_time: Duration::from_secs(120),
            drain_time: Duration::from_secs(10),
        }
    }
}
