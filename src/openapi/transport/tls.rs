//! TLS for outgoing connections: rustls with ring and the system's roots.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// A TLS setup of our own, so that nothing is installed for the process.
///
/// The second part says why no server can be verified, if the system has no
/// root certificates: then https is refused with that reason, while http to
/// loopback needs none.
pub(super) fn client() -> Result<(ClientConfig, Option<rustls::Error>), rustls::Error> {
    match builder()?.with_platform_verifier() {
        Ok(builder) => Ok((builder.with_no_client_auth(), None)),
        Err(reason) => {
            let config = builder()?.with_root_certificates(RootCertStore::empty());
            Ok((config.with_no_client_auth(), Some(reason)))
        }
    }
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}
