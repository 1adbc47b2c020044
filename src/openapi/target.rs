//! Where the calls for a region go.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hyper::Uri;
use hyper::header::HeaderValue;
use hyper::http::uri::{Authority, PathAndQuery, Scheme};

use super::options::Endpoint;
use crate::model::Region;

/// The endpoint of one region, ready for use in a request.
#[derive(Debug)]
pub(super) struct Target {
    scheme: Scheme,
    authority: Authority,
    /// The host as it is signed and sent: with its port unless that is the
    /// default of the scheme.
    pub(super) host: HeaderValue,
}

/// The endpoint of a region could not be used.
#[derive(Debug, thiserror::Error)]
#[error("no usable URL for region {region}")]
pub(super) struct TargetError {
    region: Region,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Target {
    fn new(endpoint: &Endpoint, region: &Region) -> Result<Self, TargetError> {
        let refuse = |source| TargetError {
            region: region.clone(),
            source,
        };
        let url = endpoint.url(region).map_err(|e| refuse(e.into()))?;
        let host = url.host_str().unwrap_or_default();
        let host = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Ok(Self {
            scheme: url.scheme().parse().map_err(|e| refuse(Box::from(e)))?,
            authority: host.parse().map_err(|e| refuse(Box::from(e)))?,
            host: host.parse().map_err(|e| refuse(Box::from(e)))?,
        })
    }

    /// The URI of a call; the query is canonical.
    pub(super) fn uri(&self, query: &str) -> Result<Uri, hyper::http::Error> {
        let path = Bytes::from(["/?", query].concat());
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(PathAndQuery::from_maybe_shared(path)?)
            .build()
    }

    /// The host and port, for messages.
    pub(super) fn name(&self) -> &str {
        self.authority.as_str()
    }
}

/// The targets that were used so far.
#[derive(Debug)]
pub(super) struct Targets {
    endpoint: Endpoint,
    known: Mutex<HashMap<Region, Arc<Target>>>,
}

impl Targets {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            known: Mutex::default(),
        }
    }

    pub(super) fn of(&self, region: &Region) -> Result<Arc<Target>, TargetError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = known.get(region) {
            return Ok(Arc::clone(target));
        }
        let target = Arc::new(Target::new(&self.endpoint, region)?);
        if known.len() < KEPT_REGIONS {
            known.insert(region.clone(), Arc::clone(&target));
        }
        Ok(target)
    }
}

/// The cloud has about 30 regions.
const KEPT_REGIONS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_carries_a_port_only_if_it_is_unusual() {
        let region = Region::parse("cn-shanghai").unwrap();
        for (endpoint, host, uri) in [
            (
                "https://smartag.{region}.aliyuncs.com",
                "smartag.cn-shanghai.aliyuncs.com",
                "https://smartag.cn-shanghai.aliyuncs.com/?A=1",
            ),
            (
                "https://sag.example:443/",
                "sag.example",
                "https://sag.example/?A=1",
            ),
            (
                "http://127.0.0.1:10725",
                "127.0.0.1:10725",
                "http://127.0.0.1:10725/?A=1",
            ),
            ("http://[::1]:80", "[::1]", "http://[::1]/?A=1"),
        ] {
            let targets = Targets::new(Endpoint::parse(endpoint).unwrap());
            let target = targets.of(&region).unwrap();
            assert_eq!(target.host, host);
            assert_eq!(target.uri("A=1").unwrap(), uri);
            assert!(Arc::ptr_eq(&target, &targets.of(&region).unwrap()));
        }
    }
}
