//! What is asked of the certificates of clients.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme, crypto,
};

use super::identity::Authorities;
use super::names::Certificate;
use super::settings::{ClientAuth, Settings};

/// The verifier for these settings; `None` if no certificate is asked for.
///
/// # Errors
///
/// If the authorities of clients cannot be used.
pub(super) fn verifier(
    settings: &Settings,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, VerifierBuilderError> {
    use ClientAuth as Auth;

    let (needed, trust) = match settings.client_auth {
        Auth::NoClientCert => return Ok(None),
        Auth::RequestClientCert => (false, Trust::Anyone),
        Auth::RequireAnyClientCert => (true, Trust::Anyone),
        Auth::VerifyClientCertIfGiven => (false, trust(settings, provider)?),
        Auth::RequireAndVerifyClientCert => (true, trust(settings, provider)?),
    };
    Ok(Some(Arc::new(Verifier {
        // Whoever shows no certificate shows none of the names either.
        needed: needed || settings.client_names.is_some(),
        trust,
        names: settings.client_names.clone(),
        algorithms: provider.signature_verification_algorithms,
    })))
}

fn trust(
    settings: &Settings,
    provider: &Arc<CryptoProvider>,
) -> Result<Trust, VerifierBuilderError> {
    let Some(authorities) = &settings.client_authorities else {
        return Ok(Trust::Nobody);
    };
    let chain =
        WebPkiClientVerifier::builder_with_provider(authorities.roots(), Arc::clone(provider))
            .build()?;
    Ok(Trust::Issued {
        chain,
        authorities: authorities.clone(),
    })
}

#[derive(Debug)]
struct Verifier {
    needed: bool,
    trust: Trust,
    names: Option<Arc<[String]>>,
    algorithms: WebPkiSupportedAlgorithms,
}

#[derive(Debug)]
enum Trust {
    /// Whoever holds the key of the certificate, whatever it says.
    Anyone,
    /// No authority is configured, so nobody can be verified. (Go would trust
    /// every authority of the operating system here.)
    Nobody,
    /// Those whose certificate was issued by an authority, or is one of the
    /// configured certificates itself.
    Issued {
        chain: Arc<dyn ClientCertVerifier>,
        authorities: Authorities,
    },
}

impl Trust {
    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        match self {
            Self::Anyone => Ok(()),
            Self::Nobody => Err(CertificateError::UnknownIssuer.into()),
            Self::Issued { chain, authorities } => chain
                .verify_client_cert(end_entity, intermediates, now)
                .map(|_| ())
                .or_else(|error| accept_listed(error, authorities, end_entity, now)),
        }
    }
}

/// Certificates that people make with one `openssl req -x509` are their own
/// authority. webpki refuses an authority as a client, Go does not: what was
/// configured itself is trusted while it is valid and is meant for clients.
fn accept_listed(
    error: Error,
    authorities: &Authorities,
    end_entity: &CertificateDer<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    let is_listed = authorities
        .certificates()
        .iter()
        .any(|listed| listed == end_entity);
    if !is_listed || !is_about_the_kind(&error) {
        return Err(error);
    }
    let certificate = Certificate::parse(end_entity).ok_or(CertificateError::BadEncoding)?;
    let now = Duration::from_secs(now.as_secs());
    if !certificate.is_valid_at(now) {
        return Err(CertificateError::Expired.into());
    }
    if !certificate.is_for_clients() {
        return Err(CertificateError::InvalidPurpose.into());
    }
    Ok(())
}

/// Whether the error may be that the certificate is one of an authority. The
/// checks that this stands in for are made above.
fn is_about_the_kind(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(CertificateError::Other(_) | CertificateError::UnknownIssuer)
    )
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.needed
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        match &self.trust {
            Trust::Issued { chain, .. } => chain.root_hint_subjects(),
            Trust::Anyone | Trust::Nobody => &[],
        }
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.trust.verify(end_entity, intermediates, now)?;
        if let Some(names) = &self.names {
            let certificate =
                Certificate::parse(end_entity).ok_or(CertificateError::BadEncoding)?;
            if !certificate.has_one_of(names) {
                return Err(CertificateError::ApplicationVerificationFailure.into());
            }
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
