//! The common grammar of `Accept` and `Accept-Encoding`: a list of items with
//! parameters, one of which is a weight.

/// How much a client wants an item, in thousandths; zero is a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Weight(u16);

impl Weight {
    /// Not acceptable.
    pub(super) const REFUSED: Self = Self(0);

    /// As much as anything.
    pub(super) const FULL: Self = Self(1000);

    /// Digits beyond the third are dropped, and a missing zero before the point
    /// is forgiven, because some clients send both.
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || text.is_empty() {
            return None;
        }
        let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
        let thousandths = digits.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        match (whole, thousandths) {
            ("0" | "", _) => Some(Self(thousandths)),
            ("1", 0) => Some(Self::FULL),
            _ => None,
        }
    }
}

/// One item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item<'a> {
    /// What stands before the first semicolon.
    pub(super) value: &'a str,
    /// The parameters but the weight, values without their quotes.
    pub(super) parameters: Vec<(&'a str, &'a str)>,
    /// The parameter `q`, full if there is none.
    pub(super) weight: Weight,
}

/// The items of a list. Empty ones and those with a malformed weight are
/// skipped.
pub(super) fn items(list: &str) -> impl Iterator<Item = Item<'_>> {
    split(list, ',').filter_map(item)
}

fn item(text: &str) -> Option<Item<'_>> {
    let mut parts = split(text, ';').map(str::trim);
    let value = parts.next().filter(|value| !value.is_empty())?;
    let mut item = Item {
        value,
        parameters: Vec::new(),
        weight: Weight::FULL,
    };
    for part in parts.filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (name.trim_end(), unquoted(value.trim_start()));
        if name.eq_ignore_ascii_case("q") {
            item.weight = Weight::parse(value)?;
        } else {
            item.parameters.push((name, value));
        }
    }
    Some(item)
}

/// Splits at separators that stand outside quoted strings.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |c| {
        if std::mem::take(&mut escaped) {
            return false;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return c == separator && !quoted,
        }
        false
    })
}

/// The text without quotes around it. Escapes inside are left as they are: no
/// value that is compared with needs one.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn weights() {
        for (text, expected) in [
            ("1", Some(1000)),
            ("1.000", Some(1000)),
            ("0", Some(0)),
            ("0.", Some(0)),
            ("0.5", Some(500)),
            ("0.05", Some(50)),
            ("0.123", Some(123)),
            ("0.3339", Some(333)),
            (".2", Some(200)),
            ("1.1", None),
            ("2", None),
            ("-1", None),
            ("", None),
            ("x", None),
            ("0.x", None),
            ("0.5.5", None),
        ] {
            assert_eq!(Weight::parse(text), expected.map(Weight), "{text:?}");
        }
    }

    #[test]
    fn lists() {
        type Parsed<'a> = (&'a str, &'a [(&'a str, &'a str)], u16);
        let check = |list: &str, expected: &[Parsed<'_>]| {
            let found: Vec<_> = items(list).collect();
            let found: Vec<Parsed<'_>> = found
                .iter()
                .map(|item| (item.value, item.parameters.as_slice(), item.weight.0))
                .collect();
            assert_eq!(found, expected, "{list:?}");
        };
        check("", &[]);
        check(" , ,", &[]);
        check("gzip", &[("gzip", &[], 1000)]);
        check("a;q=0.5, b ; Q = 0.1", &[("a", &[], 500), ("b", &[], 100)]);
        check("a;q=nope,b", &[("b", &[], 1000)]);
        check(";q=1,b;;", &[("b", &[], 1000)]);
        check(
            r#"a;v="1,2;3";w,b"#,
            &[("a", &[("v", "1,2;3"), ("w", "")], 1000), ("b", &[], 1000)],
        );
        check(r#"a;v="\",b""#, &[("a", &[("v", r#"\",b"#)], 1000)]);
        check(r#"a;v="open,b"#, &[("a", &[("v", "\"open,b")], 1000)]);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text: String) {
            for item in items(&text) {
                prop_assert!(item.weight <= Weight::FULL);
                prop_assert!(!item.value.is_empty());
            }
        }
    }
}
