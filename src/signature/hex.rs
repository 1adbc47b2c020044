//! Digests as text.

use sha2::{Digest, Sha256};

/// The bytes as lower-case hexadecimal digits.
pub fn lower(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0x0f));
    }
    text
}

/// The SHA-256 digest of the bytes, as lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    lower(&Sha256::digest(bytes))
}

fn digit(nibble: u8) -> char {
    match nibble {
        0..=9 => char::from(b'0' + nibble),
        _ => char::from(b'a' + (nibble & 0x0f) - 10),
    }
}
