//! One entry of `accounts`.

use std::path::Path;

use super::decode::{Checked, Cursor, Fields};
use super::node::Value;
use super::problem::ReferencedFile;
use super::scalars::{count, number, parsed, path, text};
use super::{Account, defaults};
use crate::model::{AccountName, Region, SagId};
use crate::openapi::{CredentialSource, Endpoint, SecretSource};
use crate::pacing::Rate;
use crate::secret::Secret;
use crate::sweep;

/// Decodes one account. Relative paths in it start at `base`.
pub(super) fn account(at: &Cursor<'_>, base: &Path) -> Checked<Account> {
    let mut fields = Fields::open(at, "a cloud account with the keys name and regions")?;
    let name = fields.required("name", "the value of the label account", name);
    let credentials = match fields.get("credentials") {
        Some(at) => credentials(&at, base),
        None => {
            at.report.needs_environment(at.line, &at.path);
            Ok(CredentialSource::Environment)
        }
    };
    let regions = fields.required("regions", REGIONS, regions);
    let instances = fields.or("instances", Vec::new(), instances);
    let endpoint = fields.or("endpoint", Endpoint::default(), endpoint);
    let rate = fields.or(
        "rate",
        defaults::rate(),
        number("calls per second above 0 and at most 10000", Rate::new),
    );
    let concurrency = fields.or(
        "concurrency",
        defaults::CONCURRENCY,
        count("a number of calls", "1 to 256", MAX_CONCURRENCY),
    );
    fields.finish();
    Ok(Account {
        sweep: sweep::AccountOptions {
            name: name?,
            regions: regions?,
            instances: instances?,
            concurrency: concurrency?,
        },
        credentials: credentials?,
        endpoint: endpoint?,
        rate: rate?,
    })
}

fn name(at: &Cursor<'_>) -> Checked<AccountName> {
    let name = parsed("a name", AccountName::parse)(at)?;
    at.unique("account name", "", name.as_str())?;
    Ok(name)
}

/// No region at all stands for every region.
fn regions(at: &Cursor<'_>) -> Checked<Vec<Region>> {
    if text_is(at, "all") {
        return Ok(Vec::new());
    }
    let regions = at.list(MAX_REGIONS, REGIONS, |item| {
        let region = parsed("a region", Region::parse)(item)?;
        item.unique("region", &at.path, region.as_str())?;
        Ok(region)
    })?;
    if regions.is_empty() {
        return at.refuse(format!("an empty list: expected {REGIONS}"));
    }
    Ok(regions)
}

/// The ids are unique over the whole file: an id is the key of its series.
fn instances(at: &Cursor<'_>) -> Checked<Vec<SagId>> {
    at.list(MAX_INSTANCES, "a list such as [sag-abc123]", |item| {
        let id = parsed("an instance id", SagId::parse)(item)?;
        item.unique("instance", "", id.as_str())?;
        Ok(id)
    })
}

fn endpoint(at: &Cursor<'_>) -> Checked<Endpoint> {
    // What stands before an @ may be a password.
    if text(at, "a URL").is_ok_and(|text| text.contains('@')) {
        return at.refuse(
            "a URL with user name and password: expected one such as \
             https://smartag.{region}.aliyuncs.com",
        );
    }
    parsed("a URL", Endpoint::parse)(at)
}

fn credentials(at: &Cursor<'_>, base: &Path) -> Checked<CredentialSource> {
    let mut fields =
        Fields::open(at, "a mapping with the keys of an access key")?.holding_secrets();
    let id = secret(&mut fields, ACCESS_KEY_ID, base);
    let key_secret = secret(&mut fields, ACCESS_KEY_SECRET, base);
    let security_token = secret(&mut fields, SECURITY_TOKEN, base);
    fields.later(&["profile", "assume_role", "ecs_ram_role", "oidc", "uri"]);
    let id = present(&fields, ACCESS_KEY_ID, id);
    let key_secret = present(&fields, ACCESS_KEY_SECRET, key_secret);
    fields.finish();
    Ok(CredentialSource::AccessKey {
        id: id?,
        secret: key_secret?,
        security_token: security_token?,
    })
}

/// The two keys under which a secret may stand.
type SecretKeys = (&'static str, &'static str);

/// A secret that stands in the file, or in a file of its own.
fn secret(
    fields: &mut Fields<'_>,
    (inline, file): SecretKeys,
    base: &Path,
) -> Checked<Option<SecretSource>> {
    match (fields.get(inline), fields.get(file)) {
        (None, None) => Ok(None),
        (Some(at), None) => inline_secret(&at).map(Some),
        (None, Some(at)) => secret_file(&at, base).map(Some),
        (Some(_), Some(second)) => {
            second.refuse(format!("{inline} and {file} are both given: expected one"))
        }
    }
}

fn present(
    fields: &Fields<'_>,
    (inline, file): SecretKeys,
    found: Checked<Option<SecretSource>>,
) -> Checked<SecretSource> {
    match found? {
        Some(source) => Ok(source),
        None => fields.refuse(format!("a key is missing: expected {inline} or {file}")),
    }
}

/// Nothing of the value is ever quoted.
fn inline_secret(at: &Cursor<'_>) -> Checked<SecretSource> {
    let found = text(at, "text")?;
    if found.is_empty() || found.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return at.refuse("empty or with white space (not shown): expected the key itself");
    }
    if found.starts_with("${") {
        return at.refuse(
            "variables are not expanded here: expected the key itself, or leave credentials out \
             to take them from the environment",
        );
    }
    Ok(SecretSource::Inline(Secret::new(found)))
}

fn secret_file(at: &Cursor<'_>, base: &Path) -> Checked<SecretSource> {
    let file = path(at, base)?;
    at.report.needs_file(ReferencedFile {
        file: file.clone(),
        line: at.line,
        path: at.path.clone(),
    });
    Ok(SecretSource::File(file))
}

fn text_is(at: &Cursor<'_>, word: &str) -> bool {
    matches!(&at.node.value, Value::Scalar { text, .. } if text == word)
}

const ACCESS_KEY_ID: SecretKeys = ("access_key_id", "access_key_id_file");
const ACCESS_KEY_SECRET: SecretKeys = ("access_key_secret", "access_key_secret_file");
const SECURITY_TOKEN: SecretKeys = ("security_token", "security_token_file");

const REGIONS: &str = "all, or a list such as [cn-shanghai]";

/// The cloud has a few dozen regions.
const MAX_REGIONS: usize = 500;

/// The cloud's own limit of instances in an account.
const MAX_INSTANCES: usize = 500;

/// Calls are short and rates are low: more in flight would only wait for the
/// rate.
const MAX_CONCURRENCY: u32 = 256;
