//! The routes that people and Prometheus read.
//!
//! Everything is answered from memory: no request waits for the cloud, for a
//! sweep or for another request. A [`Router`] is a handler for
//! [`crate::httpd::serve`].

mod anomalies;
mod api;
mod compressed;
mod demand;
mod documents;
pub mod guard;
mod html;
mod lifecycle;
mod moment;
pub mod negotiate;
mod options;
mod problems;
mod published;
mod query;
mod reload;
mod respond;
mod router;
mod scrape;
mod standing;
mod status;
mod under_way;

pub use self::lifecycle::Lifecycle;
pub use self::options::{Options, PathError, TelemetryPath};
pub use self::published::Published;
pub use self::reload::{Refusal, Reload};
pub use self::router::Router;
pub use self::standing::{AccountConfiguration, Configuration, Events, Standing, StateFile};
pub use self::under_way::UnderWay;
