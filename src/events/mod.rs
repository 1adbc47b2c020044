//! What happened: events from one snapshot of an instance to the next.
//!
//! A [`Chronicle`] compares what is known of an instance before and after an
//! observation and says what happened in between; a [`Scribe`] puts it into
//! words, one JSON object each, as `docs/events.md` describes them. Both are
//! pure: the time is that of the observation. Neither knows where events go.
//!
//! * Sessions start and end as the ledger counts them, so that starts minus ends
//!   is the change of the number online. What the ledger is silent about (the
//!   first look at a user, a user that was not observed) is no event.
//! * An account is created if it appears after some list was whole, and removed
//!   if it is gone from what is known, which no partial list can bring about.
//! * An attribute changed if two lists tell different values of it, however many
//!   lists in between told none.
//! * Anomalies come and go as the rules say. With an instance that is no longer
//!   watched its anomalies go, but its users are not removed and its sessions
//!   do not end: nobody saw that.

mod chronicle;
mod event;
mod kind;
mod scribe;

pub use self::chronicle::Chronicle;
pub use self::event::{Event, Origin, What};
pub use self::kind::{Kind, Kinds};
pub use self::scribe::{Naming, Record, Scribe};
