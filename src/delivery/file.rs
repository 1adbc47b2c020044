//! The sink that writes lines.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::FLUSH;
use super::options::FileTarget;
use super::outlet::{Loss, Outlet};
use super::queue::Waiting;
use crate::telemetry::Telemetry;

/// Appends a line for each event.
///
/// A file is opened anew for every write and held by nobody in between, so that
/// it may be rotated, replaced or deleted at any time without a signal.
#[derive(Debug)]
pub struct FileSink {
    target: FileTarget,
    outlet: Arc<Outlet>,
    telemetry: Telemetry,
    /// Whether the last write failed.
    fails: bool,
}

impl FileSink {
    /// Opens nothing yet.
    pub fn new(target: FileTarget, outlet: Arc<Outlet>, telemetry: Telemetry) -> Self {
        for outcome in [OK, FAILED] {
            telemetry.event_deliveries(outlet.name().as_str(), outcome, 0);
        }
        Self {
            target,
            outlet,
            telemetry,
            fails: false,
        }
    }

    /// Writes until `stop`, which leaves the queue to a successor, or until the
    /// queue is closed and empty, at the latest [`FLUSH`] after `shutdown`.
    pub async fn run(mut self, stop: CancellationToken, shutdown: CancellationToken) {
        let outlet = Arc::clone(&self.outlet);
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.empty() => {}
            () = too_late(&shutdown) => outlet.abandon(),
        }
    }

    async fn empty(&mut self) {
        while let Some(events) = self.outlet.take(BATCH_EVENTS).await {
            let target = self.target.clone();
            let lines = lines(&events);
            let written = spawn_blocking(move || write(&target, lines.as_bytes())).await;
            match written.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
                Ok(()) => self.worked(),
                Err(error) => self.failed(&error, events.len()),
            }
        }
    }

    fn worked(&mut self) {
        self.count(OK);
        self.outlet.done();
        if self.fails {
            self.fails = false;
            tracing::info!(sink = %self.outlet.name(), "events are written again");
        }
    }

    /// A file that cannot be written now is not waited for: the events that
    /// follow are as important, and nobody knows when it can be.
    fn failed(&mut self, error: &io::Error, events: usize) {
        self.count(FAILED);
        self.outlet.give_up(Loss::Unwritable, events);
        if !self.fails {
            self.fails = true;
            let file = self.target.to_string();
            tracing::warn!(sink = %self.outlet.name(), file, %error, "events are lost: they cannot be written");
        }
    }

    fn count(&self, outcome: &str) {
        let sink = self.outlet.name().as_str();
        self.telemetry.event_deliveries(sink, outcome, 1);
    }
}

/// Comes when sinks have had their time after the end was asked for.
pub(super) async fn too_late(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    sleep(FLUSH).await;
}

fn lines(events: &[Waiting]) -> String {
    let length: usize = events.iter().map(|event| event.json.len() + 1).sum();
    let mut lines = String::with_capacity(length);
    for event in events {
        lines.push_str(&event.json);
        lines.push('\n');
    }
    lines
}

fn write(target: &FileTarget, lines: &[u8]) -> io::Result<()> {
    match target {
        FileTarget::Stdout => {
            let mut out = io::stdout().lock();
            out.write_all(lines)?;
            out.flush()
        }
        FileTarget::File(path) => append(path, lines),
    }
}

/// Appends whole lines or nothing.
fn append(path: &Path, lines: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|found| !is_written_at_once(&found)) {
        // Opening a pipe would wait for its reader.
        return Err(io::Error::other(
            "not a regular file: expected one, or - for standard output",
        ));
    }
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    private(&mut options);
    let mut file = options.open(path)?;
    let before = file.metadata()?.len();
    // A line that a crash has torn ends here.
    if before > 0 && last_byte(&mut file)? != b'\n' {
        file.write_all(b"\n")?;
    }
    let written = file.write_all(lines);
    if written.is_err() && file.metadata()?.len() > before {
        file.set_len(before)?;
    }
    written
}

fn last_byte(file: &mut fs::File) -> io::Result<u8> {
    let mut byte = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut byte)?;
    Ok(u8::from_ne_bytes(byte))
}

#[cfg(unix)]
fn is_written_at_once(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    found.is_file() || found.file_type().is_char_device()
}

#[cfg(not(unix))]
fn is_written_at_once(found: &fs::Metadata) -> bool {
    found.is_file()
}

/// Events name people: others need not read them.
#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o640);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

/// A write of at most a megabyte or so.
const BATCH_EVENTS: usize = 1_000;

const OK: &str = "ok";
const FAILED: &str = "unwritable";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.jsonl");
        let read = || fs::read_to_string(&path).unwrap();
        append(&path, b"{1}\n").unwrap();
        append(&path, b"{2}\n{3}\n").unwrap();
        assert_eq!(read(), "{1}\n{2}\n{3}\n");
        fs::write(&path, "{1}\n{\"tor").unwrap();
        append(&path, b"{2}\n").unwrap();
        assert_eq!(read(), "{1}\n{\"tor\n{2}\n");
        fs::rename(&path, directory.path().join("events.jsonl.1")).unwrap();
        append(&path, b"{4}\n").unwrap();
        assert_eq!(read(), "{4}\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_not_for_everybody() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.jsonl");
        append(&path, b"{}\n").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o137, 0, "{mode:o}");
    }

    #[test]
    fn what_cannot_be_written_is_an_error_and_nobody_waits() {
        let directory = tempfile::tempdir().unwrap();
        for (path, expected) in [
            (directory.path().to_owned(), "not a regular file"),
            (directory.path().join("no/such/place"), "No such file"),
            #[cfg(target_os = "linux")]
            ("/dev/full".into(), "No space left"),
        ] {
            let error = append(&path, b"{}\n").unwrap_err().to_string();
            assert!(error.contains(expected), "{path:?}: {error}");
        }
    }
}
