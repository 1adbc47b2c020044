//! Certificates and keys out of PEM text.
//!
//! No error quotes what was found: it may be a key in the wrong place.

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

/// A chain of certificates with the key of the first of them.
#[derive(Clone)]
pub struct Identity(Arc<CertifiedKey>);

/// The text is no identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// There is no certificate.
    #[error("no certificate is in it: expected PEM text with a CERTIFICATE section")]
    NoCertificate,
    /// The certificates cannot be read.
    #[error("the certificates cannot be read: expected PEM text with CERTIFICATE sections")]
    BadCertificate,
    /// There is no key.
    #[error("no private key is in it: expected PEM text with a PRIVATE KEY section")]
    NoKey,
    /// The key cannot be used.
    #[error(
        "the private key cannot be used: expected one without a password, \
         RSA of 2048 to 8192 bits, ECDSA with P-256 or P-384, or Ed25519"
    )]
    BadKey,
    /// The key is another one's.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
}

impl IdentityError {
    /// Whether it is the key that must be looked at, rather than the
    /// certificates.
    pub fn concerns_key(&self) -> bool {
        matches!(self, Self::NoKey | Self::BadKey | Self::Mismatch)
    }
}

impl Identity {
    /// Reads both; the server's own certificate comes first. Sections of other
    /// kinds are passed over, so that one file may hold both.
    ///
    /// # Errors
    ///
    /// Says which of the two is wrong, or that they do not match.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let chain = certificates(chain).map_err(|_| IdentityError::BadCertificate)?;
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            pem::Error::NoItemsFound => IdentityError::NoKey,
            _ => IdentityError::BadKey,
        })?;
        let provider = rustls::crypto::ring::default_provider();
        certified(chain, key, &provider).map(|key| Self(Arc::new(key)))
    }

    pub(super) fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0)
    }
}

/// Says nothing of the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("certificates", &self.0.cert.len())
            .finish_non_exhaustive()
    }
}

/// Who issues the certificates of clients.
#[derive(Debug, Clone)]
pub struct Authorities {
    certificates: Vec<CertificateDer<'static>>,
    roots: Arc<RootCertStore>,
}

/// The text names no authorities.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthoritiesError {
    /// There is no certificate.
    #[error("no certificate is in it: expected PEM text with a CERTIFICATE section")]
    None,
    /// One of them cannot be read.
    #[error("certificate {number} cannot be read: expected PEM text with CERTIFICATE sections")]
    Bad {
        /// Which of them, from 1.
        number: usize,
    },
}

impl Authorities {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// If there is none, or one cannot be read.
    pub fn from_pem(text: &[u8]) -> Result<Self, AuthoritiesError> {
        let certificates = certificates(text).map_err(|number| AuthoritiesError::Bad { number })?;
        if certificates.is_empty() {
            return Err(AuthoritiesError::None);
        }
        let mut roots = RootCertStore::empty();
        for (number, certificate) in (1..).zip(&certificates) {
            roots
                .add(certificate.clone())
                .map_err(|_| AuthoritiesError::Bad { number })?;
        }
        Ok(Self {
            certificates,
            roots: Arc::new(roots),
        })
    }

    pub(super) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    pub(super) fn roots(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.roots)
    }
}

/// All certificates of the text, or the number of the first bad one.
fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, usize> {
    (1..)
        .zip(CertificateDer::pem_slice_iter(text))
        .map(|(number, certificate)| certificate.map_err(|_| number))
        .collect()
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, IdentityError> {
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => IdentityError::Mismatch,
        rustls::Error::InvalidCertificate(_) => IdentityError::BadCertificate,
        _ => IdentityError::BadKey,
    })
}
