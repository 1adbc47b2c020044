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
}

impl Prefix {
    /// Compresses these pieces, one after another. That takes time in proportion
    /// to them: keep it off the threads that serve.
    pub fn compress(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        let mut crc = Crc::new();
        let mut encoder = DeflateEncoder::new(HEADER.to_vec(), LEVEL);
        for piece in pieces {
            crc.update(&piece);
            infallible(encoder.write_all(&piece));
        }
        // Ends on a byte without ending the stream.
        infallible(encoder.flush());
        let encoded = Bytes::from(std::mem::take(encoder.get_mut()));
        Self { encoded, crc }
    }

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

    fn check(pieces: &[&[u8]], end: &[u8]) {
        let prefix = Prefix::compress(pieces.iter().map(|piece| Bytes::copy_from_slice(piece)));
        let encoded = prefix.complete(end).concat();
        assert_eq!(decode(&encoded), [&pieces.concat(), end].concat());
    }

    #[test]
    fn prefix_and_end_make_one_member() {
        check(&[], b"");
        check(&[b"a"], b"");
        check(&[b""], b"z");
        check(&[b"a 1\n", b"b 2\n"], b"c 3\n");
        let large = b"sag_up{sag_id=\"sag-1\"} 1\n".repeat(100_000);
        check(&[&large], b"end\n");
        assert!(Prefix::compress([Bytes::from(large)]).encoded_bytes() < 100_000);
    }

    #[test]
    fn a_prefix_serves_many_ends() {
        let prefix = Prefix::compress([Bytes::from_static(b"shared ")]);
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
