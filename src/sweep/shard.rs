//! Which instances belong to this process, where several share the work.

use std::fmt;
use std::num::NonZeroU32;

use sha2::{Digest as _, Sha256};

use crate::model::SagId;

/// One of several processes that share the instances of the same cloud
/// accounts, written `I/N`: the number of this process, from 0, and how many
/// there are.
///
/// The processes never talk to each other. Each computes a weight for every
/// pair of process and instance, and an instance belongs to the process with
/// the highest one (rendezvous hashing). So each instance belongs to exactly
/// one of `N`, and when `N` grows by one, the only instances that move are
/// those that the new process takes, one in `N + 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: NonZeroU32,
}

/// The text is no shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is not a shard: expected I/N, the number of this process from 0 to N-1 and how \
     many there are, at most {LIMIT_SHARDS}, such as 0/3"
)]
pub struct ShardError {
    found: String,
}

impl Shard {
    /// The only process there is.
    pub const WHOLE: Self = Self {
        index: 0,
        count: NonZeroU32::MIN,
    };

    /// Reads `I/N`.
    ///
    /// # Errors
    ///
    /// Names the text and what was expected of it.
    pub fn parse(text: &str) -> Result<Self, ShardError> {
        Self::read(text).ok_or_else(|| ShardError {
            found: text.chars().take(QUOTED_CHARS).collect(),
        })
    }

    /// The number of this process, from 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many processes there are.
    pub fn count(self) -> NonZeroU32 {
        self.count
    }

    /// Whether the instance belongs to this process.
    pub fn owns(self, sag_id: &SagId) -> bool {
        // Of equal weights the first wins, so that there is always one owner.
        let owner = (0..self.count.get()).rev().max_by_key(|index| {
            // `max_by_key` takes the last of equals, and the order is reversed.
            weight(*index, sag_id)
        });
        owner == Some(self.index)
    }

    fn read(text: &str) -> Option<Self> {
        let (index, count) = text.split_once('/')?;
        let (index, count) = (number(index)?, NonZeroU32::new(number(count)?)?);
        (index < count.get() && count.get() <= LIMIT_SHARDS).then_some(Self { index, count })
    }
}

impl Default for Shard {
    fn default() -> Self {
        Self::WHOLE
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// Digits and nothing else; `parse` alone would take a sign.
fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// How much a process wants an instance: the first 64 bits of a digest, which
/// are the same on every machine and in every release. A digest, since the ids
/// of the cloud differ in few characters only.
///
/// Whoever changes this moves every instance of every installation. An id holds
/// no slash, so no two pairs are the same text.
fn weight(index: u32, sag_id: &SagId) -> u64 {
    let digest = Sha256::digest(format!("{index}/{sag_id}").as_bytes());
    let leading = digest.iter().take(8);
    leading.fold(0, |bits, byte| (bits << 8) | u64::from(*byte))
}

/// More than a cloud account may have instances (500), which makes at most a
/// thousand digests for each of them.
const LIMIT_SHARDS: u32 = 1_000;

/// How much of a wrong text an error repeats.
const QUOTED_CHARS: usize = 40;
