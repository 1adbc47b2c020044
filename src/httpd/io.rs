//! A transport that reports its progress.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::activity::{Activity, Phase};

/// What carries a connection: a TCP stream, or something on top of one.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes the kernel throw away what was not sent yet once this is dropped,
    /// instead of keeping it for a reader that does not read.
    fn discard_unsent(&self);
}

impl Transport for TcpStream {
    fn discard_unsent(&self) {
        // If it fails, the socket is gone already.
        drop(self.set_zero_linger());
    }
}

/// A transport that tells an [`Activity`] what moves through it.
pub(super) struct Reporting<T: Transport> {
    inner: T,
    activity: Arc<Activity>,
    reads: Reads,
}

/// What bytes that come in tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// A request begins, unless one is under way.
    Heads,
    /// Nothing but that the client lives: frames say more than requests.
    Frames,
}

impl<T: Transport> Reporting<T> {
    /// Reports to `activity` from now on.
    pub(super) fn new(inner: T, activity: Arc<Activity>) -> Self {
        let reads = Reads::Heads;
        Self {
            inner,
            activity,
            reads,
        }
    }

    /// The same for a protocol of frames, whose requests are told apart by
    /// whoever reads the frames.
    pub(super) fn of_frames(inner: T, activity: Arc<Activity>) -> Self {
        let reads = Reads::Frames;
        Self {
            inner,
            activity,
            reads,
        }
    }

    fn wrote(&self, result: &io::Result<usize>) {
        if let Ok(bytes @ 1..) = result {
            self.activity.bytes_written(*bytes);
        }
    }
}

impl<T: Transport> Drop for Reporting<T> {
    fn drop(&mut self) {
        // A response that was cut short is of no use to anyone.
        if self.activity.phase() == Phase::Writing {
            self.inner.discard_unsent();
        }
    }
}

impl<T: Transport> AsyncRead for Reporting<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.inner).poll_read(cx, buffer));
        if buffer.filled().len() > before {
            match self.reads {
                Reads::Heads => self.activity.bytes_read(),
                Reads::Frames => self.activity.touch(),
            }
        }
        Poll::Ready(result)
    }
}

impl<T: Transport> AsyncWrite for Reporting<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes));
        self.wrote(&result);
        Poll::Ready(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.inner).poll_write_vectored(cx, slices));
        self.wrote(&result);
        Poll::Ready(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        // Whoever flushes has handed over all that it had buffered.
        self.activity.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
