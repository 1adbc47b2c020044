//! The mapping `events`: who is told what happens.

use std::path::Path;
use std::time::Duration;

use super::decode::{Checked, Cursor, Fields};
use super::problem::ReferencedFile;
use super::scalars::{TRUTH, choice, duration, parsed, path, text};
use crate::delivery::{FileTarget, HookUrl, Options, SinkName, Webhook};
use crate::events::{Kind, Kinds};

/// Decodes the mapping. Relative paths in it start at `base`.
pub(super) fn events(at: &Cursor<'_>, base: &Path) -> Checked<Options> {
    let mut fields = Fields::open(at, "a mapping with the key file or webhooks")?;
    let file = fields.optional("file", |at| file(at, base));
    let all = fields.or("kinds", Kinds::ALL, kinds);
    let client_ip = fields.or("client_ip", false, choice(TRUTH));
    let webhooks = fields.or("webhooks", Vec::new(), |at| {
        at.list(MAX_WEBHOOKS, "a list of webhooks", |at| webhook(at, base))
    });
    let somebody = match (&file, &webhooks) {
        (Ok(None), Ok(hooks)) if hooks.is_empty() => {
            fields.refuse("nobody is told: expected file, webhooks or both")
        }
        _ => Ok(()),
    };
    fields.finish();
    somebody?;
    Ok(Options {
        file: file?,
        kinds: all?,
        client_ip: client_ip?,
        webhooks: webhooks?,
    })
}

fn file(at: &Cursor<'_>, base: &Path) -> Checked<FileTarget> {
    match text(at, "the path of a file, or -")? {
        "-" => Ok(FileTarget::Stdout),
        _ => path(at, base).map(FileTarget::File),
    }
}

fn webhook(at: &Cursor<'_>, base: &Path) -> Checked<Webhook> {
    let expected = "a webhook with the keys name, url and secret_file";
    // An address may be a secret, and a key may stand where its file should.
    let mut fields = Fields::open(at, expected)?.holding_secrets();
    let name = fields.required("name", "the value of the label sink", name);
    let url = fields.required("url", "a URL", parsed("a URL", HookUrl::parse));
    let secret_file = fields.required("secret_file", "the file of a key", |at| {
        let file = path(at, base)?;
        at.report.needs_file(ReferencedFile {
            file: file.clone(),
            line: at.line,
            path: at.path.clone(),
        });
        Ok(file)
    });
    let kinds = fields.or("kinds", Kinds::ALL, kinds);
    let timeout = fields.or("timeout", Webhook::TIMEOUT, duration(SECOND, MINUTE));
    fields.finish();
    Ok(Webhook {
        name: name?,
        url: url?,
        secret_file: secret_file?,
        kinds: kinds?,
        timeout: timeout?,
    })
}

fn name(at: &Cursor<'_>) -> Checked<SinkName> {
    let name = parsed("a name", SinkName::parse)(at)?;
    at.unique("name of a webhook", "", name.as_str())?;
    Ok(name)
}

fn kinds(at: &Cursor<'_>) -> Checked<Kinds> {
    let kinds = at.list(MAX_KINDS, "a list of kinds of events", choice(KINDS))?;
    if kinds.is_empty() {
        return at.refuse("an empty list: expected at least one kind of events");
    }
    Ok(kinds.into_iter().collect())
}

/// Each has a queue and a connection of its own.
const MAX_WEBHOOKS: usize = 50;

/// Each may stand once, and there are fewer.
const MAX_KINDS: usize = 20;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

const KINDS: &[(&str, Option<Kind>)] = &[
    ("session_started", Some(Kind::SessionStarted)),
    ("session_ended", Some(Kind::SessionEnded)),
    ("anomaly_raised", Some(Kind::AnomalyRaised)),
    ("anomaly_cleared", Some(Kind::AnomalyCleared)),
    ("account_created", Some(Kind::AccountCreated)),
    ("account_removed", Some(Kind::AccountRemoved)),
    ("account_enabled", Some(Kind::AccountEnabled)),
    ("account_disabled", Some(Kind::AccountDisabled)),
    ("bandwidth_changed", Some(Kind::BandwidthChanged)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_word() {
        let words: Vec<(&str, Option<Kind>)> = Kind::ALL
            .into_iter()
            .map(|kind| (kind.as_str(), Some(kind)))
            .collect();
        assert_eq!(words, KINDS);
    }
}
