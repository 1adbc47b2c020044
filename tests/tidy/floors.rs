//! Who may import whom.

use super::code::{Code, is_identifier};

/// The rooms of the house. A room imports only rooms of lower floors.
const FLOORS: [&[&str]; 9] = [
    &["model", "secret", "clock", "catalog"],
    &["signature", "pacing", "telemetry", "httpd", "fleet"],
    &["openapi", "sag", "rules", "sim", "plan"],
    &["sweep", "exposition", "doctor", "state", "events"],
    &["web", "delivery"],
    &["config"],
    &["app"],
    &["cli"],
    &["main"],
];

/// Neighbours that may see each other: who imports whom, and why.
const ALLOWED_NEIGHBOURS: [(&str, &str, &str); 2] = [
    (
        "sag",
        "openapi",
        "the typed operations are the face of the signed client",
    ),
    (
        "httpd",
        "telemetry",
        "requests and connections are counted where they end",
    ),
];

/// Who alone may import a room, although others stand above it too.
const RESERVED: [(&str, &[&str], &str); 2] = [
    (
        "sim",
        &["app", "cli"],
        "only the commands start the simulator; nothing else knows that the cloud has a double",
    ),
    (
        "cli",
        &["main"],
        "the command line is the roof: only the program itself stands on it",
    ),
];

/// The floor of a room, counted from 0.
pub(crate) fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// What is wrong with the imports of one file, as (line, rule).
pub(crate) fn check(path: &str, code: &Code) -> Vec<(usize, String)> {
    let Some(importer) = room_of(path) else {
        return Vec::new();
    };
    let Some(from) = floor(importer) else {
        return vec![(1, format!("`{importer}` stands on no floor"))];
    };
    let mut findings = Vec::new();
    for (line, imported) in imports(path, code) {
        if imported == importer || is_macro_or_item(importer, &imported) {
            continue;
        }
        if let Some(rule) = verdict(importer, from, &imported, code.is_test_line(line)) {
            findings.push((line, rule));
        }
    }
    findings
}

fn verdict(importer: &str, from: usize, imported: &str, in_test: bool) -> Option<String> {
    let Some(to) = floor(imported) else {
        return Some(format!("`{imported}` is no room of the house"));
    };
    let allowed = ALLOWED_NEIGHBOURS
        .iter()
        .any(|(who, whom, _)| *who == importer && *whom == imported);
    if to > from {
        return Some(format!(
            "`{importer}` (floor {from}) imports `{imported}` of the higher floor {to}"
        ));
    }
    if to == from && !allowed {
        return Some(format!(
            "`{importer}` imports its neighbour `{imported}` on floor {from}"
        ));
    }
    let (_, _, reason) = RESERVED
        .iter()
        .find(|(room, who, _)| *room == imported && !who.contains(&importer))?;
    (!in_test).then(|| format!("`{importer}` imports `{imported}`: {reason}"))
}

/// `src/main.rs` may name the crate itself; `src/lib.rs` imports nothing.
fn is_macro_or_item(importer: &str, imported: &str) -> bool {
    importer == "main" && imported == "main"
}

/// The room to which a file belongs; `None` for the root of the library and
/// for files outside `src`.
fn room_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let room = inside.split('/').next()?.trim_end_matches(".rs");
    (room != "lib").then_some(room)
}

/// Every room that a file names, with the line.
fn imports(path: &str, code: &Code) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for root in ["crate::", "sag_exporter::"] {
        for offset in code.find(root) {
            let line = code.line_at(offset);
            for room in first_segments(code.after(offset + root.len())) {
                found.push((line, room));
            }
        }
    }
    // In the root file of a room `super` is the root of the crate.
    let depth = path.matches('/').count();
    if depth == 1 || (depth == 2 && path.ends_with("/mod.rs")) {
        for offset in code.find("super::") {
            let line = code.line_at(offset);
            let rooms = first_segments(code.after(offset + "super::".len()));
            found.extend(
                rooms
                    .into_iter()
                    .filter(|room| !code.is_test_line(line) && floor(room).is_some())
                    .map(|room| (line, room)),
            );
        }
    }
    found.sort();
    found
}

/// The first segment of a path, or of each path in a group of braces.
fn first_segments(text: &str) -> Vec<String> {
    let Some(group) = text.strip_prefix('{') else {
        return identifier(text).into_iter().collect();
    };
    let mut segments = Vec::new();
    let mut depth = 1_usize;
    let mut rest = group;
    let mut expects_segment = true;
    while depth > 0 {
        let Some(next) = rest.chars().next() else {
            break;
        };
        if expects_segment && let Some(segment) = identifier(rest) {
            rest = rest.get(segment.len()..).unwrap_or_default();
            segments.push(segment);
            expects_segment = false;
            continue;
        }
        match next {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => expects_segment = true,
            _ => {}
        }
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    segments
}

fn identifier(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| is_identifier(*c)).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_goes_down() {
        let check = |path: &str, text: &str, expected: &[&str]| {
            let found: Vec<String> = check(path, &Code::new(text))
                .into_iter()
                .map(|(line, rule)| format!("{line}: {rule}"))
                .collect();
            assert_eq!(found, expected, "{path}: {text}");
        };
        check("src/sweep/run.rs", "use crate::sag::Client;", &[]);
        check("src/sweep/run.rs", "use crate::sweep::Options;", &[]);
        check("src/sag/mod.rs", "use crate::openapi::Client;", &[]);
        check("src/main.rs", "fn main() { sag_exporter::cli::run() }", &[]);
        check("src/lib.rs", "use crate::cli;", &[]);
        check("tests/a.rs", "use crate::cli;", &[]);
        check(
            "src/sweep/run.rs",
            "// crate::app\nlet x = \"crate::app\";",
            &[],
        );
        check(
            "src/model/names.rs",
            "\nfn f() { crate::secret::Secret::new() }",
            &["2: `model` imports its neighbour `secret` on floor 0"],
        );
        check(
            "src/openapi/mod.rs",
            "use crate::sag::Client;",
            &["1: `openapi` imports its neighbour `sag` on floor 2"],
        );
        check(
            "src/fleet/mod.rs",
            "use super::web;",
            &["1: `fleet` (floor 1) imports `web` of the higher floor 4"],
        );
        check(
            "src/clock.rs",
            "use super::web;",
            &["1: `clock` (floor 0) imports `web` of the higher floor 4"],
        );
        check(
            "src/clock.rs",
            "use crate::{model::{Region, app}, config, secret};",
            &[
                "1: `clock` (floor 0) imports `config` of the higher floor 5",
                "1: `clock` imports its neighbour `model` on floor 0",
                "1: `clock` imports its neighbour `secret` on floor 0",
            ],
        );
        check(
            "src/sweep/mod.rs",
            "use crate::sim::Cloud;\n#[cfg(test)]\nmod tests {\n    use crate::sim::Cloud;\n}",
            &[
                "1: `sweep` imports `sim`: only the commands start the simulator; nothing else \
                knows that the cloud has a double",
            ],
        );
        check("src/attic/mod.rs", "", &["1: `attic` stands on no floor"]);
        check(
            "src/app/mod.rs",
            "use crate::attic;",
            &["1: `attic` is no room of the house"],
        );
    }
}
