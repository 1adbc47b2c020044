//! The table against the decoder.

use std::path::Path;

use super::*;
use crate::config;

/// The decoder names all keys that it knows when it meets one that it does
/// not know.
#[test]
fn the_table_has_the_keys_of_the_decoder() {
    let check = |keys: &[Key], text: &str| {
        let text = text.replace("UNKNOWN", "quite_something_else: 0");
        let errors = config::parse(text.as_bytes(), Path::new("c.yml")).unwrap_err();
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let expected = format!(": expected {}", names.join(", "));
        let told = errors.problems().iter();
        let mut told = told.filter(|problem| problem.text.contains("is unknown"));
        let told = told.next().map(|problem| problem.text.as_str());
        assert!(
            told.is_some_and(|told| told.ends_with(&expected)),
            "{expected}\n{errors}"
        );
    };
    let account = |rest: &str| format!("accounts: [{{name: a, regions: [r], {rest}}}]");
    check(FILE, &format!("{}\nUNKNOWN", account("")));
    check(ACCOUNT, &account("UNKNOWN"));
    check(CREDENTIALS, &account("credentials: {UNKNOWN}"));
    check(OIDC, &account("credentials: {oidc: {UNKNOWN}}"));
    check(ROLE, &account("credentials: {assume_role: {UNKNOWN}}"));
    check(SWEEP, &format!("{}\nsweep: {{UNKNOWN}}", account("")));
    check(LABELS, &format!("{}\nlabels: {{UNKNOWN}}", account("")));
    check(
        ENTRY,
        &format!("{}\npolicy: [{{match: x, UNKNOWN}}]", account("")),
    );
    check(EVENTS, &format!("{}\nevents: {{UNKNOWN}}", account("")));
    let hooks = "events: {webhooks: [{UNKNOWN}]}";
    check(WEBHOOK, &format!("{}\n{hooks}", account("")));
    check(STATE, &format!("{}\nstate: {{UNKNOWN}}", account("")));
    check(LIMITS, &format!("{}\nlimits: {{UNKNOWN}}", account("")));
}
