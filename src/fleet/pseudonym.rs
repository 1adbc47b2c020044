//! Names that nobody can read and that stay the same.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::column::{Names, NamesBuilder};
use crate::secret::Secret;

/// Gives every user a pseudonym: the same one for the same name and key,
/// whenever and wherever it is asked for. Without the key nobody can tell
/// which name it stands for, not even by trying names out.
#[derive(Clone)]
pub struct Pseudonyms {
    /// Has taken the key in, which is half of the work of a short name.
    keyed: Hmac<Sha256>,
}

impl Pseudonyms {
    /// Takes a key of any length; 16 random bytes are enough.
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    pub fn new(key: &Secret) -> Self {
        let key = key.reveal().as_bytes();
        let mut keyed = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
        keyed.update(PURPOSE);
        Self { keyed }
    }

    /// The pseudonym of a user name: 24 lower-case hexadecimal digits. With 96
    /// bits no two of a million users ever share one.
    pub fn of(&self, name: &str) -> String {
        let mut text = String::with_capacity(2 * BYTES);
        self.append(name, &mut text);
        text
    }

    fn append(&self, name: &str, text: &mut String) {
        let digest = self
            .keyed
            .clone()
            .chain_update(name)
            .finalize()
            .into_bytes();
        for byte in digest.iter().take(BYTES) {
            for nibble in [byte >> 4, byte & 0x0f] {
                let digit = char::from_digit(u32::from(nibble), 16);
                text.push(digit.unwrap_or_default());
            }
        }
    }

    /// The pseudonyms of all names, row by row.
    pub(super) fn of_all(&self, names: &Names) -> Names {
        let mut builder = NamesBuilder::default();
        let mut text = String::with_capacity(2 * BYTES);
        for name in (0..names.len()).map_while(|row| names.get(row)) {
            text.clear();
            self.append(name, &mut text);
            if !builder.push(&text) {
                break;
            }
        }
        builder.finish()
    }
}

/// Two are equal if they give equal pseudonyms.
impl PartialEq for Pseudonyms {
    fn eq(&self, other: &Self) -> bool {
        self.of("") == other.of("")
    }
}

impl Eq for Pseudonyms {}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms([secret])")
    }
}

/// What the key is used for, so that it may be used for something else too.
const PURPOSE: &[u8] = b"sag-exporter label user\0";

/// How much of the digest is shown.
const BYTES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_depends_on_name_and_key_alone() {
        let key = Secret::new("0123456789abcdef");
        let one = Pseudonyms::new(&key);
        let pseudonym = one.of("alice@example.com");
        // `printf 'sag-exporter label user\0alice@example.com' |
        //  openssl dgst -sha256 -hmac 0123456789abcdef`, the first 24 digits.
        assert_eq!(pseudonym, "bbf9e512ef0fa78f7610a97d");
        assert_eq!(Pseudonyms::new(&key).of("alice@example.com"), pseudonym);
        assert_ne!(one.of("alice@example.con"), pseudonym);
        let other = Pseudonyms::new(&Secret::new("0123456789abcdeg"));
        assert_ne!(other.of("alice@example.com"), pseudonym);
        assert_ne!(one, other);
        assert_eq!(format!("{one:?}"), "Pseudonyms([secret])");
    }
}
