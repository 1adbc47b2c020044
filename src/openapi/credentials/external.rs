//! A credential that a program prints (CLI profiles of the mode `External`).

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::formats::{Grant, external};
use super::reason::Reason;

/// Runs the command line and decodes what it prints.
///
/// The words are split as a shell would, but no shell is involved, as in the
/// official library. The program inherits the environment; it gets nothing to
/// read, and what it prints as errors is dropped, because it may hold anything.
pub(super) async fn process_command(command: &str) -> Result<Grant, Reason> {
    let words = shlex::split(command).unwrap_or_default();
    let Some((program, arguments)) = words.split_first() else {
        return Err(Reason::Unusable {
            object: "process_command".to_owned(),
            expected: "a command line with balanced quotes",
        });
    };
    let run = timeout(TIMEOUT, output(program, arguments)).await;
    let output = run.unwrap_or_else(|_| {
        Err(Reason::Unusable {
            object: format!("the program {program:?} did not end"),
            expected: "an end within 60 s",
        })
    })?;
    external::parse(&output).map_err(|source| Reason::Malformed {
        object: format!("the output of the program {program:?}"),
        source,
    })
}

async fn output(program: &str, arguments: &[String]) -> Result<Zeroizing<Vec<u8>>, Reason> {
    let failed = |source| Reason::Program {
        object: "the program of process_command cannot be run",
        source,
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let mut output = Zeroizing::new(Vec::new());
    let stdout = child.stdout.take();
    let stdout = stdout.ok_or_else(|| failed(io::Error::other("expected an output")))?;
    let mut limited = stdout.take(LIMIT_BYTES + 1);
    limited.read_to_end(&mut output).await.map_err(failed)?;
    if u64::try_from(output.len()).is_ok_and(|length| length > LIMIT_BYTES) {
        return Err(Reason::Unusable {
            object: format!("the output of the program {program:?}"),
            expected: "at most 64 KiB",
        });
    }
    let status = child.wait().await.map_err(failed)?;
    if !status.success() {
        return Err(Reason::Unusable {
            object: format!("the program {program:?} ended with {status}"),
            expected: "exit status 0",
        });
    }
    Ok(output)
}

/// As in the official library.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A credential with its token has about 3 kB.
const LIMIT_BYTES: u64 = 64 << 10;
