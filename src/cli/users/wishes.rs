//! A file of bandwidths: CSV, all mistakes at once, each with its line.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use csv::{ByteRecord, Position, ReaderBuilder, Trim};

use super::record::COLUMNS;
use crate::app::users::Wish;
use crate::cli::exit::Failure;
use crate::model::{BandwidthSetting, SagId, UserName};

/// Reads a file.
///
/// # Errors
///
/// Everything that is wrong with it.
pub(super) fn load(path: &Path) -> Result<Vec<Wish>, Failure> {
    let name = path.display().to_string();
    match read_limited(path) {
        Ok(bytes) => parse(&bytes).map_err(|problems| {
            let line = |(line, text): &(u64, String)| format!("{name}:{line}: {text}");
            let lines: Vec<String> = problems.iter().map(line).collect();
            Failure::usage(lines.join("\n"))
        }),
        Err(error) => Err(Failure::usage(format!("{name}: cannot be read: {error}"))),
    }
}

fn read_limited(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE_BYTES) {
        let text = format!("longer than {MAX_FILE_BYTES} bytes");
        return Err(io::Error::other(text));
    }
    Ok(bytes)
}

type Problem = (u64, String);

/// What the columns of a file are.
#[derive(Debug, Default, Clone, Copy)]
struct Columns {
    sag_id: Option<usize>,
    user: Option<usize>,
    bandwidth: Option<usize>,
}

fn parse(bytes: &[u8]) -> Result<Vec<Wish>, Vec<Problem>> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let builder = &mut ReaderBuilder::new();
    let reader = builder.trim(Trim::All).flexible(true);
    let mut reader = reader.from_reader(bytes);
    let headings = match reader.byte_headers() {
        Ok(headings) => headings.clone(),
        Err(error) => return Err(vec![(1, error.to_string())]),
    };
    let columns = Columns::find(&headings)?;
    let mut parser = Parser {
        columns,
        width: headings.len(),
        seen: HashMap::new(),
        problems: Vec::new(),
    };
    let mut wishes = Vec::new();
    let mut lines = Lines::of(bytes);
    for record in reader.byte_records() {
        match record {
            Ok(record) => {
                let line = lines.line_at(record.position());
                wishes.extend(parser.wish(line, &record));
            }
            Err(error) => {
                let line = lines.line_at(error.position());
                parser.problems.push((line, error.to_string()));
            }
        }
    }
    match (&parser.problems[..], &wishes[..]) {
        ([], []) => Err(vec![(
            1,
            "no accounts: expected a line for each".to_owned(),
        )]),
        ([], _) => Ok(wishes),
        _ => Err(parser.problems),
    }
}

impl Columns {
    fn find(headings: &ByteRecord) -> Result<Self, Vec<Problem>> {
        let mut columns = Self::default();
        let mut problems = Vec::new();
        for (place, heading) in headings.iter().enumerate() {
            let heading = String::from_utf8_lossy(heading);
            let column = match &*heading {
                "sag_id" => &mut columns.sag_id,
                "user" => &mut columns.user,
                "bandwidth_kbps" => &mut columns.bandwidth,
                // What else `users list` prints is for the reader.
                other if COLUMNS.contains(&other) => continue,
                other => {
                    problems.push(format!("unknown column {other:?}: {EXPECTED_COLUMNS}"));
                    continue;
                }
            };
            if column.replace(place).is_some() {
                problems.push(format!("column {heading} comes twice"));
            }
        }
        let required = [
            ("user", columns.user),
            ("bandwidth_kbps", columns.bandwidth),
        ];
        for (name, _) in required.iter().filter(|(_, place)| place.is_none()) {
            problems.push(format!("no column {name}: {EXPECTED_COLUMNS}"));
        }
        match problems.is_empty() {
            true => Ok(columns),
            false => Err(problems.into_iter().map(|text| (1, text)).collect()),
        }
    }
}

/// Counts the lines before a record. The reader counts them too, but takes the
/// rest of a Windows line end and empty lines for the beginning of what follows.
struct Lines<'a> {
    rest: &'a [u8],
    offset: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            offset: 0,
            line: 1,
        }
    }

    /// The line of a record, which must not come before the last one asked for.
    fn line_at(&mut self, position: Option<&Position>) -> u64 {
        let byte = position.map_or(0, Position::byte);
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some((first, rest)) = self.rest.split_first() {
            if self.offset >= byte && !matches!(first, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*first == b'\n');
            self.offset += 1;
            self.rest = rest;
        }
        self.line
    }
}

struct Parser {
    columns: Columns,
    width: usize,
    seen: HashMap<(Option<SagId>, UserName), u64>,
    problems: Vec<Problem>,
}

impl Parser {
    fn wish(&mut self, line: u64, record: &ByteRecord) -> Option<Wish> {
        if record.len() != self.width {
            let (found, expected) = (record.len(), self.width);
            return self.refuse(line, format!("{found} columns: expected {expected}"));
        }
        let Columns {
            sag_id,
            user,
            bandwidth,
        } = self.columns;
        let sag_id = self.field(line, record, sag_id).filter(|id| !id.is_empty());
        let sag_id = sag_id.map(|id| SagId::parse(&id).map_err(|error| error.to_string()));
        let sag_id = self.accept(line, sag_id.transpose());
        let user = self.field(line, record, user)?;
        let user = self.accept(line, UserName::parse(&user).map_err(|e| e.to_string()));
        let bandwidth = self.field(line, record, bandwidth)?;
        let bandwidth = self.accept(line, kbps(&bandwidth));
        let wish = Wish {
            line,
            sag_id: sag_id?,
            user: user?,
            bandwidth: bandwidth?,
        };
        let key = (wish.sag_id.clone(), wish.user.clone());
        match self.seen.insert(key, line) {
            None => Some(wish),
            Some(earlier) => {
                let text = format!("user {} stands on line {earlier} too", wish.user);
                self.refuse(line, text)
            }
        }
    }

    fn field(&mut self, line: u64, record: &ByteRecord, place: Option<usize>) -> Option<String> {
        let bytes = record.get(place?)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Some(text.to_owned()),
            Err(_) => self.refuse(line, "not UTF-8".to_owned()),
        }
    }

    fn accept<T>(&mut self, line: u64, value: Result<T, String>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(text) => self.refuse(line, text),
        }
    }

    fn refuse<T>(&mut self, line: u64, text: String) -> Option<T> {
        self.problems.push((line, text));
        None
    }
}

/// A bandwidth as a person writes it.
pub(super) fn kbps(text: &str) -> Result<BandwidthSetting, String> {
    match text.parse() {
        Ok(kbps) => BandwidthSetting::new(kbps).map_err(|error| error.to_string()),
        Err(_) => Err(format!(
            "{text:?} is not a bandwidth: expected 1 to 20000 Kbit/s"
        )),
    }
}

/// What spreadsheets put in front of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

const EXPECTED_COLUMNS: &str =
    "expected user and bandwidth_kbps, and sag_id where a name exists in several instances";

/// A line for each user of the largest installation, with room to spare.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    type Row<'a> = (u64, Option<&'a str>, &'a str, u32);

    fn check(text: &str, expected: Result<&[Row<'_>], &[(u64, &str)]>) {
        let found = parse(text.as_bytes());
        match (found, expected) {
            (Ok(wishes), Ok(expected)) => {
                let found: Vec<_> = (wishes.iter())
                    .map(|wish| {
                        let id = wish.sag_id.as_ref().map(SagId::as_str);
                        (wish.line, id, wish.user.as_str(), wish.bandwidth.kbps())
                    })
                    .collect();
                assert_eq!(found, expected, "{text}");
            }
            (Err(problems), Err(expected)) => {
                assert_eq!(problems.len(), expected.len(), "{text}: {problems:?}");
                for ((line, problem), (at, text)) in problems.iter().zip(expected) {
                    assert_eq!(line, at, "{problem}");
                    assert!(problem.contains(text), "{problem:?} lacks {text:?}");
                }
            }
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn a_file_is_read_as_spreadsheets_write_it() {
        check(
            "user,bandwidth_kbps\nbob,2000\n\"a,\"\"b\",1\n",
            Ok(&[(2, None, "bob", 2000), (3, None, "a,\"b", 1)]),
        );
        check(
            "\u{feff}bandwidth_kbps,sag_id,user\r\n20000,sag-1,bob\r\n\r\n5,,bob\r\n",
            Ok(&[(2, Some("sag-1"), "bob", 20_000), (4, None, "bob", 5)]),
        );
        let listed = format!("{}\nsag-1,bob,true,false,,300,,0\n", COLUMNS.join(","));
        check(&listed, Ok(&[(2, Some("sag-1"), "bob", 300)]));
    }

    proptest::proptest! {
        #[test]
        fn any_file_ends_in_wishes_or_in_problems_with_lines(
            rows in proptest::collection::vec("[ -~é\"\r\n,]{0,30}", 0..20)
        ) {
            let text = format!("user,bandwidth_kbps\n{}", rows.join("\n"));
            let lines = u64::try_from(text.lines().count()).unwrap();
            match parse(text.as_bytes()) {
                Ok(wishes) => assert!(wishes.iter().all(|wish| (2..=lines).contains(&wish.line))),
                Err(problems) => {
                    assert!(problems.iter().all(|(line, _)| (1..=lines).contains(line)), "{problems:?}");
                }
            }
        }

        #[test]
        fn any_bytes_are_no_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }
    }

    #[test]
    fn every_mistake_is_reported_with_its_line() {
        check(
            "user,bandwidth_kbps\nbob,0\n,5\nbob,20001\n\"x\ny\",1\ncarl,\ndora,1\ndora,2\nemil\n",
            Err(&[
                (2, "bandwidth 0 is out of range: expected 1 to 20000 Kbit/s"),
                (3, "\"\" is not a valid user name"),
                (4, "20001 is out of range"),
                (5, "\"x\\ny\" is not a valid user name"),
                (7, "\"\" is not a bandwidth"),
                (9, "user dora stands on line 8 too"),
                (10, "1 columns: expected 2"),
            ]),
        );
        check(
            "sag_id,usr,bandwidth_kbps,sag_id\n",
            Err(&[
                (1, "unknown column \"usr\""),
                (1, "column sag_id comes twice"),
                (1, "no column user"),
            ]),
        );
        check(
            "",
            Err(&[(1, "no column user"), (1, "no column bandwidth")]),
        );
        check("user,bandwidth_kbps\n", Err(&[(1, "no accounts")]));
        let problems = parse(b"user,bandwidth_kbps\n\xff,1\n").unwrap_err();
        assert_eq!(problems, [(2, "not UTF-8".to_owned())]);
    }
}
