//! What an operator chooses about TLS.

use std::sync::Arc;

use super::identity::{Authorities, Identity};
use super::suites::{Group, Suite};

/// What an operator chose. See [`Terms::new`](super::Terms::new) for what
/// comes of it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The certificate that the server shows, with its key.
    pub identity: Identity,
    /// Whether clients show certificates, and what is asked of them.
    pub client_auth: ClientAuth,
    /// Who may have issued the certificates of clients. Only the two
    /// verifying kinds of [`ClientAuth`] look at it; without one they accept
    /// no certificate at all.
    pub client_authorities: Option<Authorities>,
    /// If given, a client must show a certificate with one of these alternative
    /// names, letter by letter.
    pub client_names: Option<Arc<[String]>>,
    /// The oldest version that is spoken.
    pub min_version: Version,
    /// The newest version that is spoken.
    pub max_version: Version,
    /// The suites of TLS 1.2 that are offered; empty for all. Those of
    /// TLS 1.3 are always offered, as in Go.
    pub suites: Vec<Suite>,
    /// The curves of the key exchange by preference; empty for all.
    pub groups: Vec<Group>,
    /// Whether the order of [`Settings::suites`] goes before the client's.
    pub prefer_server_order: bool,
    /// Whether HTTP/2 is offered beside HTTP/1.1.
    pub http2: bool,
}

/// What is asked of clients; the names are those of Go's `crypto/tls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// No certificate is asked for.
    #[default]
    NoClientCert,
    /// One is asked for, none is needed, and nobody looks who issued it.
    RequestClientCert,
    /// One is needed, but nobody looks who issued it.
    RequireAnyClientCert,
    /// None is needed, but one that is shown must be issued by an authority.
    VerifyClientCertIfGiven,
    /// One is needed that was issued by an authority.
    RequireAndVerifyClientCert,
}

/// A version of TLS. rustls speaks none before 1.2, which RFC 8996 forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}
