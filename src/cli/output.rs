//! What commands write to standard output.

use std::ffi::OsString;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

use super::exit::Failure;

/// Writes to standard output.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    write(text.as_bytes())
}

/// The same with bytes.
pub(super) fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    forgiving(written).map_err(Failure::run)
}

/// Whoever reads standard output may have seen enough (`| head`): that is no
/// failure.
pub(super) fn forgiving(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes to standard error. Without it there is nobody left to tell.
pub(super) fn eprint(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Whether text on standard output has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// It has.
    Colours,
    /// It has none.
    None,
}

/// What a colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// A heading, or a name that matters.
    Strong,
    /// As it should be.
    Good,
    /// Will be, or was, changed.
    Changed,
    /// Refused, failed, forbidden.
    Bad,
    /// Unknown.
    Faint,
}

impl Paint {
    /// Colours only on a terminal that has them, and not for those who do not
    /// want any (`NO_COLOR`, see no-color.org).
    pub(super) fn for_stdout(variables: &[(OsString, OsString)]) -> Self {
        let value = |wanted: &str| {
            let found = variables.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value)
        };
        let unwanted = value("NO_COLOR").is_some_and(|value| !value.is_empty());
        let unable = value("TERM").is_some_and(|value| value == "dumb");
        if unwanted || unable || !io::stdout().is_terminal() {
            return Self::None;
        }
        Self::Colours
    }

    pub(super) fn paint(self, colour: Colour, text: &str) -> String {
        let code = match (self, colour) {
            (Self::None, _) => return text.to_owned(),
            (_, Colour::Strong) => "1",
            (_, Colour::Good) => "32",
            (_, Colour::Changed) => "33",
            (_, Colour::Bad) => "31",
            (_, Colour::Faint) => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
