//! The smallest HTTP client that a test needs, over TCP or TLS: one request,
//! one connection.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::certificates::Leaf;
use crate::server::{PATIENCE, Server};

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// Asks for a path over plain TCP, with more lines in the head.
pub(crate) async fn get(server: &Server, path: &str, head: &[&str]) -> Reply {
    let stream = TcpStream::connect(server.address).await.unwrap();
    ask(stream, path, head).await.unwrap()
}

/// How a client makes its handshake.
pub(crate) struct Handshake {
    authority: String,
    certificate: Option<Leaf>,
    versions: Vec<&'static SupportedProtocolVersion>,
    provider: CryptoProvider,
    protocols: Vec<Vec<u8>>,
}

impl Handshake {
    /// One that trusts the authority of the server and leaves the rest open.
    pub(crate) fn with(server: &Server) -> Self {
        Self {
            authority: server.authority.certificate(),
            certificate: None,
            versions: rustls::ALL_VERSIONS.to_vec(),
            provider: ring::default_provider(),
            protocols: Vec::new(),
        }
    }

    pub(crate) fn showing(mut self, certificate: &Leaf) -> Self {
        self.certificate = Some(certificate.clone());
        self
    }

    pub(crate) fn trusting(mut self, authority: &str) -> Self {
        authority.clone_into(&mut self.authority);
        self
    }

    pub(crate) fn speaking(mut self, version: &'static SupportedProtocolVersion) -> Self {
        self.versions = vec![version];
        self
    }

    pub(crate) fn provided_by(mut self, provider: CryptoProvider) -> Self {
        self.provider = provider;
        self
    }

    /// Offers these protocols.
    pub(crate) fn offering(mut self, protocols: &[&str]) -> Self {
        self.protocols = protocols.iter().map(|name| (*name).into()).collect();
        self
    }

    /// Makes it.
    pub(crate) async fn connect(&self, to: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
        let connector = TlsConnector::from(Arc::new(self.config()));
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TcpStream::connect(to).await?;
        timeout(PATIENCE, connector.connect(name, stream)).await?
    }

    /// Makes it and asks for a path. In TLS 1.3 a refusal comes only after the
    /// handshake, from the client's point of view.
    pub(crate) async fn get(&self, to: SocketAddr, path: &str) -> io::Result<Reply> {
        ask(self.connect(to).await?, path, &[]).await
    }

    fn config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        for authority in certificates(&self.authority) {
            roots.add(authority).unwrap();
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(self.provider.clone()))
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match &self.certificate {
            None => builder.with_no_client_auth(),
            Some(leaf) => {
                let key = PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).unwrap();
                builder
                    .with_client_auth_cert(certificates(&leaf.certificate), key)
                    .unwrap()
            }
        };
        config.alpn_protocols.clone_from(&self.protocols);
        config
    }
}

/// Sends one request and reads until the server is done.
pub(crate) async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    path: &str,
    head: &[&str],
) -> io::Result<Reply> {
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    for line in head {
        request.push_str(line);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    let mut bytes = Vec::new();
    let talk = async {
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        stream.read_to_end(&mut bytes).await
    };
    timeout(PATIENCE, talk).await??;
    parse(&String::from_utf8_lossy(&bytes)).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn parse(text: &str) -> Option<Reply> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Some(Reply {
        status,
        headers,
        body: body.to_owned(),
    })
}

fn certificates(text: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(text.as_bytes())
        .map(Result::unwrap)
        .collect()
}
