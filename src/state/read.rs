//! From lines to memories.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::raw::{First, Line};
use super::{Kept, MAGIC, State, VERSION, trailer};
use crate::model::SagId;

/// Why a state cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// There is not a byte.
    #[error("it is empty")]
    Empty,
    /// It is something else.
    #[error("it is no state of sag-exporter")]
    Foreign,
    /// It was written by a later version of the program.
    #[error("it has version {0}: expected {VERSION}")]
    Version(u32),
    /// The end is missing or not what was written.
    #[error("its last line does not fit what stands before it: it is cut off or damaged")]
    Damaged,
    /// It is whole and says what no writer says.
    #[error("line {line} is not understood: {problem}")]
    Content {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads a state.
///
/// # Errors
///
/// What is wrong with the bytes. Bytes that differ from those that were written
/// are never taken for a state.
pub fn read(bytes: &[u8]) -> Result<State, Damage> {
    let version = version(bytes)?;
    if version != VERSION {
        return Err(Damage::Version(version));
    }
    let (body, last) = split_last_line(bytes).ok_or(Damage::Damaged)?;
    let mut lines = body.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let instances = u64::try_from(lines.clone().count()).unwrap_or(u64::MAX);
    if trailer(instances, Sha256::digest(body).into()).as_bytes() != last {
        return Err(Damage::Damaged);
    }
    let header = parse::<First>(first).and_then(|first| first.header());
    let header = header.map_err(|problem| Damage::Content { line: 1, problem })?;
    let mut instances: BTreeMap<SagId, Kept> = BTreeMap::new();
    for (line, text) in (2..).zip(lines) {
        let kept = parse::<Line<'_>>(text).and_then(Line::kept);
        let kept = kept.map_err(|problem| Damage::Content { line, problem })?;
        instances.insert(kept.sag_id.clone(), kept);
    }
    Ok(State {
        header,
        instances: instances.into_values().collect(),
    })
}

fn version(bytes: &[u8]) -> Result<u32, Damage> {
    let Some(rest) = bytes.strip_prefix(MAGIC.as_bytes()) else {
        return Err(match bytes.first() {
            None => Damage::Empty,
            // What a crash of the machine may leave of a file.
            Some(0) => Damage::Damaged,
            Some(_) if MAGIC.as_bytes().starts_with(bytes) => Damage::Damaged,
            Some(_) => Damage::Foreign,
        });
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = rest.get(..digits).unwrap_or_default();
    let digits = std::str::from_utf8(digits).unwrap_or_default();
    digits.parse().map_err(|_| Damage::Damaged)
}

/// The last line with its end, and everything before it.
fn split_last_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = bytes.strip_suffix(b"\n")?;
    let end = text.iter().rposition(|byte| *byte == b'\n')? + 1;
    bytes.split_at_checked(end)
}

fn parse<'a, T: serde::Deserialize<'a>>(line: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(line).map_err(|error| error.to_string())
}
