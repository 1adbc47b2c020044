//! One scrape over one connection, read as fast as it comes and thrown away.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::process::Server;
use crate::support::Outcome;

/// How scrapes went.
pub(crate) struct Figures {
    pub(crate) cpu: Duration,
    pub(crate) median: Duration,
    pub(crate) bytes: usize,
}

/// Scrapes so many times, one after the other; the first is for warming up.
pub(crate) fn measure(server: &Server, coding: Coding, times: u32) -> Outcome<Figures> {
    once(&server.address, coding)?;
    let before = server.cpu()?;
    let mut took = Vec::new();
    let mut bytes = 0;
    for _ in 0..times {
        let (each, length) = once(&server.address, coding)?;
        took.push(each);
        bytes = length;
    }
    took.sort();
    Ok(Figures {
        cpu: (server.cpu()? - before) / times,
        median: *took.get(took.len() / 2).ok_or("at least one scrape")?,
        bytes,
    })
}

#[derive(Clone, Copy)]
pub(crate) enum Coding {
    Plain,
    Gzip,
}

/// The time from the connection to the last byte, and the number of bytes.
pub(crate) fn once(address: &str, coding: Coding) -> Outcome<(Duration, usize)> {
    let accept = match coding {
        Coding::Plain => "",
        Coding::Gzip => "Accept-Encoding: gzip\r\n",
    };
    let start = Instant::now();
    let mut stream = TcpStream::connect(address)?;
    let head = "GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n";
    stream.write_all(format!("{head}{accept}\r\n").as_bytes())?;
    let mut buffer = vec![0; 256 * 1024];
    let mut bytes = 0;
    loop {
        let read = stream.read(&mut buffer)?;
        // HTTP/1.1, or 1.0 from Python.
        if bytes == 0 && buffer.get(8..13) != Some(b" 200 ") {
            return Err(format!("{address} refuses").into());
        }
        if read == 0 {
            return Ok((start.elapsed(), bytes));
        }
        bytes += read;
    }
}
