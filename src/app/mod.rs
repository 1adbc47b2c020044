//! The running program: object graph, named tasks, pipeline, drain order.
//!
//! A [`Daemon`] is built from a configuration without touching the network, so
//! that `check` and `serve` take the same way, and then run on listeners that
//! were bound before. This is the only room that starts tasks and the only one
//! that sees both ends of the pipeline: sweepers put observations into a
//! queue, one publisher folds them and swaps what scrapes read.
//!
//! The end comes in this order: not ready, stop accepting, stop sweeping, let
//! responses finish, deadline.

mod accounts;
mod causes;
mod cloud;
mod daemon;
mod demo;
mod examination;
pub mod gate;
mod judgement;
mod keeper;
mod keepsake;
mod life;
mod listen;
mod once;
mod publisher;
mod reload;
mod signals;
mod sinks;
mod standing;
mod store;
mod survey;
mod tasks;
pub mod users;
mod watch;
mod whois;

pub use self::cloud::ClientError;
pub use self::daemon::{Daemon, Outside, Plan, SetupError};
pub use self::demo::{Demo, DemoError};
pub use self::examination::examination;
pub use self::listen::{ListenError, listen};
pub use self::once::{Once, once};
pub use self::reload::warn_of;
pub use self::signals::{Interrupted, until_signal};
pub use self::survey::{Survey, SurveyError, survey};
pub use self::tasks::TaskError;
pub use self::users::{Users, UsersError};
pub use self::whois::{Known, whois};
