//! The pages that programs read: the state as JSON, and the instances as
//! targets of Prometheus.

mod discovery;
mod parts;
mod status;

pub(super) use self::discovery::discovery;
pub(super) use self::status::status;
