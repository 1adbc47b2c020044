//! Waiting for other processes. They send no events, so they are asked again
//! and again, up to a deadline.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// Asks until the answer is `Ok`. Fails with the last `Err`, which says what is
/// still wrong.
pub(crate) async fn until<T, E: Debug>(
    what: &str,
    mut ask: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match within(ask()).await {
            Ok(answer) => return answer,
            Err(problem) => assert!(
                Instant::now() < deadline,
                "waited for {PATIENCE:?} in vain until {what}:\n{problem:#?}"
            ),
        }
        sleep(POLL).await;
    }
}

/// What does not come in time never comes.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    timeout(PATIENCE, future)
        .await
        .expect("it comes in time, even on a busy machine")
}

/// Far longer than anything here takes, and shorter than the limit of a test.
const PATIENCE: Duration = Duration::from_secs(240);

const POLL: Duration = Duration::from_millis(50);
