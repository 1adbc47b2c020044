//! From the configuration to what pages may show of it: no secret, and no text
//! that could hold one.

use crate::config::{Account, Config};
use crate::delivery::{self, FileTarget};
use crate::exposition::UserLabels;
use crate::openapi::{CredentialSource, SecretSource};
use crate::web::{AccountConfiguration, Configuration, Events, StateFile};

/// What pages may show of a configuration.
pub(super) fn shown(config: &Config) -> Configuration {
    let user_labels = match (config.exposition.user_labels, config.pseudonyms.in_use) {
        (UserLabels::None, _) => "none",
        (UserLabels::Plain, true) => "pseudonym",
        (UserLabels::Plain, false) => "plain",
    };
    Configuration {
        accounts: config.accounts.iter().map(|a| account(config, a)).collect(),
        sweep: config.sweep.clone(),
        user_labels,
        user_series_limit: config.exposition.user_series_limit,
        policy: config.rules.policy.clone(),
        state: config.state.as_ref().map(|state| StateFile {
            path: state.file.clone(),
            interval: state.interval,
        }),
        events: events(&config.events),
    }
}

fn events(options: &delivery::Options) -> Events {
    let file = options.file.as_ref().map(|file| match file {
        FileTarget::Stdout => "-".to_owned(),
        FileTarget::File(path) => path.display().to_string(),
    });
    let webhooks = options.webhooks.iter();
    Events {
        file,
        webhooks: webhooks.map(|webhook| webhook.name.to_string()).collect(),
    }
}

fn account(config: &Config, account: &Account) -> AccountConfiguration {
    AccountConfiguration {
        sweep: account.sweep.clone(),
        credential: credential(&account.credentials),
        endpoint: account.endpoint.clone(),
        rate: account.rate.share(config.sweep.shard.count()),
    }
}

/// What kind of credential it is. Ids and URIs are left out: an id helps
/// whoever looks for its secret, and a URI may be one.
fn credential(source: &CredentialSource) -> String {
    match source {
        CredentialSource::Chain => "the default chain".to_owned(),
        CredentialSource::Environment => "the environment".to_owned(),
        CredentialSource::AccessKey {
            secret,
            security_token,
            ..
        } => {
            let key = match security_token {
                Some(_) => "a temporary access key",
                None => "an access key",
            };
            let place = match secret {
                SecretSource::Inline(_) => "the configuration",
                SecretSource::File(_) => "a file",
            };
            format!("{key} from {place}")
        }
        CredentialSource::Profile(name) => format!("the profile {name}"),
        CredentialSource::EcsRamRole(None) => "the RAM role of the server".to_owned(),
        CredentialSource::EcsRamRole(Some(name)) => format!("the RAM role {name} of the server"),
        CredentialSource::Oidc(role) => match &role.arn {
            Some(arn) => format!("the role {arn} by OIDC"),
            None => "a role by OIDC".to_owned(),
        },
        CredentialSource::Uri(_) => "a credentials URI".to_owned(),
        CredentialSource::AssumeRole { base, role } => {
            format!("the role {}, assumed with {}", role.arn, credential(base))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config;

    #[test]
    fn no_secret_is_shown() {
        let sources = [
            "{access_key_id: MARKED1, access_key_secret: MARKED2, security_token: MARKED3}",
            "{access_key_id: MARKED1, access_key_secret_file: MARKED2}",
            "{uri: 'http://127.0.0.1:1/?x=MARKED'}",
            "{access_key_id: MARKED1, access_key_secret: MARKED2, \
              assume_role: {arn: 'acs:ram::1:role/r', external_id: MARKED3}}",
            "{oidc: {token_file: MARKED}}",
        ];
        let accounts = (0..).zip(sources).map(|(number, credentials)| {
            format!("- {{name: a{number}, regions: [r], credentials: {credentials}}}\n")
        });
        let file = format!(
            "accounts:\n{}labels: {{user: pseudonym, pseudonym_key_file: MARKED}}\n",
            accounts.collect::<String>()
        );
        let config = config::parse(file.as_bytes(), Path::new("/etc/c.yml")).unwrap();
        let shown = shown(&config);
        assert!(!format!("{shown:?}").contains("MARKED"), "{shown:?}");
        let credentials = shown.accounts.iter().map(|account| &*account.credential);
        assert_eq!(
            credentials.collect::<Vec<_>>(),
            [
                "a temporary access key from the configuration",
                "an access key from a file",
                "a credentials URI",
                "the role acs:ram::1:role/r, assumed with an access key from the configuration",
                "a role by OIDC",
            ]
        );
        assert_eq!(shown.user_labels, "pseudonym");
    }
}
