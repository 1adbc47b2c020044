//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::Handler;
use super::activity::Activity;
use super::body::Body;
use super::http2;
use super::io::{Reporting, Transport};
use super::limits::Limits;
use super::refusal::Refusal;
use super::tls::Acceptor;
use super::watch::overdue;
use crate::telemetry::Telemetry;

/// What all connections of a server share.
pub(super) struct Shared<H> {
    /// Makes the responses.
    pub(super) handler: H,
    /// Makes the handshakes; `None` for plain HTTP.
    pub(super) tls: Option<Acceptor>,
    /// What a client may take.
    pub(super) limits: Limits,
    /// Counts what is refused.
    pub(super) telemetry: Telemetry,
    /// Cancelled when the server stops.
    pub(super) shutdown: CancellationToken,
}

/// Makes the handshake, if there is one to make, and serves the connection.
/// Both happen here, in the connection's own task, so that a slow client keeps
/// nobody waiting. The time of the first head covers the handshake.
pub(super) async fn open<H: Handler>(
    stream: TcpStream,
    activity: Arc<Activity>,
    shared: Arc<Shared<H>>,
) {
    let Some(tls) = shared.tls.clone() else {
        return serve(stream, activity, shared).await;
    };
    let secured = tokio::select! {
        secured = tls.handshake(stream) => secured,
        refusal = overdue(&activity, &shared.limits) => return refusal.count(&shared.telemetry),
        () = shared.shutdown.cancelled() => return,
    };
    match secured {
        Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(http2::ALPN) => {
            http2::serve(stream, activity, shared).await;
        }
        Ok(stream) => serve(stream, activity, shared).await,
        Err(error) => {
            tracing::debug!(%error, "TLS handshake failed");
            Refusal::Handshake.count(&shared.telemetry);
        }
    }
}

/// Serves one connection until either side ends it, its time is used up, or the
/// server stops and the response in flight has gone out.
async fn serve<T, H>(transport: T, activity: Arc<Activity>, shared: Arc<Shared<H>>)
where
    T: Transport,
    H: Handler,
{
    let service = service_fn(|request| answer(request, &activity, &shared));
    let io = TokioIo::new(Reporting::new(transport, Arc::clone(&activity)));
    let connection = protocol(&shared.limits).serve_connection(io, service);
    let mut connection = pin!(connection);
    let mut stopping = pin!(shared.shutdown.cancelled());
    let mut time_up = pin!(overdue(&activity, &shared.limits));
    let mut draining = false;
    loop {
        tokio::select! {
            result = connection.as_mut() => return ended(result, &shared.telemetry),
            refusal = &mut time_up => return refusal.count(&shared.telemetry),
            () = &mut stopping, if !draining => {
                draining = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

fn protocol(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        // The watch beside the connection keeps all times, because idle time
        // and the time of a head differ.
        .header_read_timeout(None)
        .max_header_size(limits.head_bytes)
        .max_buf_size(BUFFER_BYTES.max(limits.head_bytes))
        // A client may close its sending half after the request, as `nc` does.
        .half_close(true);
    builder
}

/// Counts a connection that ended because of what came in.
pub(super) fn ended(result: hyper::Result<()>, telemetry: &Telemetry) {
    let Err(error) = result else { return };
    if error.is_parse() || error.is_parse_too_large() {
        Refusal::Malformed.count(telemetry);
        return;
    }
    // The client went away; nobody is left to tell.
    tracing::debug!(%error, "connection failed");
}

async fn answer<H: Handler>(
    request: Request<Incoming>,
    activity: &Arc<Activity>,
    shared: &Shared<H>,
) -> Result<Response<Tracked>, Infallible> {
    activity.request_received();
    let (parts, body) = request.into_parts();
    let response = if body.is_end_stream() {
        shared.handler.handle(Request::from_parts(parts, ())).await
    } else {
        refuse_body(&shared.telemetry)
    };
    activity.response_made();
    Ok(response.map(|body| Tracked {
        body,
        activity: Arc::clone(activity),
    }))
}

/// Answers a request that brings a body, and counts the answer.
pub(super) fn refuse_body(telemetry: &Telemetry) -> Response<Body> {
    let response = no_bodies();
    telemetry.http_request(HANDLER_OF_BODIES, response.status().as_u16());
    response
}

fn no_bodies() -> Response<Body> {
    let mut response = Response::new(Body::from("requests must not have a body\n"));
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    // The body is not read, so what follows cannot be told from it.
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A body that tells when it is done with.
struct Tracked {
    body: Body,
    activity: Arc<Activity>,
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.activity.body_ended();
    }
}

impl hyper::body::Body for Tracked {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Bytes that are read ahead. A frame is made for a slow reader when less than
/// this is left of the one before.
const BUFFER_BYTES: usize = 16 * 1024;

/// The label `handler` of requests that never reach one.
const HANDLER_OF_BODIES: &str = "other";
