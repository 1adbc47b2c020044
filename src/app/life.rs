//! From the start of the tasks to the end of the last one: who is told what, and
//! in which order things stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::tasks::{DRAIN, TaskError, Tasks};
use crate::httpd::systemd::Manager;
use crate::web::Lifecycle;

/// A daemon that runs.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) tasks: Tasks,
    /// Who is told how it fares.
    pub(super) manager: Arc<Manager>,
    /// What the probes say.
    pub(super) lifecycle: Lifecycle,
    /// Stops the pages.
    pub(super) serving: CancellationToken,
    /// Stops everything else.
    pub(super) sweeping: CancellationToken,
}

impl Life {
    /// Goes on until `shutdown` or until a task dies, then drains.
    ///
    /// # Errors
    ///
    /// If a task fails, panics, ends by itself or does not end in time.
    pub(super) async fn go_on(mut self, shutdown: CancellationToken) -> Result<(), TaskError> {
        self.manager.ready();
        let died = shutdown.run_until_cancelled(self.tasks.first_end()).await;
        self.manager.stopping();
        self.lifecycle.drain();
        if let Some(error) = &died {
            self.say_last_words(error, &shutdown).await;
        }
        self.serving.cancel();
        self.sweeping.cancel();
        let drained = self.tasks.join(Instant::now() + DRAIN).await;
        died.map_or(drained, Err)
    }

    /// Stops everything but the pages, which tell for a while that a task died:
    /// whoever supervises the program learns more from that than from a closed
    /// port, and the last scrape shows the state in which it happened.
    async fn say_last_words(&self, error: &TaskError, shutdown: &CancellationToken) {
        tracing::error!(task = error.name(), "shutting down because a task has died");
        self.lifecycle.task_died();
        self.sweeping.cancel();
        if error.name() != PAGES {
            // Whoever wants it to end now does not have to wait.
            let _ = timeout(LAST_WORDS, shutdown.cancelled()).await;
        }
    }
}

/// The name of the task that serves the pages.
pub(super) const PAGES: &str = "http";

/// For a few probes or a scrape to come by. The program does nothing useful in
/// this time, and starts anew only after it.
const LAST_WORDS: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use arc_swap::ArcSwap;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::oneshot;

    use super::*;
    use crate::httpd::systemd::Environment;
    use crate::httpd::{self, Limits};
    use crate::telemetry::{BuildInfo, Telemetry};
    use crate::web::{self, Published, Router, TelemetryPath};

    const BUILD: BuildInfo = BuildInfo {
        version: "0",
        revision: "0",
        rustversion: "0",
    };

    fn life() -> Life {
        Life {
            tasks: Tasks::new(),
            manager: Arc::new(Manager::new(&Environment::default()).unwrap()),
            lifecycle: Lifecycle::new(),
            serving: CancellationToken::new(),
            sweeping: CancellationToken::new(),
        }
    }

    /// Serves the real pages.
    async fn serve_pages(life: &mut Life) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let telemetry = Telemetry::new(BUILD).unwrap();
        let options = web::Options {
            telemetry_path: TelemetryPath::default(),
            build: BUILD,
        };
        let published = Arc::new(ArcSwap::from_pointee(Published::nothing()));
        let lifecycle = life.lifecycle.clone();
        let served = httpd::serve(
            vec![listener],
            Router::new(options, published, telemetry.clone(), lifecycle),
            Limits::default(),
            telemetry,
            life.serving.clone(),
        );
        let pages = async move { served.await.map(drop).map_err(Into::into) };
        life.tasks.spawn(PAGES, pages);
        address
    }

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nHost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_task_that_died_is_seen_by_the_probes_before_the_end() {
        let mut life = life();
        let address = serve_pages(&mut life).await;
        let (kill, killed) = oneshot::channel::<()>();
        life.tasks.spawn("weak", async move {
            killed.await.unwrap();
            panic!("on purpose");
        });
        let sweeping = life.sweeping.clone();
        let shutdown = CancellationToken::new();
        let visit = async {
            let healthy = get(address, "/-/healthy").await;
            assert!(healthy.starts_with("HTTP/1.0 200 "), "{healthy}");
            kill.send(()).unwrap();
            // Everything else stops first; the pages go on.
            sweeping.cancelled().await;
            let healthy = get(address, "/-/healthy").await;
            assert!(healthy.starts_with("HTTP/1.0 503 "), "{healthy}");
            assert!(healthy.contains("a task has died"), "{healthy}");
            let ready = get(address, "/-/ready").await;
            assert!(ready.starts_with("HTTP/1.0 503 "), "{ready}");
            let metrics = get(address, "/metrics").await;
            assert!(metrics.starts_with("HTTP/1.0 200 "), "{metrics}");
            shutdown.cancel();
        };
        let (ended, ()) = tokio::join!(life.go_on(shutdown.clone()), visit);
        assert_eq!(ended.unwrap_err().to_string(), "task weak panicked");
        assert!(TcpStream::connect(address).await.is_err());
    }

    /// A life whose pages are served until it is told otherwise, and in which
    /// this task ends at once; what came of it and how long it took.
    async fn death_of(task: &str) -> (String, Duration) {
        let mut life = life();
        let serving = life.serving.clone();
        if task != PAGES {
            life.tasks.spawn(PAGES, async move {
                serving.cancelled().await;
                Ok(())
            });
        }
        life.tasks.spawn(task, async { Ok(()) });
        let begun = Instant::now();
        let ended = life.go_on(CancellationToken::new()).await;
        (ended.unwrap_err().to_string(), begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_words_have_an_end_and_need_a_listener() {
        for (task, expected) in [("weak", LAST_WORDS), (PAGES, Duration::ZERO)] {
            let ended = format!("task {task} ended by itself");
            assert_eq!(death_of(task).await, (ended, expected));
        }
    }
}
