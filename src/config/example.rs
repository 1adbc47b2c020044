//! A commented configuration with every key that there is.

use super::keys::{FILE, Key, Kind, Presence};

/// A configuration with every key: defaults where there are some, and the rest
/// as comments.
pub fn example() -> String {
    let mut lines = Vec::new();
    mapping(FILE, Place::default(), &mut lines);
    lines.iter().map(Line::text).collect()
}

/// Where a mapping stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    indent: usize,
    /// The mapping is an item of a list, so that its first key has a dash.
    in_list: bool,
    /// Where the hash stands, if all of it is a comment.
    hash: Option<usize>,
}

struct Line {
    code: String,
    help: &'static str,
}

impl Line {
    fn text(&self) -> String {
        let Self { code, help } = self;
        format!("{code:<HELP_COLUMN$}  # {help}\n")
    }
}

fn mapping(keys: &[Key], place: Place, lines: &mut Vec<Line>) {
    for (index, key) in keys.iter().enumerate() {
        let dash = match (place.in_list, index) {
            (true, 0) => "- ",
            (true, _) => "  ",
            (false, _) => "",
        };
        let indent = place.indent + dash.len();
        let is_comment = key.presence == Presence::Alternative;
        let hash = place.hash.or(is_comment.then_some(indent));
        let entry = entry(key);
        let code = match hash {
            // The whole list is a comment, dashes included.
            Some(hash) if hash <= place.indent => {
                let inner = place.indent - hash;
                format!("{:hash$}# {:inner$}{dash}{entry}", "", "")
            }
            Some(hash) => format!("{:hash$}# {:inner$}{entry}", "", "", inner = indent - hash),
            None => format!("{:indent$}{dash}{entry}", "", indent = place.indent),
        };
        lines.push(Line {
            code,
            help: key.help,
        });
        if let Kind::Map(keys) | Kind::Maps(keys) = key.kind {
            let inside = Place {
                indent: indent + 2,
                in_list: matches!(key.kind, Kind::Maps(_)),
                hash,
            };
            mapping(keys, inside, lines);
        }
    }
}

/// The key with its value, if it stands on the same line.
fn entry(key: &Key) -> String {
    let value = match key.kind {
        Kind::Text(text)
        | Kind::File(text)
        | Kind::Duration(text)
        | Kind::Truth(text)
        | Kind::Texts(text)
        | Kind::TextsOr(text, _) => text,
        Kind::Number { example, .. } | Kind::Whole { example, .. } => example,
        Kind::OneOf(words) => words.first().copied().unwrap_or_default(),
        Kind::Map(_) | Kind::Maps(_) => return format!("{}:", key.name),
    };
    format!("{}: {value}", key.name)
}

const HELP_COLUMN: usize = 54;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{self, Source};

    #[test]
    fn the_example_is_what_is_in_force_without_it() {
        let text = example();
        let found = config::parse(text.as_bytes(), Path::new("c.yml"));
        let found = found.unwrap_or_else(|errors| panic!("{errors}\n{text}"));
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("c.yml");
        std::fs::write(&file, "accounts: [{name: main, regions: [cn-shanghai]}]").unwrap();
        let origin = config::Origin::File(file);
        let instances = Vec::new();
        let shard = crate::sweep::Shard::WHOLE;
        let source = Source {
            origin,
            instances,
            shard,
        };
        let defaults = source.load().unwrap().config;
        assert_eq!(found, defaults);
    }

    /// Whoever takes hashes away gets what the comments say.
    #[test]
    fn every_comment_of_the_example_can_be_put_into_force() {
        let check = |keep: &[&str]| {
            let mut section = String::new();
            // Keys of several sections have the same names.
            let mut wanted = true;
            let mut text = String::new();
            for line in example().lines() {
                let code = line.split("  # ").next().unwrap().trim_end();
                let code = if code.is_empty() { line } else { code };
                let bare = code.replacen("# ", "", 1);
                let indent = bare.len() - bare.trim_start().len();
                let key = bare.trim_start().trim_start_matches("- ");
                let name = key.split(':').next().unwrap().to_owned();
                if indent == 0 {
                    wanted = !code.starts_with('#') || keep.contains(&name.as_str());
                }
                if indent <= SECTION_INDENT {
                    section.clone_from(&name);
                }
                let kept = [&name, &section].map(|word| keep.contains(&word.as_str()));
                // Roles have a key of the same name as one of the file.
                let meant = indent > 0 || keep.first() == Some(&name.as_str());
                if !code.contains("# ") || (wanted && meant && kept == [true; 2]) {
                    text += &format!("{bare}\n");
                }
            }
            let found = config::parse(text.as_bytes(), Path::new("c.yml"));
            assert!(found.is_ok(), "{}\n{text}", found.unwrap_err());
            assert!(
                keep.iter().all(|name| text.contains(&format!("{name}:"))),
                "{text}"
            );
        };
        check(&["instances"]);
        check(&["pseudonym_key_file"]);
        check(&["policy", "match", "sessions", "bandwidth"]);
        check(&["events", "file", "client_ip"]);
        let webhook = ["webhooks", "name", "url", "secret_file", "kinds", "timeout"];
        check(&[&["events"], &webhook[..]].concat());
        check(&["state", "file", "interval"]);
        let role = [
            "session_name",
            "policy",
            "duration",
            "sts_region",
            "sts_vpc",
        ];
        let oidc = ["oidc", "role_arn", "provider_arn", "token_file"];
        let assume_role = ["assume_role", "arn", "external_id"];
        for source in [
            &["access_key_id", "access_key_secret_file"][..],
            &["access_key_id_file", "access_key_secret", "security_token"],
            &["profile"],
            &["ecs_ram_role"],
            &["uri"],
            &[&oidc[..], &role].concat(),
            &[&assume_role[..], &role].concat(),
            &[&["profile"], &assume_role[..], &role].concat(),
        ] {
            check(&[&["credentials"], source].concat());
        }
    }

    /// What stands deeper belongs to the key before it.
    const SECTION_INDENT: usize = 6;
}
