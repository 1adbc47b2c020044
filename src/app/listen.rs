//! Binding the addresses to serve on, before anything else is started.

use std::io;

use tokio::net::TcpListener;

use crate::config::ListenAddress;

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct ListenError {
    address: String,
    source: io::Error,
}

/// Binds every address, or none.
///
/// # Errors
///
/// Names the first address that cannot be bound, with the reason of the system.
pub async fn listen(addresses: &[ListenAddress]) -> Result<Vec<TcpListener>, ListenError> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for address in addresses {
        let bound = bind(address).await;
        listeners.push(bound.map_err(|source| ListenError {
            address: address.to_string(),
            source,
        })?);
    }
    Ok(listeners)
}

/// The first candidate that works. A port in use is the answer of the first,
/// not a reason to take another interface.
async fn bind(address: &ListenAddress) -> io::Result<TcpListener> {
    let mut refused = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for (host, port) in address.candidates() {
        match TcpListener::bind((host.as_str(), port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}
