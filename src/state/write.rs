//! From memories to lines.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::raw::{First, Line};
use super::{Header, LIMIT_BYTES, trailer};
use crate::fleet;
use crate::model::SagId;
use crate::rules;

/// Writes a state line by line.
pub struct Writer<W> {
    inner: W,
    digest: Sha256,
    line: Vec<u8>,
    instances: u64,
    bytes: u64,
}

impl<W: Write> Writer<W> {
    /// Writes the first line.
    ///
    /// # Errors
    ///
    /// Those of `inner`.
    pub fn begin(inner: W, header: &Header) -> io::Result<Self> {
        let mut writer = Self {
            inner,
            digest: Sha256::new(),
            line: Vec::new(),
            instances: 0,
            bytes: 0,
        };
        serde_json::to_writer(&mut writer.line, &First::of(header))?;
        writer.end_line()?;
        Ok(writer)
    }

    /// Writes the line of an instance.
    ///
    /// # Errors
    ///
    /// Those of `inner`; and if the state becomes longer than [`LIMIT_BYTES`],
    /// so that nobody would read it.
    pub fn instance(
        &mut self,
        sag_id: &SagId,
        fleet: &fleet::Memory,
        rules: &rules::Memory,
    ) -> io::Result<()> {
        self.instances += 1;
        serde_json::to_writer(&mut self.line, &Line::of(sag_id, fleet, rules))?;
        self.end_line()
    }

    /// Writes the last line, and gives back `inner` with the number of bytes
    /// that were written to it.
    ///
    /// # Errors
    ///
    /// Those of `inner`.
    pub fn finish(mut self) -> io::Result<(W, u64)> {
        let trailer = trailer(self.instances, self.digest.finalize_reset().into());
        self.line.extend_from_slice(trailer.as_bytes());
        self.put()?;
        Ok((self.inner, self.bytes))
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.line.push(b'\n');
        self.digest.update(&self.line);
        self.put()
    }

    fn put(&mut self) -> io::Result<()> {
        self.bytes += u64::try_from(self.line.len()).unwrap_or(u64::MAX);
        if self.bytes > LIMIT_BYTES {
            let text = format!("the state is longer than {LIMIT_BYTES} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        self.inner.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }
}
