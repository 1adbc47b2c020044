//! From a request to a response.

use std::sync::Arc;

use arc_swap::ArcSwap;
use hyper::header::CONTENT_LENGTH;
use hyper::{Method, Request, Response, StatusCode};

use super::moment::{Moment, Witnesses};
use super::status::StatusPage;
use super::{
    Lifecycle, Options, Published, Reload, Standing, UnderWay, api, documents, reload, respond,
    scrape,
};
use crate::clock::Clock;
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
    under_way: UnderWay,
    standing: Standing,
    clock: Clock,
}

/// A page; its name is the label `handler`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Metrics,
    Status,
    StatusJson,
    Discovery,
    Document,
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
            status: StatusPage::new(),
            options,
            published,
            telemetry,
            lifecycle,
            reload: None,
            under_way: UnderWay::new(),
            standing: Standing::new(),
            clock: Clock::system(),
        }
    }

    /// Lets requests over HTTP read the configuration anew.
    #[must_use]
    pub fn with_reload(mut self, reload: Option<Arc<dyn Reload>>) -> Self {
        self.reload = reload;
        self
    }

    /// Shows how far these sweeps are.
    #[must_use]
    pub fn with_progress(mut self, under_way: UnderWay) -> Self {
        self.under_way = under_way;
        self
    }

    /// Shows which configuration is in force, and ages by this clock.
    #[must_use]
    pub fn with_standing(mut self, standing: Standing, clock: Clock) -> Self {
        self.standing = standing;
        self.clock = clock;
        self
    }

    /// Answers one request, and counts the answer.
    pub async fn answer(&self, request: &Request<()>) -> Response<Body> {
        let page = self.page(request.uri().path());
        let response = match (page, request.method()) {
            (None, _) => respond::not_found(),
            (Some(page), &Method::GET) => self.get(page, request).await,
            (Some(page), &Method::HEAD) => without_body(self.get(page, request).await),
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
            "/api/v1/status" => Some(Page::StatusJson),
            "/api/v1/sd" => Some(Page::Discovery),
            "/-/healthy" => Some(Page::Healthy),
            "/-/ready" => Some(Page::Ready),
            path if path.starts_with("/docs/") => Some(Page::Document),
            path if path == self.options.telemetry_path.as_str() => Some(Page::Metrics),
            _ => None,
        }
    }

    async fn get(&self, page: Page, request: &Request<()>) -> Response<Body> {
        match page {
            Page::Metrics => scrape::answer(&self.published, &self.telemetry, request).await,
            Page::Status => self.at_this_moment(|moment| self.status.render(moment)),
            Page::StatusJson => self.at_this_moment(api::status),
            Page::Discovery => api::discovery(&self.options, &self.published.load(), request),
            Page::Document => {
                documents::document(request.uri().path()).unwrap_or_else(respond::not_found)
            }
            Page::Healthy => probe("healthy", self.lifecycle.healthy()),
            Page::Ready => {
                let published = self.published.load();
                probe("ready", self.lifecycle.ready(published.snapshot()))
            }
        }
    }

    fn at_this_moment(&self, answer: impl FnOnce(&Moment<'_>) -> Response<Body>) -> Response<Body> {
        let witnesses = Witnesses {
            options: &self.options,
            published: &self.published.load(),
            lifecycle: &self.lifecycle,
            under_way: &self.under_way,
            standing: &self.standing,
            telemetry: &self.telemetry,
        };
        answer(&Moment::of(&witnesses, self.clock.now()))
    }
}

impl Handler for Router {
    async fn handle(&self, request: Request<()>) -> Response<Body> {
        if request.uri().path() != reload::PATH {
            return self.answer(&request).await;
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
            Self::StatusJson => "api_status",
            Self::Discovery => "api_sd",
            Self::Document => "docs",
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

/// What HEAD answers: the header fields of GET, its length included if it is
/// known before the body is made.
fn without_body(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    if let Some(bytes) = body.remaining() {
        parts.headers.insert(CONTENT_LENGTH, bytes.into());
    }
    Response::from_parts(parts, Body::empty())
}

/// The label `handler` of requests for a page that does not exist.
const UNKNOWN_PAGE: &str = "other";
