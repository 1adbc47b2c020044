//! Nonces that were used within the window of dates.

use std::collections::{HashSet, VecDeque};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::sim::verify::WINDOW_SECONDS;

/// The memory of used nonces: 16 bytes of a digest for each.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    seen: HashSet<[u8; 16]>,
    oldest: VecDeque<(i64, [u8; 16])>,
}

impl Nonces {
    /// Remembers a nonce; false if it was used before. Once the date of a
    /// request must be too old its nonce is forgotten.
    pub(crate) fn remember(&mut self, key_id: &str, nonce: &str, now: Timestamp) -> bool {
        self.forget(now.as_second());
        let digest = digest(key_id, nonce);
        if !self.seen.insert(digest) {
            return false;
        }
        self.oldest.push_back((now.as_second(), digest));
        true
    }

    fn forget(&mut self, now: i64) {
        while let Some((second, digest)) = self.oldest.front() {
            let recent = second.abs_diff(now) <= 2 * WINDOW_SECONDS;
            if recent && self.oldest.len() < LIMIT_NONCES {
                break;
            }
            self.seen.remove(digest);
            self.oldest.pop_front();
        }
    }
}

fn digest(key_id: &str, nonce: &str) -> [u8; 16] {
    let whole = Sha256::new()
        .chain_update(key_id)
        .chain_update([0])
        .chain_update(nonce)
        .finalize();
    let mut digest = [0; 16];
    for (to, from) in digest.iter_mut().zip(whole) {
        *to = from;
    }
    digest
}

/// Half an hour of 1,000 calls a second; about 100 MB.
const LIMIT_NONCES: usize = 2_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_once_within_the_window() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut nonces = Nonces::default();
        assert!(nonces.remember("a", "n", at(1_000)));
        assert!(!nonces.remember("a", "n", at(1_000 + 1_800)));
        assert!(nonces.remember("b", "n", at(1_000)), "another key");
        assert!(nonces.remember("a", "n", at(1_000 + 1_801)));
        assert_eq!(nonces.seen.len(), nonces.oldest.len());
        assert_eq!(nonces.seen.len(), 1);
    }
}
