//! From settings to a configuration of rustls that was proved to work.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::ResolvesServerCert;
use rustls::sign::SingleCertAndKey;
use rustls::{ServerConfig, SupportedProtocolVersion, version};

use super::client;
use super::settings::{Settings, Version};
use super::suites::{Group, Suite};

/// The terms on which handshakes are made.
#[derive(Debug, Clone)]
pub struct Terms(Arc<ServerConfig>);

/// On these settings no handshake could be made.
#[derive(Debug, thiserror::Error)]
pub enum TermsError {
    /// The oldest version is newer than the newest.
    #[error("no version of TLS is left: the minimum is above the maximum")]
    NoVersion,
    /// Every suite that is listed belongs to another version.
    #[error("no cipher suite is left for TLS 1.2, and TLS 1.3 is not allowed")]
    NoSuite,
    /// The authorities of clients cannot be used.
    #[error("the authorities of clients cannot be used")]
    Authorities(#[source] rustls::server::VerifierBuilderError),
    /// rustls refuses them for a reason of its own.
    #[error("the settings do not fit together")]
    Rustls(#[from] rustls::Error),
}

impl Terms {
    /// Checks that the settings fit together.
    ///
    /// # Errors
    ///
    /// If no handshake could ever succeed.
    pub fn new(settings: &Settings) -> Result<Self, TermsError> {
        let suites_left = settings.suites.is_empty()
            || settings.max_version >= Version::Tls13
            || settings.suites.iter().any(|suite| suite.is_tls12());
        if settings.min_version > settings.max_version {
            return Err(TermsError::NoVersion);
        }
        if !suites_left {
            return Err(TermsError::NoSuite);
        }
        let provider = Arc::new(provider(&settings.suites, &settings.groups));
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions(settings))?;
        let verifier = client::verifier(settings, &provider).map_err(TermsError::Authorities)?;
        let builder = match verifier {
            None => builder.with_no_client_auth(),
            Some(verifier) => builder.with_client_cert_verifier(verifier),
        };
        let mut config = builder.with_cert_resolver(identity(settings));
        config.ignore_client_order = settings.prefer_server_order;
        config.alpn_protocols = protocols(settings.http2);
        Ok(Self(Arc::new(config)))
    }

    pub(super) fn into_config(self) -> Arc<ServerConfig> {
        self.0
    }
}

fn identity(settings: &Settings) -> Arc<dyn ResolvesServerCert> {
    let key = settings.identity.certified_key();
    Arc::new(SingleCertAndKey::from(key))
}

/// What rustls may use. As in Go, a list of suites is one for TLS 1.2; it adds
/// none of TLS 1.3 and takes none away.
fn provider(suites: &[Suite], groups: &[Group]) -> CryptoProvider {
    let mut provider = ring::default_provider();
    if !suites.is_empty() {
        provider
            .cipher_suites
            .retain(|suite| suite.tls13().is_some());
        let chosen = suites.iter().filter(|suite| suite.is_tls12());
        provider
            .cipher_suites
            .extend(chosen.map(|suite| suite.supported()));
    }
    if !groups.is_empty() {
        provider.kx_groups = groups.iter().map(|group| group.supported()).collect();
    }
    provider
}

/// The versions that are allowed and for which a suite is left.
fn versions(settings: &Settings) -> Vec<&'static SupportedProtocolVersion> {
    let has_suite = |version| match version {
        Version::Tls13 => true,
        Version::Tls12 => {
            settings.suites.is_empty() || settings.suites.iter().any(|suite| suite.is_tls12())
        }
    };
    let allowed = settings.min_version..=settings.max_version;
    [
        (Version::Tls13, &version::TLS13),
        (Version::Tls12, &version::TLS12),
    ]
    .into_iter()
    .filter(|(version, _)| allowed.contains(version) && has_suite(*version))
    .map(|(_, supported)| supported)
    .collect()
}

/// What the server speaks over TLS, by preference.
fn protocols(http2: bool) -> Vec<Vec<u8>> {
    let http1 = b"http/1.1".to_vec();
    if http2 {
        vec![HTTP2.to_vec(), http1]
    } else {
        vec![http1]
    }
}

/// The name of HTTP/2 in a handshake (RFC 9113, section 3.1).
pub(super) const HTTP2: &[u8] = b"h2";
