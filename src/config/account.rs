//! One entry of `accounts`.

use std::path::Path;

use super::decode::{Checked, Cursor, Fields};
use super::node::Value;
use super::scalars::{count, number, parsed, text};
use super::{Account, credentials, defaults};
use crate::model::{AccountName, Region, SagId};
use crate::openapi::{CredentialSource, Endpoint};
use crate::pacing::Rate;
use crate::sweep;

/// Decodes one account. Relative paths in it start at `base`.
pub(super) fn account(at: &Cursor<'_>, base: &Path) -> Checked<Account> {
    let mut fields = Fields::open(at, "a cloud account with the keys name and regions")?;
    let name = fields.required("name", "the value of the label account", name);
    let credentials = fields.or("credentials", CredentialSource::Chain, |at| {
        credentials::source(at, base)
    });
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

fn text_is(at: &Cursor<'_>, word: &str) -> bool {
    matches!(&at.node.value, Value::Scalar { text, .. } if text == word)
}

const REGIONS: &str = "all, or a list such as [cn-shanghai]";

/// The cloud has a few dozen regions.
const MAX_REGIONS: usize = 500;

/// The cloud's own limit of instances in an account.
const MAX_INSTANCES: usize = 500;

/// Calls are short and rates are low: more in flight would only wait for the
/// rate.
const MAX_CONCURRENCY: u32 = 256;
