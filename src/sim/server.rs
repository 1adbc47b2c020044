//! The cloud on a socket.

use std::convert::Infallible;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::sim::cloud::{Answer, Broken, Cloud};
use crate::sim::fault::Delivery;

/// Serves the cloud until the shutdown, then finishes what it has begun.
///
/// The caller binds and the caller stops. Returns once every connection is
/// closed, a few seconds after the shutdown at the latest.
pub async fn run(listener: TcpListener, cloud: Arc<Cloud>, shutdown: CancellationToken) {
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(LIMIT_CONNECTIONS));
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = connections.join_next() => {}
            (stream, place) = accept(&listener, &places) => {
                connections.spawn(serve(stream, place, Arc::clone(&cloud), shutdown.clone()));
            }
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        connections.shutdown().await;
    }
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) => {
                tracing::warn!(%error, "the simulator cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn serve(
    stream: TcpStream,
    _place: Option<OwnedSemaphorePermit>,
    cloud: Arc<Cloud>,
    shutdown: CancellationToken,
) {
    // Answers are small and awaited one by one; without this each would wait
    // for the acknowledgement of the one before.
    let _unsupported = stream.set_nodelay(true);
    let service = service_fn(|request| respond(&cloud, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of the simulator ended early");
    }
}

type Body = UnsyncBoxBody<Bytes, Broken>;

async fn respond(cloud: &Cloud, request: Request<Incoming>) -> Result<Response<Body>, Broken> {
    let (parts, body) = request.into_parts();
    // Every parameter is in the query, so that a large body is no request.
    let Ok(body) = Limited::new(body, LIMIT_BODY_BYTES).collect().await else {
        return Err(Broken::Dropped);
    };
    let Answer { response, delivery } = cloud
        .answer(Request::from_parts(parts, body.to_bytes()))
        .await;
    let (mut parts, body) = response.into_parts();
    parts.headers.insert("content-length", body.len().into());
    let body = match delivery {
        Delivery::Whole => whole(body),
        Delivery::Drop | Delivery::DropReply => return Err(Broken::Dropped),
        Delivery::Truncate(bytes) if bytes >= body.len() => whole(body),
        Delivery::Truncate(bytes) => truncated(&body, bytes),
        Delivery::Drip(time) => dripping(&body, time),
    };
    Ok(Response::from_parts(parts, body))
}

fn whole(body: Bytes) -> Body {
    BodyExt::boxed_unsync(Full::new(body).map_err(|never: Infallible| match never {}))
}

/// The beginning of the body, then the end of the connection.
fn truncated(body: &Bytes, bytes: usize) -> Body {
    let start = stream::iter([Ok(Frame::data(body.slice(..bytes.min(body.len()))))]);
    let end = stream::once(async {
        // The start is written out only while there is nothing else to do.
        tokio::task::yield_now().await;
        Err(Broken::Truncated)
    });
    BodyExt::boxed_unsync(StreamBody::new(start.chain(end)))
}

/// The body in pieces, the last of them after the whole time.
fn dripping(body: &Bytes, time: Duration) -> Body {
    let size = body.len().div_ceil(DRIPS).max(1);
    let pieces: Vec<Bytes> = body.chunks(size).map(Bytes::copy_from_slice).collect();
    let pause = time / u32::try_from(pieces.len().max(1)).unwrap_or(u32::MAX);
    let drip = move |mut rest: std::vec::IntoIter<Bytes>| async move {
        let piece = rest.next()?;
        tokio::time::sleep(pause).await;
        Some((Ok(Frame::data(piece)), rest))
    };
    BodyExt::boxed_unsync(StreamBody::new(stream::unfold(pieces.into_iter(), drip)))
}

/// More than any client that is well-behaved opens.
const LIMIT_CONNECTIONS: usize = 1_024;

const LIMIT_BODY_BYTES: usize = 64 * 1024;

/// How long connections may stay idle.
const IDLE: Duration = Duration::from_secs(75);

/// How long answers may take once the simulator stops.
const DRAIN: Duration = Duration::from_secs(5);

/// How long to wait when the machine has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(50);

/// In how many pieces a slow body comes.
const DRIPS: usize = 10;
