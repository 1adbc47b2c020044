//! The signed client: credentials, transport, retry, errors.

mod options;

pub use self::options::{CredentialSource, Endpoint, EndpointError, SecretSource};
