//! Asking before anything is changed.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::ConsentFlags;
use crate::cli::exit::Failure;

/// Returns if the person agrees.
///
/// # Errors
///
/// If the person does not, or there is nobody to ask.
pub(super) async fn consent(
    flags: &ConsentFlags,
    question: &str,
    shutdown: &CancellationToken,
) -> Result<(), Failure> {
    if flags.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::run(NOBODY_TO_ASK));
    }
    let question = format!("{question} [y/N] ");
    // A thread that still waits for a line when the program ends is left behind.
    let answer = spawn_blocking(move || ask(&question));
    let answer = shutdown.run_until_cancelled(answer).await;
    let declined = || Failure::run("declined; nothing was changed");
    let answer = answer.ok_or_else(declined)?.map_err(Failure::run)?;
    match answer.map_err(Failure::run)?.trim() {
        "y" | "Y" | "yes" | "Yes" | "YES" => Ok(()),
        _ => Err(declined()),
    }
}

fn ask(question: &str) -> io::Result<String> {
    let mut err = io::stderr().lock();
    err.write_all(question.as_bytes())?;
    err.flush()?;
    drop(err);
    let mut answer = String::new();
    io::stdin()
        .lock()
        .take(LONGEST_ANSWER_BYTES)
        .read_line(&mut answer)?;
    Ok(answer)
}

const NOBODY_TO_ASK: &str = "nothing was changed: there is no terminal to ask at: expected --yes \
                             to go ahead without asking, or --dry-run to see what would be done";

/// Longer than any answer that means yes.
const LONGEST_ANSWER_BYTES: u64 = 1024;
