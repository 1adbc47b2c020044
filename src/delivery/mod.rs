//! Where events go: lines of a file and signed webhooks.
//!
//! Whoever publishes puts events into [`Outlets`], which never waits; each sink
//! has an outlet with a bounded queue and a future of its own that empties it.
//! So no sink delays another one, nor what scrapes read. An event that does not
//! arrive is counted with the reason, wherever it was lost.
//!
//! A queue belongs to the name of a sink and not to its future. A future that is
//! dropped leaves what it was at to its successor, which is how a reload changes
//! a sink without losing events.
//!
//! What is delivered is delivered at least once and in order. This room does not
//! know what the events mean.

mod file;
mod message;
mod options;
mod outlet;
mod outlets;
mod queue;
mod webhook;

pub use self::file::FileSink;
pub use self::message::{Message, SigningKey, SigningKeyError};
pub use self::options::{
    FileTarget, HookUrl, HookUrlError, Options, SinkName, SinkNameError, Webhook,
};
pub use self::outlet::{Loss, Outlet};
pub use self::outlets::Outlets;
pub use self::webhook::WebhookSink;

use std::time::Duration;

/// How long sinks go on after the end was asked for. What is still queued then
/// is lost and counted.
pub const FLUSH: Duration = Duration::from_secs(10);
