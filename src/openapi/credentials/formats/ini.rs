//! The file `~/.alibabacloud/credentials.ini`.

use std::collections::BTreeMap;

use super::FormatError;
use crate::secret::Secret;

/// Sections with keys and values, read as the official library reads them:
/// keys in any case, `=` or `:` after the key, `#` or `;` before a comment,
/// indented lines that continue a value, and a section `DEFAULT` behind all
/// others. Unlike there, a percent sign stands for itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ini {
    sections: BTreeMap<String, Section>,
}

type Section = BTreeMap<String, Secret>;

impl Ini {
    /// Decodes the file.
    ///
    /// # Errors
    ///
    /// Names the line that is neither a section, a key nor a comment, or that
    /// says a second time what another has said.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            at(line, "UTF-8")
        })?;
        let mut reader = Reader::default();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            reader
                .line(line)
                .map_err(|expected| at(index + 1, expected))?;
        }
        reader.end_value();
        Ok(reader.ini)
    }

    /// Whether there is a section of this name.
    pub fn has(&self, section: &str) -> bool {
        self.sections.contains_key(section)
    }

    /// The value of a key, if it is there and not empty.
    pub(in crate::openapi::credentials) fn value(
        &self,
        section: &str,
        key: &str,
    ) -> Option<&Secret> {
        let own = self.sections.get(section)?.get(key);
        let value = own.or_else(|| self.sections.get(DEFAULTS)?.get(key));
        value.filter(|value| !value.is_empty())
    }
}

#[derive(Debug, Default)]
struct Reader {
    ini: Ini,
    section: Option<String>,
    /// The key whose value may go on in the next line, and the value so far.
    open: Option<(String, Vec<String>)>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), &'static str> {
        let words = line.trim();
        if words.is_empty() || words.starts_with(['#', ';']) {
            return Ok(());
        }
        if line.starts_with([' ', '\t'])
            && let Some((_, lines)) = &mut self.open
        {
            lines.push(words.to_owned());
            return Ok(());
        }
        self.end_value();
        match words.strip_prefix('[') {
            Some(rest) => self.section(rest),
            None => self.key(words),
        }
    }

    fn section(&mut self, rest: &str) -> Result<(), &'static str> {
        let (name, _) = rest
            .split_once(']')
            .ok_or("] after the name of a section")?;
        let known = self.ini.sections.insert(name.to_owned(), Section::new());
        if known.is_some() {
            return Err("each section once");
        }
        self.section = Some(name.to_owned());
        Ok(())
    }

    fn key(&mut self, words: &str) -> Result<(), &'static str> {
        let (key, value) = words.split_once(['=', ':']).ok_or("key = value")?;
        let section = self
            .section
            .as_ref()
            .ok_or("[a section] before the first key")?;
        let key = key.trim().to_lowercase();
        let section = self.ini.sections.get(section);
        if section.is_some_and(|section| section.contains_key(&key)) {
            return Err("each key once in a section");
        }
        self.open = Some((key, vec![value.trim().to_owned()]));
        Ok(())
    }

    fn end_value(&mut self) {
        let Some((key, lines)) = self.open.take() else {
            return;
        };
        let whole = lines.join("\n");
        // The official library cuts here whether or not a space stands before.
        let value = whole.split('#').next().unwrap_or_default().trim();
        let section = self.section.as_ref();
        if let Some(section) = section.and_then(|name| self.ini.sections.get_mut(name)) {
            section.insert(key, Secret::new(value));
        }
    }
}

fn at(line: usize, expected: &'static str) -> FormatError {
    FormatError::Line { line, expected }
}

/// The section whose keys all others have too.
const DEFAULTS: &str = "DEFAULT";
