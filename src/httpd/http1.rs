//! One connection that speaks HTTP/1.0 or 1.1.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

use super::Handler;
use super::activity::Activity;
use super::body::Body;
use super::io::{Reporting, Transport};
use super::limits::Limits;
use super::shared::{Shared, ended, refuse_body};
use super::watch::overdue;

/// Serves one connection until either side ends it, its time is used up, or the
/// server stops and the response in flight has gone out.
pub(super) async fn serve<T, H>(transport: T, activity: Arc<Activity>, shared: Arc<Shared<H>>)
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
