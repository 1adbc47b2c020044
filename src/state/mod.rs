//! What survives a restart, as text: one line for each instance.
//!
//! ```text
//! {"sag_exporter_state":1,"written":1790000000,"salt":"…","fingerprint":"…"}
//! {"sag_id":"sag-1","account":"main","at":1790000000,"users":[["…",1790000000]],…}
//! {"instances":1,"sha256":"…"}
//! ```
//!
//! The first line says what the file is and in which version, the last one how
//! many instances there are and the digest of all lines before it. So a file that
//! is cut off or damaged anywhere is recognised, and a writer needs to hold no
//! more than one instance. There is no name of a user in it and no address: keys
//! stand for them ([`crate::fleet::UserKeys`]).
//!
//! This room knows no files, and no time.

mod hex;
mod raw;
mod read;
mod write;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

pub use self::read::{Damage, read};
pub use self::write::Writer;
use crate::fleet::{self, Salt, UserKey};
use crate::model::SagId;
use crate::rules;

/// What all of a state have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// When it was written.
    pub written: Timestamp,
    /// The salt of its keys.
    pub salt: Salt,
    /// What tells whether keys can be compared with those of the state.
    pub fingerprint: UserKey,
}

/// What was kept of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The instance.
    pub sag_id: SagId,
    /// What the fleet remembers.
    pub fleet: fleet::Memory,
    /// What the rules remember.
    pub rules: rules::Memory,
}

/// A state that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// What all of it has in common.
    pub header: Header,
    /// The instances, each once, in the order of their ids.
    pub instances: Vec<Kept>,
}

impl State {
    /// A state that says nothing.
    pub fn nothing(header: Header) -> Self {
        Self {
            header,
            instances: Vec::new(),
        }
    }

    /// Forgets everything but what stays true.
    pub fn forget_sessions(&mut self) {
        for kept in &mut self.instances {
            kept.fleet.forget_sessions();
        }
    }
}

/// No state is longer: a million users, all of them online, make 90 MB.
pub const LIMIT_BYTES: u64 = 128 << 20;

/// How the first line begins, and no other file.
const MAGIC: &str = "{\"sag_exporter_state\":";

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;

/// The last line.
fn trailer(instances: u64, digest: [u8; 32]) -> String {
    let digest = hex::Hex(digest);
    format!("{{\"instances\":{instances},\"sha256\":\"{digest}\"}}\n")
}
