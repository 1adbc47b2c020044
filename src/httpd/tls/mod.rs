//! TLS between accepting a connection and serving it.
//!
//! [`Settings`] are what an operator chose; [`Terms`] are settings that were
//! proved to work; an [`Acceptor`] makes handshakes on the terms in force,
//! which can be replaced while connections come in. Nothing here reads files.

mod client;
mod identity;
mod names;
mod settings;
mod suites;
mod terms;

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::io::Transport;

pub use self::identity::{Authorities, AuthoritiesError, Identity, IdentityError};
pub use self::settings::{ClientAuth, Settings, Version};
pub use self::suites::{Group, Name, Suite};
pub use self::terms::{Terms, TermsError};

/// Makes handshakes. Cheap to clone; all clones follow the same terms.
#[derive(Debug, Clone)]
pub struct Acceptor(Arc<ArcSwap<rustls::ServerConfig>>);

impl Acceptor {
    /// Accepts connections on these terms.
    pub fn new(terms: Terms) -> Self {
        Self(Arc::new(ArcSwap::new(terms.into_config())))
    }

    /// From now on handshakes are made on other terms. Connections that are
    /// open stay open. No session of the old terms can be resumed, so that a
    /// client whose certificate is no longer accepted has to show it again.
    pub fn replace(&self, terms: Terms) {
        self.0.store(terms.into_config());
    }

    /// Makes the handshake of one connection. The caller keeps the time.
    ///
    /// # Errors
    ///
    /// If the client goes away, speaks no TLS, or does not fulfil the terms.
    pub(super) async fn handshake(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsAcceptor::from(self.0.load_full()).accept(stream).await
    }
}

/// Whether both sides agreed on HTTP/2 in the handshake.
pub(super) fn is_http2(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(terms::HTTP2)
}

impl Transport for TlsStream<TcpStream> {
    fn discard_unsent(&self) {
        self.get_ref().0.discard_unsent();
    }
}
