//! The exposition: which part of it, in which format, in which coding.

use std::iter;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue, VARY};
use hyper::{Request, Response, StatusCode};

use super::negotiate::{Coding, Format, choose_coding, choose_format, content_type, field};
use super::published::Extent;
use super::{Published, query, respond};
use crate::httpd::Body;
use crate::telemetry::Telemetry;

/// Answers a scrape: the families of the fleet as they were published, then
/// those of the process as they are now. A scrape of one instance holds only
/// families of the fleet, so that those of the process are not scraped once for
/// each instance.
pub(super) async fn answer(
    published: &ArcSwap<Published>,
    telemetry: &Telemetry,
    request: &Request<()>,
) -> Response<Body> {
    let sag_id = match query::sag_id(request.uri().query()) {
        Ok(sag_id) => sag_id,
        Err(error) => return respond::line(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let headers = request.headers();
    let Some(coding) = choose_coding(field(headers, &ACCEPT_ENCODING).as_deref()) else {
        return varying(respond::line(
            StatusCode::NOT_ACCEPTABLE,
            "available without a content coding and as gzip",
        ));
    };
    let accept = field(headers, &ACCEPT);
    let format = choose_format(accept.as_deref(), Format::Text, &[Format::OpenMetrics]);
    // One load: whatever is swapped meanwhile, this answer is of one moment.
    let published: Arc<Published> = published.load_full();
    let Some(extent) = (match &sag_id {
        None => Some(published.whole()),
        Some(sag_id) => published.instance(sag_id),
    }) else {
        let text = "no such instance is known: the instances are listed at /api/v1/sd";
        return respond::line(StatusCode::NOT_FOUND, text);
    };
    let response = match end(&extent, telemetry, format) {
        Ok(end) => exposition(&extent, end, format, coding).await,
        Err(error) => {
            tracing::error!(%error, "the exporter's own metrics cannot be encoded");
            failure("the exporter's own metrics cannot be encoded: see the log")
        }
    };
    varying(response)
}

/// What follows the families of the fleet.
fn end(
    extent: &Extent<'_>,
    telemetry: &Telemetry,
    format: Format,
) -> Result<Vec<u8>, prometheus::Error> {
    let mut end = Vec::new();
    if extent.is_whole() {
        end = telemetry.encode_as(format)?;
    }
    end.extend_from_slice(format.end().as_bytes());
    Ok(end)
}

async fn exposition(
    extent: &Extent<'_>,
    end: Vec<u8>,
    format: Format,
    coding: Coding,
) -> Response<Body> {
    if coding == Coding::Identity {
        let (frames, known) = extent.frames(format);
        let end_bytes = u64::try_from(end.len()).unwrap_or(u64::MAX);
        let bytes = known.map(|bytes| bytes.saturating_add(end_bytes));
        let body = Body::frames(frames.chain(iter::once(end.into())), bytes);
        return respond::with_type(content_type(format), body);
    }
    let Some(prefix) = extent.gzip(format).await else {
        return failure("the metrics cannot be compressed: see the log");
    };
    let body = Body::pieces(prefix.complete(&end));
    let mut response = respond::with_type(content_type(format), body);
    let gzip = HeaderValue::from_static("gzip");
    response.headers_mut().insert(CONTENT_ENCODING, gzip);
    response
}

fn failure(text: &str) -> Response<Body> {
    respond::line(StatusCode::INTERNAL_SERVER_ERROR, text)
}

/// Tells caches what the answer depends on.
fn varying(mut response: Response<Body>) -> Response<Body> {
    let fields = HeaderValue::from_static("Accept, Accept-Encoding");
    response.headers_mut().insert(VARY, fields);
    response
}
