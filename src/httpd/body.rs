//! Bodies of responses: bytes at hand, or frames made while they are read.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// The body of a response.
pub struct Body(Content);

enum Content {
    /// Pieces that exist already; they are shared, never copied.
    Pieces {
        pieces: VecDeque<Bytes>,
        remaining: u64,
    },
    /// Pieces that are made when the reader has taken the one before.
    Frames {
        frames: Box<dyn Iterator<Item = Bytes> + Send>,
        remaining: Option<u64>,
    },
}

impl Body {
    /// No body.
    pub fn empty() -> Self {
        Self::pieces([])
    }

    /// One piece after another.
    pub fn pieces(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        let pieces: VecDeque<Bytes> = pieces
            .into_iter()
            .filter(|piece| !piece.is_empty())
            .collect();
        let remaining = pieces.iter().map(length).sum();
        Self(Content::Pieces { pieces, remaining })
    }

    /// Frames that are made one by one, as fast as the reader takes them, so
    /// that a large body never exists as a whole. Making one should take well
    /// under a millisecond. `bytes` is the length of the whole, where it is
    /// known; otherwise the transfer is chunked.
    pub fn frames(
        frames: impl Iterator<Item = Bytes> + Send + 'static,
        bytes: Option<u64>,
    ) -> Self {
        Self(Content::Frames {
            frames: Box::new(frames),
            remaining: bytes,
        })
    }

    /// How many bytes are still to be sent, where it is known.
    pub fn remaining(&self) -> Option<u64> {
        match &self.0 {
            Content::Pieces { remaining, .. } => Some(*remaining),
            Content::Frames { remaining, .. } => *remaining,
        }
    }

    fn next(&mut self) -> Option<Bytes> {
        match &mut self.0 {
            Content::Pieces { pieces, remaining } => {
                let piece = pieces.pop_front()?;
                *remaining = remaining.saturating_sub(length(&piece));
                Some(piece)
            }
            Content::Frames { frames, remaining } => {
                let frame = frames.next()?;
                *remaining = remaining.map(|bytes| bytes.saturating_sub(length(&frame)));
                Some(frame)
            }
        }
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::pieces([Bytes::from(text)])
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Self::pieces([Bytes::from_static(text.as_bytes())])
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("remaining", &self.remaining())
            .finish_non_exhaustive()
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.next().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining()
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

fn length(bytes: &Bytes) -> u64 {
    // A usize has at most 64 bits on every platform that Rust supports.
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use hyper::body::Body as _;

    use super::*;

    async fn check(body: Body, bytes: Option<u64>, expected: &str) {
        assert_eq!(body.size_hint().exact(), bytes);
        assert_eq!(body.is_end_stream(), bytes == Some(0));
        let collected = body.collect().await.unwrap().to_bytes();
        assert_eq!(collected, expected);
    }

    #[tokio::test]
    async fn bodies_know_their_length_and_end() {
        let pieces = || ["a", "", "bc"].map(Bytes::from);
        check(Body::empty(), Some(0), "").await;
        check(Body::from("x"), Some(1), "x").await;
        check(Body::pieces(pieces()), Some(3), "abc").await;
        check(Body::frames(pieces().into_iter(), None), None, "abc").await;
        check(Body::frames(pieces().into_iter(), Some(3)), Some(3), "abc").await;
    }
}
