//! HTTP/1.1 over TCP, with TLS where the URL says so.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use hyper::http::uri::{Authority, Scheme};
use hyper::{Request, Response, Uri};
use reqwest::Url;

use super::{Transport, TransportError, tls};

/// The limits of connections and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpOptions {
    /// How long a connection may take to come about, TLS included.
    pub connect_timeout: Duration,
    /// How large the body of an answer may be.
    pub body_limit_bytes: usize,
    /// How many idle connections are kept for each host.
    pub idle_connections: usize,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: CONNECT_TIMEOUT,
            body_limit_bytes: BODY_LIMIT_BYTES,
            idle_connections: IDLE_CONNECTIONS,
        }
    }
}

/// Keeps connections alive; follows no redirect, keeps no cookie, repeats
/// nothing. Proxies come from the environment, but a loopback host is always
/// reached directly.
#[derive(Debug)]
pub struct HttpTransport {
    outside: reqwest::Client,
    loopback: reqwest::Client,
    origins: Origins,
    body_limit_bytes: usize,
    /// Why https does not work, if it does not.
    no_roots: Option<rustls::Error>,
}

/// The HTTP client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up")]
pub struct SetupError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl HttpTransport {
    /// Sets the client up; connects nowhere.
    ///
    /// # Errors
    ///
    /// If a proxy variable of the environment is no URL, or TLS cannot be set
    /// up.
    pub fn new(options: &HttpOptions) -> Result<Self, SetupError> {
        Self::with(options, |builder| builder)
    }

    /// The same without any proxy, for services of the machine itself.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub fn direct(options: &HttpOptions) -> Result<Self, SetupError> {
        Self::with(options, reqwest::ClientBuilder::no_proxy)
    }

    fn with(
        options: &HttpOptions,
        outside: fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Self, SetupError> {
        let (tls, no_roots) = tls::client().map_err(|e| SetupError(e.into()))?;
        let builder = || {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .http1_only()
                .tcp_nodelay(true)
                .connect_timeout(options.connect_timeout)
                .pool_max_idle_per_host(options.idle_connections)
                .pool_idle_timeout(IDLE_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
        };
        let build = |builder: reqwest::ClientBuilder| {
            let client = builder.build();
            client.map_err(|e| SetupError(e.without_url().into()))
        };
        Ok(Self {
            outside: build(outside(builder()))?,
            loopback: build(builder().no_proxy())?,
            origins: Origins::default(),
            body_limit_bytes: options.body_limit_bytes,
            no_roots,
        })
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = Host(request.uri().clone());
        let client = self.client(request.uri())?;
        let request = self.request(request)?;
        let mut response = client
            .execute(request)
            .await
            .map_err(|error| host.failed(error))?;
        let body = self.body(&mut response, &host).await?;
        let mut answer = Response::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }

    fn client(&self, uri: &Uri) -> Result<&reqwest::Client, TransportError> {
        match &self.no_roots {
            Some(reason) if uri.scheme_str() == Some("https") => Err(TransportError::Connect {
                host: Host(uri.clone()).name(),
                source: reason.clone().into(),
            }),
            _ if is_loopback(uri) => Ok(&self.loopback),
            _ => Ok(&self.outside),
        }
    }

    /// As the conversion of reqwest, which parses the whole URL in every call.
    fn request(&self, request: Request<Bytes>) -> Result<reqwest::Request, TransportError> {
        let (parts, body) = request.into_parts();
        let url = self.origins.url(&parts.uri)?;
        let mut request = reqwest::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        if !body.is_empty() {
            *request.body_mut() = Some(body.into());
        }
        Ok(request)
    }

    async fn body(
        &self,
        response: &mut reqwest::Response,
        host: &Host,
    ) -> Result<Bytes, TransportError> {
        let mut next = async || response.chunk().await.map_err(|error| host.failed(error));
        let limit_bytes = self.body_limit_bytes;
        let within = |chunk: Bytes, before: usize| {
            let fits = before.saturating_add(chunk.len()) <= limit_bytes;
            fits.then_some(chunk)
                .ok_or_else(|| TransportError::TooLarge {
                    host: host.name(),
                    limit_bytes,
                })
        };
        // Most answers are one chunk, which is handed on as it is.
        let Some(first) = next().await? else {
            return Ok(Bytes::new());
        };
        let first = within(first, 0)?;
        let Some(second) = next().await? else {
            return Ok(first);
        };
        let mut body = BytesMut::from(first);
        body.extend_from_slice(&within(second, body.len())?);
        while let Some(chunk) = next().await? {
            body.extend_from_slice(&within(chunk, body.len())?);
        }
        Ok(body.freeze())
    }
}

impl Transport for HttpTransport {
    fn send(
        &self,
        request: Request<Bytes>,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(self.exchange(request))
    }
}

/// The other side, for messages. The rest of a URL is never shown: a query can
/// hold a mail address.
struct Host(Uri);

impl Host {
    fn name(&self) -> String {
        let authority = self.0.authority();
        authority.map_or_else(String::new, ToString::to_string)
    }

    fn failed(&self, error: reqwest::Error) -> TransportError {
        let host = self.name();
        let connect = error.is_connect();
        let source = error.without_url().into();
        if connect {
            return TransportError::Connect { host, source };
        }
        TransportError::Interrupted { host, source }
    }
}

/// The origin of the last request, as a URL to which only a query needs to be
/// added. Calls come in sweeps, so that it is nearly always the same.
#[derive(Debug, Default)]
struct Origins(ArcSwapOption<Origin>);

#[derive(Debug)]
struct Origin {
    scheme: Option<Scheme>,
    authority: Option<Authority>,
    url: Url,
}

impl Origins {
    fn url(&self, uri: &Uri) -> Result<Url, TransportError> {
        let same = |last: &Origin| {
            last.authority.as_ref() == uri.authority() && last.scheme.as_ref() == uri.scheme()
        };
        if let Some(last) = self.0.load().as_ref().filter(|last| same(last)) {
            let mut url = last.url.clone();
            if uri.path() != "/" {
                url.set_path(uri.path());
            }
            url.set_query(uri.query());
            return Ok(url);
        }
        let url = Url::parse(&uri.to_string()).map_err(|error| TransportError::Unsendable {
            source: error.into(),
        })?;
        let mut base = url.clone();
        base.set_path("/");
        base.set_query(None);
        self.0.store(Some(Arc::new(Origin {
            scheme: uri.scheme().cloned(),
            authority: uri.authority().cloned(),
            url: base,
        })));
        Ok(url)
    }
}

fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// As in the official SDKs.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A page of 100 users takes about 30 kB; 50 times that would already be odd.
const BODY_LIMIT_BYTES: usize = 8 << 20;

/// More than any sensible concurrency of one account.
const IDLE_CONNECTIONS: usize = 64;

/// Shorter than the usual keep-alive of load balancers, so that a connection
/// is seldom closed by the other side just when it is used.
const IDLE_TIMEOUT: Duration = Duration::from_secs(45);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_the_same_whether_its_origin_is_known_or_not() {
        let origins = Origins::default();
        for text in [
            "http://127.0.0.1:80/?a=1",
            "http://127.0.0.1:80/?b=%20~%2A",
            "http://127.0.0.1:8080/?b=2",
            "https://127.0.0.1:8080/?b=2",
            "https://smartag.cn-shanghai.aliyuncs.com/",
            "https://smartag.cn-shanghai.aliyuncs.com/latest/api/token?x=1",
            "https://smartag.cn-shanghai.aliyuncs.com/?c=3",
        ] {
            let url = origins.url(&text.parse().unwrap()).unwrap();
            assert_eq!(url, Url::parse(text).unwrap());
        }
    }
}
