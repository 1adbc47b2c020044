//! One connection, from its handshake to the protocol that it speaks.

use std::sync::Arc;

use tokio::net::TcpStream;

use super::Handler;
use super::activity::Activity;
use super::refusal::Refusal;
use super::shared::Shared;
use super::tls;
use super::watch::overdue;
use super::{http1, http2};

/// Makes the handshake, if there is one to make, and serves the connection.
/// Both happen here, in the connection's own task, so that a slow client keeps
/// nobody waiting. The time of the first head covers the handshake.
pub(super) async fn open<H: Handler>(
    stream: TcpStream,
    activity: Arc<Activity>,
    shared: Arc<Shared<H>>,
) {
    let Some(tls) = shared.tls.clone() else {
        return http1::serve(stream, activity, shared).await;
    };
    let secured = tokio::select! {
        secured = tls.handshake(stream) => secured,
        refusal = overdue(&activity, &shared.limits) => return refusal.count(&shared.telemetry),
        () = shared.shutdown.cancelled() => return,
    };
    match secured {
        Ok(stream) if tls::is_http2(&stream) => {
            http2::serve(stream, activity, shared).await;
        }
        Ok(stream) => http1::serve(stream, activity, shared).await,
        Err(error) => {
            tracing::debug!(%error, "TLS handshake failed");
            Refusal::Handshake.count(&shared.telemetry);
        }
    }
}
