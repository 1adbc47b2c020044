//! The operations of the SAG API as typed functions.
//!
//! [`decode`] reads the replies, in every shape in which they come. What this
//! room refuses to know: how a call is signed, paced and repeated (`openapi`),
//! and when a call is due (`sweep`).

mod client;
pub mod decode;
mod types;

pub use self::client::{BULK_LIMIT, Client};
pub use self::types::{
    Contact, Email, Gateway, Listed, Page, PageRequest, RegionEntry, Traffic, UserChange,
};
