//! The content coding gzip, for bodies whose larger part is known beforehand.
//!
//! A [`Prefix`] is compressed once. Each response then takes it as it is and
//! adds its own, small end. The two make one gzip member: some clients, curl
//! among them, refuse a second member after the first, so the deflate streams
//! are joined instead of the files, and the checksums are combined.

use std::io::Write as _;

use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// The beginning of a compressed body.
#[derive(Debug)]
pub struct Prefix {
    encoded: Bytes,
    crc: Crc,
    plain_bytes: u64,
}

/// A prefix in the making. Writing to it takes time in proportion: keep it off
/// the threads that serve.
#[derive(Debug)]
pub struct Compressor {
    encoder: DeflateEncoder<Vec<u8>>,
    crc: Crc,
    plain_bytes: u64,
}

impl Compressor {
    /// Nothing is compressed yet.
    pub fn new() -> Self {
        Self {
            encoder: DeflateEncoder::new(HEADER.to_vec(), LEVEL),
            crc: Crc::new(),
            plain_bytes: 0,
        }
    }

    /// Appends a piece, which is not kept.
    pub fn write(&mut self, piece: &[u8]) {
        self.crc.update(piece);
        // A usize has at most 64 bits on every platform that Rust supports.
        self.plain_bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        infallible(self.encoder.write_all(piece));
    }

    /// What was written so far.
    pub fn finish(mut self) -> Prefix {
        // Ends on a byte without ending the stream.
        infallible(self.encoder.flush());
        let mut encoded = std::mem::take(self.encoder.get_mut());
        encoded.shrink_to_fit();
        Prefix {
            encoded: encoded.into(),
            crc: self.crc,
            plain_bytes: self.plain_bytes,
        }
    }
}

impl Default for Compressor {
    fn default() -> Self {
        Self::new()
    }
}

impl Prefix {
    /// The whole body for the prefix followed by `end`. Only `end` is
    /// compressed, and nothing is copied.
    pub fn complete(&self, end: &[u8]) -> [Bytes; 2] {
        let mut crc = Crc::new();
        crc.update(end);
        let mut encoder = DeflateEncoder::new(Vec::new(), LEVEL);
        infallible(encoder.write_all(end));
        let mut rest = infallible(encoder.finish());
        let mut whole = Crc::new();
        whole.combine(&self.crc);
        whole.combine(&crc);
        rest.extend_from_slice(&whole.sum().to_le_bytes());
        rest.extend_from_slice(&whole.amount().to_le_bytes());
        [self.encoded.clone(), Bytes::from(rest)]
    }

    /// How many bytes were compressed.
    pub fn plain_bytes(&self) -> u64 {
        self.plain_bytes
    }

    /// Bytes that it takes in memory.
    pub fn encoded_bytes(&self) -> usize {
        self.encoded.len()
    }
}

#[expect(
    clippy::expect_used,
    reason = "the only sink is a Vec, which takes every write, and deflate can encode all bytes"
)]
fn infallible<T>(result: std::io::Result<T>) -> T {
    result.expect("writing into memory succeeds")
}

/// Magic number, deflate, no flags, no time, no extra flags, unknown system
/// (RFC 1952, section 2.3).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// An exposition repeats itself so much that the levels above take far longer
/// to save little.
const LEVEL: Compression = Compression::new(2);

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::bufread::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    fn decode(encoded: &[u8]) -> Vec<u8> {
        let mut decoder = GzDecoder::new(encoded);
        let mut plain = Vec::new();
        decoder.read_to_end(&mut plain).unwrap();
        assert!(decoder.into_inner().is_empty(), "more than one member");
        plain
    }

    fn compress(pieces: &[&[u8]]) -> Prefix {
        let mut compressor = Compressor::new();
        for piece in pieces {
            compressor.write(piece);
        }
        compressor.finish()
    }

    fn check(pieces: &[&[u8]], end: &[u8]) {
        let prefix = compress(pieces);
        let encoded = prefix.complete(end).concat();
        let plain = pieces.concat();
        assert_eq!(prefix.plain_bytes(), u64::try_from(plain.len()).unwrap());
        assert_eq!(decode(&encoded), [&plain, end].concat());
    }

    #[test]
    fn prefix_and_end_make_one_member() {
        check(&[], b"");
        check(&[b"a"], b"");
        check(&[b""], b"z");
        check(&[b"a 1\n", b"b 2\n"], b"c 3\n");
        let large = b"sag_up{sag_id=\"sag-1\"} 1\n".repeat(100_000);
        check(&[&large], b"end\n");
        assert!(compress(&[&large]).encoded_bytes() < 100_000);
    }

    #[test]
    fn a_prefix_serves_many_ends() {
        let prefix = compress(&[b"shared "]);
        for end in ["one", "two"] {
            let encoded = prefix.complete(end.as_bytes()).concat();
            assert_eq!(decode(&encoded), format!("shared {end}").as_bytes());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(pieces: Vec<Vec<u8>>, end: Vec<u8>) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            check(&pieces, &end);
        }
    }
}
