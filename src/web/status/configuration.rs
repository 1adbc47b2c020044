//! The configuration in force, by the keys of its file.

use std::fmt::{self, Display, Write as _};
use std::time::Duration;

use super::markup::{Ago, Column, Names, Table, span};
use crate::model::{Region, SagId};
use crate::rules::Entry;
use crate::web::html::Escaped;
use crate::web::moment::Moment;
use crate::web::standing::{AccountConfiguration, Configuration, State};

pub(super) fn draw(moment: &Moment<'_>, out: &mut String) -> fmt::Result {
    let state: &State = &moment.standing;
    let Some(loaded) = &state.loaded else {
        return Ok(());
    };
    let now = moment.now;
    writeln!(
        out,
        "<section id=\"configuration\" aria-labelledby=\"configuration-title\">\n\
         <h2 id=\"configuration-title\">Configuration</h2>\n<p>Loaded {}.</p>",
        Ago { at: loaded.at, now }
    )?;
    if let Some(refused) = &state.refused {
        writeln!(
            out,
            "<p class=\"bad\">The reload {} was refused:</p>\n<pre>{}</pre>",
            Ago {
                at: refused.at,
                now
            },
            Escaped(&refused.reason)
        )?;
    }
    out.write_str("<details data-key=\"configuration\">\n<summary>What is in force</summary>\n")?;
    options(&loaded.configuration, out)?;
    accounts(&loaded.configuration.accounts, out)?;
    policy(loaded.configuration.policy.entries(), out)?;
    out.write_str("</details>\n</section>\n")
}

fn options(configuration: &Configuration, out: &mut String) -> fmt::Result {
    let sweep = &configuration.sweep;
    let state = configuration.state.as_ref();
    let state = state.map_or("none".to_owned(), |state| {
        let path = state.path.display().to_string();
        format!("{}, every {}", Escaped(&path), span(state.interval))
    });
    let events = &configuration.events;
    let events_file = Escaped(events.file.as_deref().unwrap_or("none"));
    let webhooks = Names(events.webhooks.iter().map(String::as_str).collect());
    let rows: [(&str, &dyn Display); 12] = [
        ("sweep.interval", &span(sweep.interval)),
        ("sweep.accounts_interval", &span(sweep.accounts_interval)),
        ("sweep.traffic_interval", &span(sweep.traffic_interval)),
        ("sweep.retain", &sweep.retain),
        ("sweep.page_size", &sweep.page_size.users()),
        ("sweep.sessions", &sweep.sessions.as_str()),
        ("--sweep.shard", &sweep.shard),
        ("labels.user", &configuration.user_labels),
        ("limits.user_series", &configuration.user_series_limit),
        ("state", &state),
        ("events.file", &events_file),
        ("events.webhooks", &OrElse("none", webhooks)),
    ];
    OPTIONS.begin("Options", out)?;
    for (key, value) in rows {
        OPTIONS.row(key, &[&format_args!("<code>{key}</code>"), value], out)?;
    }
    OPTIONS.end(0, "", out)
}

fn accounts(accounts: &[AccountConfiguration], out: &mut String) -> fmt::Result {
    out.write_str("<h3><code>accounts</code></h3>\n")?;
    ACCOUNTS.begin("Cloud accounts of the configuration", out)?;
    for account in accounts.iter().take(LIMIT_ROWS) {
        let options = &account.sweep;
        let regions = options.regions.iter().map(Region::as_str);
        let instances = options.instances.iter().map(SagId::as_str);
        let cells: [&dyn Display; 7] = [
            &Escaped(options.name.as_str()),
            &OrElse("all", Names(regions.collect())),
            &OrElse("all that are found", Names(instances.collect())),
            &Escaped(account.endpoint.as_str()),
            &Escaped(&account.credential),
            &format_args!("{}/s", account.rate.per_second()),
            &options.concurrency,
        ];
        ACCOUNTS.row(options.name.as_str(), &cells, out)?;
    }
    let more = accounts.len().saturating_sub(LIMIT_ROWS);
    ACCOUNTS.end(more, "all of them are in the JSON", out)
}

fn policy(entries: &[Entry], out: &mut String) -> fmt::Result {
    out.write_str("<h3><code>policy</code></h3>\n")?;
    if entries.is_empty() {
        return out.write_str("<p>Nothing is expected of anybody.</p>\n");
    }
    POLICY.begin("What is expected of whom; the first match counts", out)?;
    for (place, entry) in entries.iter().take(LIMIT_ROWS).enumerate() {
        let limits = entry.limits;
        let sag_id = entry.sag_id.as_ref().map_or("any", |id| id.as_str());
        let cells: [&dyn Display; 6] = [
            &Escaped(entry.users.as_str()),
            &Escaped(sag_id),
            &OrAny(limits.sessions),
            &OrAny(limits.session_length.map(Span)),
            &OrAny(limits.bandwidth.map(|kbps| format!("{} Kbit/s", kbps.0))),
            &OrAny(limits.dormant.map(Span)),
        ];
        POLICY.row(&place.to_string(), &cells, out)?;
    }
    let more = entries.len().saturating_sub(LIMIT_ROWS);
    POLICY.end(more, "all of them are in the JSON", out)
}

/// A list, and what stands for an empty one.
struct OrElse<'a>(&'static str, Names<'a>);

impl Display for OrElse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1.0.is_empty() {
            true => f.write_str(self.0),
            false => self.1.fmt(f),
        }
    }
}

/// A limit that may not be set.
struct OrAny<T>(Option<T>);

impl<T: Display> Display for OrAny<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(limit) => limit.fmt(f),
            None => f.write_str("any"),
        }
    }
}

struct Span(Duration);

impl Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        span(self.0).fmt(f)
    }
}

const OPTIONS: Table = Table(&[Column::Text("Key"), Column::Text("Value")]);

const ACCOUNTS: Table = Table(&[
    Column::Text("Name"),
    Column::Text("Regions"),
    Column::Text("Instances"),
    Column::Text("Endpoint"),
    Column::Text("Credential"),
    Column::Number("Rate"),
    Column::Number("Concurrency"),
]);

const POLICY: Table = Table(&[
    Column::Text("Match"),
    Column::Text("Instance"),
    Column::Number("Sessions"),
    Column::Number("Session length"),
    Column::Number("Bandwidth"),
    Column::Number("Dormant"),
]);

/// Entries of a list; a policy may have a thousand.
const LIMIT_ROWS: usize = 50;
