//! The nouns of the project, as types that cannot hold an invalid value.
//!
//! Two words need care. A *cloud account* ([`AccountName`]) is an Alibaba Cloud
//! account with its credential and its quota; it is the label `account`. A
//! *user* ([`UserName`], [`ClientUser`]) is a client account of one SAG APP
//! instance; it is the label `user`.

mod action;
mod failure;
mod instance;
mod names;
mod outcome;
mod rule;
mod units;
mod user;

pub use self::action::{Action, Collector};
pub use self::failure::{FailureKind, Severity};
pub use self::instance::Instance;
pub use self::names::{AccountName, NameError, Region, SagId, UserName};
pub use self::outcome::SweepOutcome;
pub use self::rule::Rule;
pub use self::units::{BandwidthSetting, Kbps, OutOfRange};
pub use self::user::{ClientUser, Session, UserState};
