//! The mappings of the file, but for TLS.

use super::context::Context;
use super::go::is_null;
use super::{go, tls};
use crate::config::decode::{Checked, Cursor, Fields};
use crate::config::node::Value;
use crate::config::scalars;
use crate::httpd::tls::Terms;
use crate::web::guard::{self, Header, PasswordHash, RateLimit, Users};

type Decoded = (Option<Terms>, guard::Settings);

/// The whole file. An empty one asks for nothing, as does an empty mapping.
pub(super) fn web_config(at: &Cursor<'_>, context: &Context<'_>) -> Checked<Decoded> {
    if is_null(at) {
        return Ok((None, guard::Settings::default()));
    }
    let mut fields = Fields::open(at, "tls_server_config, basic_auth_users or other keys")?;
    let http = section(&mut fields, "http_server_config", http);
    let http2 = http.as_ref().map_or(true, |http| http.http2);
    let tls = section(&mut fields, "tls_server_config", |at| {
        tls::terms(at, context, http2)
    });
    let users = section(&mut fields, "basic_auth_users", |at| users(at, context));
    let rate_limit = section(&mut fields, "rate_limit", |at| rate_limit(at, context));
    fields.finish();
    let settings = guard::Settings {
        headers: http?.headers,
        users: users?,
        rate_limit: rate_limit?,
    };
    Ok((tls?, settings))
}

/// A mapping that may be left out or blank.
fn section<'a, T: Default>(
    fields: &mut Fields<'a>,
    key: &'static str,
    decode: impl FnOnce(&Cursor<'a>) -> Checked<T>,
) -> Checked<T> {
    match fields.get(key) {
        Some(at) if !is_null(&at) => decode(&at),
        _ => Ok(T::default()),
    }
}

struct Http {
    http2: bool,
    headers: Vec<Header>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            http2: true,
            headers: Vec::new(),
        }
    }
}

fn http(at: &Cursor<'_>) -> Checked<Http> {
    let mut fields = Fields::open(at, "http2 or headers")?;
    let http2 = match fields.get("http2") {
        Some(at) if !is_null(&at) => go::boolean(&at),
        _ => Ok(true),
    };
    let headers = section(&mut fields, "headers", headers);
    fields.finish();
    Ok(Http {
        http2: http2?,
        headers: headers?,
    })
}

fn headers(at: &Cursor<'_>) -> Checked<Vec<Header>> {
    let entries = entries(at, "headers with their values", MAX_HEADERS)?;
    let decoded: Vec<Checked<Option<Header>>> = entries
        .into_iter()
        .map(|entry| {
            let value = go::blank_or_text(&entry.value)?.unwrap_or_default();
            Header::parse(entry.key, value).or_else(|error| entry.value.refuse(error.to_string()))
        })
        .collect();
    let decoded: Checked<Vec<Option<Header>>> = decoded.into_iter().collect();
    Ok(decoded?.into_iter().flatten().collect())
}

fn users(at: &Cursor<'_>, context: &Context<'_>) -> Checked<Users> {
    let entries = entries(at, "names with hashed passwords", MAX_USERS)?;
    let decoded: Vec<Checked<(String, PasswordHash)>> = entries
        .into_iter()
        .map(|entry| {
            if entry.key.contains(':') {
                let text = "a name with a colon, which no client can send: nobody logs in so";
                context.note(&entry.value, text);
            }
            let hash = go::blank_or_text(&entry.value)?.unwrap_or_default();
            let hash =
                PasswordHash::parse(hash).or_else(|error| entry.value.refuse(error.to_string()))?;
            Ok((entry.key.to_owned(), hash))
        })
        .collect();
    decoded.into_iter().collect()
}

fn rate_limit(at: &Cursor<'_>, context: &Context<'_>) -> Checked<Option<RateLimit>> {
    let mut fields = Fields::open(at, "interval and burst")?;
    let interval = section(&mut fields, "interval", go::duration);
    let burst = section(
        &mut fields,
        "burst",
        scalars::whole("a number of requests", "0 to 1000000", 0, MAX_BURST),
    );
    fields.finish();
    let (interval, burst) = (interval?, burst?);
    let limit = RateLimit::new(interval, burst);
    if limit.is_some() && burst == 0 {
        context.note(at, "without a burst no request is answered at all");
    }
    Ok(limit)
}

/// One entry of a mapping whose keys are the operator's own.
struct Entry<'a> {
    key: &'a str,
    value: Cursor<'a>,
}

/// The entries of a mapping, each with a key of its own. Keys are not quoted:
/// a user's name may be an e-mail address.
fn entries<'a>(at: &Cursor<'a>, expected: &str, limit: usize) -> Checked<Vec<Entry<'a>>> {
    let Value::Map(pairs) = &at.node.value else {
        return at.refuse_kind(expected);
    };
    if pairs.len() > limit {
        return at.refuse(format!("{} entries: expected at most {limit}", pairs.len()));
    }
    let decoded: Vec<Checked<Entry<'a>>> = (0..)
        .zip(pairs)
        .map(|(index, (key, node))| {
            let value = Cursor {
                node,
                line: key.line,
                path: format!("{}[{index}]", at.path),
                report: at.report,
            };
            let name = Cursor {
                node: key,
                ..value.clone()
            };
            let key = scalars::text(&name, "text as a key")?;
            if let Some(first) = at.report.first_use("key", &at.path, key, value.line) {
                let text = format!("the same key as on line {first}: expected one of each");
                return value.refuse(text);
            }
            Ok(Entry { key, value })
        })
        .collect();
    decoded.into_iter().collect()
}

/// More than there are.
const MAX_HEADERS: usize = 16;

/// Basic authentication is for few users; whoever has more takes a proxy.
const MAX_USERS: usize = 1000;

/// More than a server answers in a second.
const MAX_BURST: u32 = 1_000_000;
