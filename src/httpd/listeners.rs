//! Accepting connections, and not spinning when that fails.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// A source of connections.
pub(super) trait Accept {
    /// What a connection is.
    type Connection;

    /// The next connection.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Self::Connection>>;
}

impl Accept for TcpListener {
    type Connection = TcpStream;

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let accepted = self.poll_accept(cx);
        accepted.map_ok(|(stream, _)| {
            keep_little_unsent(&stream);
            stream
        })
    }
}

/// Makes the kernel take only as much ahead as keeps the network busy. It would
/// keep up to four megabytes for each reader that began fast and then stopped.
#[cfg(target_os = "linux")]
fn keep_little_unsent(stream: &TcpStream) {
    // If it fails, the connection is gone and its task will see that.
    drop(socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES));
}

#[cfg(not(target_os = "linux"))]
fn keep_little_unsent(_: &TcpStream) {}

/// Two frames of a large response.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 128 * 1024;

/// Several listeners that take turns.
#[derive(Debug)]
pub(super) struct Listeners<L> {
    listeners: Vec<L>,
    turn: usize,
    shortage: Option<Shortage>,
}

/// Something is missing that accepting needs, such as file descriptors.
#[derive(Debug, Clone, Copy)]
struct Shortage {
    /// When the next attempt may be made.
    until: Instant,
    /// How long to wait if that fails too.
    pause: Duration,
}

impl<L: Accept> Listeners<L> {
    /// All of these, with equal rights. None at all never yields a connection.
    pub(super) fn new(listeners: Vec<L>) -> Self {
        Self {
            listeners,
            turn: 0,
            shortage: None,
        }
    }

    /// The next connection; nothing is lost if the future is dropped. `None` if
    /// something is missing, which the caller may be able to give back. The
    /// next call waits a little before it tries again.
    pub(super) async fn accept(&mut self) -> Option<L::Connection> {
        if let Some(shortage) = self.shortage {
            tokio::time::sleep_until(shortage.until).await;
        }
        loop {
            match poll_fn(|cx| self.poll_each(cx)).await {
                Ok(connection) => {
                    self.succeeded();
                    return Some(connection);
                }
                Err(error) if concerns_one_connection(&error) => {
                    tracing::debug!(%error, "connection lost before it was accepted");
                }
                Err(error) => {
                    self.failed(&error);
                    return None;
                }
            }
        }
    }

    fn poll_each(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<L::Connection>> {
        let turn = self.turn;
        let (later, sooner) = self.listeners.split_at(turn.min(self.listeners.len()));
        for (offset, listener) in sooner.iter().chain(later).enumerate() {
            if let Poll::Ready(result) = listener.poll_accept(cx) {
                self.turn = (turn + offset + 1) % self.listeners.len();
                return Poll::Ready(result);
            }
        }
        Poll::Pending
    }

    fn failed(&mut self, error: &io::Error) {
        if self.shortage.is_none() {
            tracing::warn!(%error, "connections cannot be accepted");
        }
        let now = Instant::now();
        let pause = self.shortage.map_or(SHORTEST_PAUSE, |known| known.pause);
        self.shortage = Some(Shortage {
            until: now + pause,
            pause: (pause * 2).min(LONGEST_PAUSE),
        });
    }

    /// A shortage that comes and goes is one shortage, so that it is logged
    /// once.
    fn succeeded(&mut self) {
        let Some(shortage) = &mut self.shortage else {
            return;
        };
        shortage.pause = SHORTEST_PAUSE;
        if shortage.until.elapsed() >= CALM {
            self.shortage = None;
            tracing::info!("connections are accepted again");
        }
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// A descriptor may be free again soon.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);

/// Long enough to cost nothing, short enough to be back at once.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Without a failure for this long, a shortage is over.
const CALM: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    use super::*;

    /// A listener that plays a script and then has nothing.
    struct Scripted(RefCell<VecDeque<io::Result<&'static str>>>);

    impl Scripted {
        fn new(script: impl IntoIterator<Item = io::Result<&'static str>>) -> Self {
            Self(RefCell::new(script.into_iter().collect()))
        }
    }

    impl Accept for Scripted {
        type Connection = &'static str;

        fn poll_accept(&self, _: &mut Context<'_>) -> Poll<io::Result<&'static str>> {
            let next = self.0.borrow_mut().pop_front();
            next.map_or(Poll::Pending, Poll::Ready)
        }
    }

    #[tokio::test]
    async fn listeners_take_turns() {
        let a = Scripted::new([Ok("a1"), Ok("a2"), Ok("a3")]);
        let b = Scripted::new([Ok("b1")]);
        let mut listeners = Listeners::new(vec![a, b]);
        for expected in ["a1", "b1", "a2", "a3"] {
            assert_eq!(listeners.accept().await, Some(expected));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lack_of_descriptors_is_waited_out_in_growing_steps() {
        let no_descriptors = || Err(io::Error::from_raw_os_error(24));
        let lost = Err(io::ErrorKind::ConnectionAborted.into());
        let script = [
            no_descriptors(),
            no_descriptors(),
            lost,
            no_descriptors(),
            Ok("c"),
            no_descriptors(),
            Ok("d"),
        ];
        let mut listeners = Listeners::new(vec![Scripted::new(script)]);
        let start = Instant::now();
        for (expected, at_millis) in [
            (None, 0),
            (None, 10),
            (None, 10 + 20),
            (Some("c"), 10 + 20 + 40),
            (None, 70),
            (Some("d"), 70 + 10),
        ] {
            assert_eq!(listeners.accept().await, expected);
            assert_eq!(start.elapsed(), Duration::from_millis(at_millis));
        }
        assert!(listeners.shortage.is_some(), "it may come back");
        tokio::time::advance(CALM).await;
        listeners.listeners = vec![Scripted::new([Ok("e")])];
        assert_eq!(listeners.accept().await, Some("e"));
        assert!(listeners.shortage.is_none());
    }
}
