//! The signed client: credentials, transport, retry, errors.
//!
//! It knows how to make a call and when to make it again. When to call what is
//! for the sweep to decide, and what an answer means for `sag`.

mod classify;
mod client;
pub mod credentials;
mod error;
mod excerpt;
mod gate;
mod hint;
mod options;
mod reply;
mod request;
mod retry;
mod target;
pub mod transport;

pub use self::client::Client;
pub use self::error::{ApiError, Missing};
pub use self::options::{CredentialSource, Endpoint, EndpointError, Options, Retry, SecretSource};
pub use self::reply::Reply;

#[cfg(test)]
mod tests;
