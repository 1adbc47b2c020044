//! Named tasks: spawned in one place, awaited in one place.
//!
//! A task that ends before it was asked to, or that panics, ends the program:
//! half a program that looks whole would lie.

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};

/// What a task ends with.
pub(super) type TaskResult = Result<(), Box<dyn Error + Send + Sync>>;

/// Why the program cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A task gave up.
    #[error("task {name} failed")]
    Failed {
        /// Which one.
        name: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A bug.
    #[error("task {name} panicked")]
    Panicked {
        /// Which one.
        name: String,
        /// The panic.
        source: JoinError,
    },
    /// It ended without being asked to.
    #[error("task {name} ended by itself")]
    Ended {
        /// Which one.
        name: String,
    },
    /// It did not end in time when it was asked to.
    #[error("task {name} did not end in time and was cut off")]
    Stuck {
        /// Which one.
        name: String,
    },
}

impl TaskError {
    /// Which task it was.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Failed { name, .. }
            | Self::Panicked { name, .. }
            | Self::Ended { name }
            | Self::Stuck { name } => name,
        }
    }
}

/// The tasks that run. Dropping it aborts them.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    set: JoinSet<TaskResult>,
    names: HashMap<Id, String>,
}

impl Tasks {
    /// No task runs.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Starts a task. The name is for people.
    pub(super) fn spawn<F>(&mut self, name: impl Into<String>, task: F)
    where
        F: Future<Output = TaskResult> + Send + 'static,
    {
        let id = self.set.spawn(task).id();
        self.names.insert(id, name.into());
    }

    /// Waits until a task ends although nobody asked it to. Never returns while
    /// there is no task.
    pub(super) async fn first_end(&mut self) -> TaskError {
        match self.next().await {
            Some((name, Ok(()))) => TaskError::Ended { name },
            Some((_, Err(error))) => error,
            None => std::future::pending().await,
        }
    }

    /// Waits for all tasks, which were asked to end; what is left at the
    /// deadline is cut off.
    ///
    /// # Errors
    ///
    /// The first task that did not end well.
    pub(super) async fn join(mut self, deadline: Instant) -> Result<(), TaskError> {
        let mut result = Ok(());
        loop {
            match timeout_at(deadline, self.next()).await {
                Ok(Some((_, ended))) => result = result.and(ended),
                Ok(None) => return result,
                Err(_) => return result.and(Err(self.stuck())),
            }
        }
    }

    /// Waits for these tasks, which were asked to end, while others go on.
    ///
    /// # Errors
    ///
    /// The first task that did not end well, or that nobody asked to end.
    pub(super) async fn end_of(&mut self, mut names: Vec<String>) -> Result<(), TaskError> {
        while !names.is_empty() {
            let Some((name, ended)) = self.next().await else {
                return Ok(());
            };
            ended?;
            let place = names.iter().position(|wanted| *wanted == name);
            let Some(place) = place else {
                return Err(TaskError::Ended { name });
            };
            names.swap_remove(place);
        }
        Ok(())
    }

    async fn next(&mut self) -> Option<(String, Result<(), TaskError>)> {
        let (id, ended) = match self.set.join_next_with_id().await? {
            Ok((id, ended)) => (id, Ok(ended)),
            Err(error) => (error.id(), Err(error)),
        };
        let name = self.names.remove(&id).unwrap_or_default();
        let result = match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) => Err(TaskError::Failed {
                name: name.clone(),
                source,
            }),
            Err(source) => Err(TaskError::Panicked {
                name: name.clone(),
                source,
            }),
        };
        Some((name, result))
    }

    fn stuck(&self) -> TaskError {
        let mut names: Vec<&str> = self.names.values().map(String::as_str).collect();
        names.sort_unstable();
        TaskError::Stuck {
            name: names.join(", "),
        }
    }
}

/// How long tasks may take to end. It is longer than the drain of the HTTP
/// server and than what sinks of events are given, which cut what is left.
pub(super) const DRAIN: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_and_an_early_end_are_errors_with_a_name() {
        let mut tasks = Tasks::new();
        tasks.spawn("broken", async { panic!("on purpose") });
        assert_eq!(tasks.first_end().await.to_string(), "task broken panicked");
        tasks.spawn("early", async { Ok(()) });
        assert_eq!(
            tasks.first_end().await.to_string(),
            "task early ended by itself"
        );
        tasks.spawn("failing", async { Err("no disk".into()) });
        let error = tasks.first_end().await;
        assert_eq!(error.to_string(), "task failing failed");
        assert_eq!(error.source().unwrap().to_string(), "no disk");
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_end_is_cut_off_at_the_deadline() {
        let mut tasks = Tasks::new();
        tasks.spawn("quick", async { Ok(()) });
        tasks.spawn("stuck", std::future::pending());
        let deadline = Instant::now() + Duration::from_secs(1);
        let error = tasks.join(deadline).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "task stuck did not end in time and was cut off"
        );
        assert_eq!(Instant::now(), deadline);
    }
}
