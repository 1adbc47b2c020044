//! Anomalies: what a sweep shows that should not be.
//!
//! A [`Judge`] looks at an instance after each observation of it and says which
//! [anomalies](crate::fleet::Finding) are there, since when and why, and which
//! came and went. It is pure: the time is that of the observation, and the same
//! snapshots give the same verdicts. `docs/rules.md` says of each rule what it
//! looks at, where its threshold comes from, and what it cannot know.
//!
//! What all rules have in common:
//!
//! * A user that was not observed gives no evidence, neither for nor against.
//!   What was found of it stays as long as its last observation is retained,
//!   then it is silent; it is neither cleared nor found anew when the user is
//!   seen again in the same state.
//! * What may be seen in passing, while the cloud changes between two calls of
//!   one sweep, counts only if it is seen twice in a row.
//! * Where the policy expects nothing, nothing is judged.

mod accounts;
mod addresses;
mod instance;
mod judge;
mod memory;
mod options;
mod policy;
mod sessions;
mod state;
mod track;
mod view;

pub use self::judge::{Judge, Turn, Verdict};
pub use self::memory::{Memory, Notes, Recollection, Standing};
pub use self::options::Options;
pub use self::policy::{Entry, Limits, Pattern, PatternError, Policy, TooMany};
