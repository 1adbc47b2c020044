//! When to call what.
//!
//! A [`Sweeper`] reads one cloud account in a loop: which instances there are,
//! which users each has, which sessions each user has. What it sees it reports as
//! [`Observation`]s, each instance as soon as it is done; what it did not see it
//! reports as not seen.
//!
//! *What is due* is decided in `plan` and `census`, *whether a list is whole* in
//! `pass`: both are pure. *How sessions are learned* is a strategy in `sessions`.
//! The rest carries it out. What this room refuses to know: signatures, retries
//! and rates, which are behind [`Cloud`], and what becomes of observations.

mod breaker;
mod bulk;
mod census;
mod cloud;
mod demand;
mod discovery;
mod gate;
mod instance;
mod listing;
mod news;
mod optional;
mod options;
mod pass;
mod plan;
mod progress;
mod round;
mod schedule;
mod sessions;
mod shard;
mod sweeper;
mod tally;
mod totals;

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::fleet::Observation;
use crate::telemetry::Telemetry;

pub use self::cloud::{CallError, Cloud};
pub use self::listing::{Listing, list_once};
pub use self::options::{
    AccountOptions, Options, PageSize, PageSizeError, SessionsMode, home_region,
};
pub use self::pass::Named;
pub use self::progress::Progress;
pub use self::shard::{Shard, ShardError};
pub use self::sweeper::Sweeper;

/// What a sweeper needs of the program around it.
#[derive(Clone)]
pub struct Context {
    /// Tells the time of observations.
    pub clock: Clock,
    /// Counts sweeps.
    pub telemetry: Telemetry,
    /// Where observations go. While it is full, the sweep waits.
    pub observations: mpsc::Sender<Observation>,
    /// Who listens to progress; `Arc::new(())` if nobody does.
    pub progress: Arc<dyn Progress>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}
