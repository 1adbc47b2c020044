//! From a request to a response.

use std::sync::Arc;

use arc_swap::ArcSwap;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue, VARY,
};
use hyper::{Method, Request, Response, StatusCode};

use super::negotiate::{Coding, Format, choose_coding, choose_format, field};
use super::status::StatusPage;
use super::{Lifecycle, Options, Published, Reload, reload, respond};
use crate::httpd::{Body, Handler};
use crate::telemetry::Telemetry;

/// The handler of all pages.
#[derive(Debug)]
pub struct Router {
    options: Options,
    published: Arc<ArcSwap<Published>>,
    telemetry: Telemetry,
    lifecycle: Lifecycle,
    status: StatusPage,
    reload: Option<Arc<dyn Reload>>,
}

/// A page; its name is the label `handler`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Metrics,
    Status,
    Healthy,
    Ready,
}

impl Router {
    /// Answers from what is published, counted and known of the program's life.
    pub fn new(
        options: Options,
        published: Arc<ArcSwap<Published>>,
        telemetry: Telemetry,
        lifecycle: Lifecycle,
    ) -> Self {
        Self {
            status: StatusPage::new(&options),
            options,
            published,
            telemetry,
            lifecycle,
            reload: None,
        }
    }

    /// Lets requests over HTTP read the configuration anew.
    #[must_use]
    pub fn with_reload(mut self, reload: Option<Arc<dyn Reload>>) -> Self {
        self.reload = reload;
        self
    }

    /// Answers one request, and counts the answer.
    pub fn answer(&self, request: &Request<()>) -> Response<Body> {
        let page = self.page(request.uri().path());
        let response = match (page, request.method()) {
            (None, _) => respond::not_found(),
            (Some(page), &Method::GET) => self.get(page, request.headers()),
            (Some(page), &Method::HEAD) => without_body(self.get(page, request.headers())),
            (Some(_), _) => respond::read_only(),
        };
        let handler = page.map_or(UNKNOWN_PAGE, Page::as_str);
        self.telemetry
            .http_request(handler, response.status().as_u16());
        response
    }

    fn page(&self, path: &str) -> Option<Page> {
        match path {
            "/" => Some(Page::Status),
            "/-/healthy" => Some(Page::Healthy),
            "/-/ready" => Some(Page::Ready),
            path if path == self.options.telemetry_path.as_str() => Some(Page::Metrics),
            _ => None,
        }
    }

    fn get(&self, page: Page, headers: &HeaderMap) -> Response<Body> {
        match page {
            Page::Metrics => self.metrics(headers),
            Page::Status => self
                .status
                .render(self.published.load().snapshot(), &self.lifecycle),
            Page::Healthy => probe("healthy", self.lifecycle.healthy()),
            Page::Ready => {
                let published = self.published.load();
                probe("ready", self.lifecycle.ready(published.snapshot()))
            }
        }
    }

    /// The families of the fleet as they were published, then those of the
    /// process as they are now.
    fn metrics(&self, headers: &HeaderMap) -> Response<Body> {
        let Some(coding) = choose_coding(field(headers, &ACCEPT_ENCODING).as_deref()) else {
            return varying(respond::line(
                StatusCode::NOT_ACCEPTABLE,
                "available without a content coding and as gzip",
            ));
        };
        let format = choose_format(field(headers, &ACCEPT).as_deref(), Format::Text, &[]);
        let own = match self.telemetry.encode() {
            Ok(own) => own,
            Err(error) => {
                tracing::error!(%error, "the exporter's own metrics cannot be encoded");
                let text = "the exporter's own metrics cannot be encoded: see the log";
                return varying(respond::line(StatusCode::INTERNAL_SERVER_ERROR, text));
            }
        };
        let published = self.published.load();
        let body = match coding {
            Coding::Identity => Body::pieces([published.text(), own.into()]),
            Coding::Gzip => Body::pieces(published.gzip().complete(&own)),
        };
        let mut response = varying(respond::with_type(format.content_type(), body));
        if coding == Coding::Gzip {
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert(CONTENT_ENCODING, gzip);
        }
        response
    }
}

impl Handler for Router {
    async fn handle(&self, request: Request<()>) -> Response<Body> {
        if request.uri().path() != reload::PATH {
            return self.answer(&request);
        }
        let response = reload::answer(request.method(), self.reload.as_deref()).await;
        self.telemetry
            .http_request("reload", response.status().as_u16());
        response
    }
}

impl Page {
    fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Status => "status",
            Self::Healthy => "healthy",
            Self::Ready => "ready",
        }
    }
}

fn probe(good: &str, state: Result<(), &'static str>) -> Response<Body> {
    match state {
        Ok(()) => respond::line(StatusCode::OK, good),
        Err(reason) => respond::line(StatusCode::SERVICE_UNAVAILABLE, reason),
    }
}

/// Tells caches what the answer depends on.
fn varying(mut response: Response<Body>) -> Response<Body> {
    let fields = HeaderValue::from_static("Accept, Accept-Encoding");
    response.headers_mut().insert(VARY, fields);
    response
}

/// What HEAD answers: the header fields of GET, its length included.
fn without_body(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    if let Some(bytes) = body.remaining() {
        parts.headers.insert(CONTENT_LENGTH, bytes.into());
    }
    Response::from_parts(parts, Body::empty())
}

/// The label `handler` of requests for a page that does not exist.
const UNKNOWN_PAGE: &str = "other";
