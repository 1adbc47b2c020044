//! One connection that speaks HTTP/2.
//!
//! Its streams share the connection's task, its limits and its watch: the
//! connection is busy as long as one stream is. What a stream may take beside
//! others is limited in number and in time.

use std::convert::Infallible;
use std::future::Future;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderValue};
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Handler;
use super::activity::Activity;
use super::body::Body;
use super::io::{Reporting, Transport};
use super::limits::Limits;
use super::refusal::Refusal;
use super::shared::{Shared, ended, refuse_body};
use super::watch::overdue;

/// Serves one connection until either side ends it, its time is used up, or the
/// server stops and the responses in flight have gone out.
pub(super) async fn serve<T, H>(transport: T, activity: Arc<Activity>, shared: Arc<Shared<H>>)
where
    T: Transport,
    H: Handler,
{
    let (tasks, mut started) = mpsc::unbounded_channel();
    let open = Arc::new(OpenStreams::new(Arc::clone(&activity)));
    let service = service_fn(|request| {
        let (open, shared) = (Arc::clone(&open), Arc::clone(&shared));
        async move { Ok::<_, Infallible>(answer(request, &open, &shared).await) }
    });
    let io = TokioIo::new(Reporting::of_frames(transport, Arc::clone(&activity)));
    let connection = protocol(Tasks(tasks), &shared.limits).serve_connection(io, service);
    let mut connection = pin!(connection);
    let mut streams = FuturesUnordered::new();
    let mut stopping = pin!(shared.shutdown.cancelled());
    let mut time_up = pin!(overdue(&activity, &shared.limits));
    let mut draining = false;
    loop {
        tokio::select! {
            result = connection.as_mut() => return ended(result, &shared.telemetry),
            Some(stream) = started.recv() => {
                streams.push(timeout(shared.limits.response_time, stream));
            }
            Some(outcome) = streams.next() => if outcome.is_err() {
                Refusal::SlowReader.count(&shared.telemetry);
            },
            refusal = &mut time_up => return refusal.count(&shared.telemetry),
            () = &mut stopping, if !draining => {
                draining = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

fn protocol(tasks: Tasks, limits: &Limits) -> http2::Builder<Tasks> {
    let mut builder = http2::Builder::new(tasks);
    let head_bytes = u32::try_from(limits.head_bytes).unwrap_or(u32::MAX);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(head_bytes)
        .max_send_buf_size(SEND_BUFFER_BYTES);
    builder
}

async fn answer<H: Handler>(
    request: Request<Incoming>,
    open: &Arc<OpenStreams>,
    shared: &Shared<H>,
) -> Response<Streamed> {
    let stream = open.begin();
    let (parts, body) = request.into_parts();
    let is_head = parts.method == Method::HEAD;
    let mut response = if body.is_end_stream() {
        shared.handler.handle(Request::from_parts(parts, ())).await
    } else {
        refuse_body(&shared.telemetry)
    };
    // HTTP/2 ends streams, not connections.
    response.headers_mut().remove(CONNECTION);
    if is_head {
        keep_head(&mut response);
    }
    stream.response_made();
    response.map(|body| Streamed {
        body,
        piece: Bytes::new(),
        _stream: stream,
    })
}

/// Takes the body of an answer to `HEAD` away, which hyper does for HTTP/1
/// alone, and leaves its length.
fn keep_head(response: &mut Response<Body>) {
    let body = mem::replace(response.body_mut(), Body::empty());
    if let Some(bytes) = body.remaining().filter(|bytes| *bytes > 0) {
        let headers = response.headers_mut();
        headers
            .entry(CONTENT_LENGTH)
            .or_insert_with(|| HeaderValue::from(bytes));
    }
}

/// Where hyper puts the futures of its streams: into the task of the
/// connection. The queue is short, because hyper starts no more streams than
/// it was allowed to.
#[derive(Clone)]
struct Tasks(mpsc::UnboundedSender<Task>);

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        // It fails only while the connection ends, and its streams with it.
        drop(self.0.send(Box::pin(task)));
    }
}

/// How many streams are open, which decides what the connection is busy with.
struct OpenStreams {
    count: AtomicUsize,
    activity: Arc<Activity>,
}

impl OpenStreams {
    fn new(activity: Arc<Activity>) -> Self {
        Self {
            count: AtomicUsize::new(0),
            activity,
        }
    }

    fn begin(self: &Arc<Self>) -> OpenStream {
        if self.count.fetch_add(1, Ordering::Relaxed) == 0 {
            self.activity.request_received();
        }
        OpenStream(Arc::clone(self))
    }
}

/// A stream from its request to the end of its response.
struct OpenStream(Arc<OpenStreams>);

impl OpenStream {
    fn response_made(&self) {
        self.0.activity.response_made();
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.activity.body_ended();
        } else {
            // The others have their time from here on; each of them still has
            // an end of its own.
            self.0.activity.response_made();
        }
    }
}

/// A body that keeps its stream open.
///
/// It is cut into small frames of their own. A frame that waits in hyper for a
/// reader who does not read is then all that is left of the body, and until the
/// last frame is taken the stream counts as open.
struct Streamed {
    body: Body,
    piece: Bytes,
    _stream: OpenStream,
}

impl Streamed {
    fn next_frame(&mut self) -> Bytes {
        let frame = self.piece.split_to(self.piece.len().min(FRAME_BYTES));
        Bytes::copy_from_slice(&frame)
    }
}

impl hyper::body::Body for Streamed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        while self.piece.is_empty() {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
            // Frames that carry no data do not occur in a body of ours.
            match frame.and_then(Result::ok).map(Frame::into_data) {
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(_)) => {}
                None => return Poll::Ready(None),
            }
        }
        Poll::Ready(Some(Ok(Frame::data(self.next_frame()))))
    }

    fn is_end_stream(&self) -> bool {
        self.piece.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let piece = u64::try_from(self.piece.len()).unwrap_or(u64::MAX);
        match self.body.remaining() {
            Some(rest) => SizeHint::with_exact(rest.saturating_add(piece)),
            None => SizeHint::default(),
        }
    }
}

/// A person's browser opens a few, Prometheus one. Each of them may leave a
/// frame that nobody reads in memory, so more would let strangers take it.
const MAX_STREAMS: u32 = 4;

/// The largest frame that every client must take.
const FRAME_BYTES: usize = 16 * 1024;

/// Bytes of one stream that wait for a slow reader: a few frames.
const SEND_BUFFER_BYTES: usize = 4 * FRAME_BYTES;
