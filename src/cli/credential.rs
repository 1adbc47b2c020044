//! What a person reads of the source of a credential. Never a secret.

use std::path::PathBuf;

use crate::config::Environment;
use crate::openapi::{CredentialSource, SecretSource};

/// Where the credential comes from; of the default chain what it will use, as
/// far as that can be seen without a call.
pub(super) fn describe(source: &CredentialSource, environment: &Environment) -> String {
    match source {
        CredentialSource::Chain => format!("default chain: {}", chain(environment)),
        CredentialSource::Environment => "access key from the environment".to_owned(),
        CredentialSource::AccessKey {
            secret,
            security_token,
            ..
        } => {
            let kind = match security_token {
                Some(_) => "temporary access key",
                None => "access key",
            };
            match secret {
                SecretSource::Inline(_) => format!("{kind} from the configuration"),
                SecretSource::File(path) => format!("{kind} from {}", path.display()),
            }
        }
        CredentialSource::Profile(name) => format!("profile {name}"),
        CredentialSource::EcsRamRole(Some(name)) => format!("role {name} of this ECS server"),
        CredentialSource::EcsRamRole(None) => "role of this ECS server".to_owned(),
        CredentialSource::Oidc(role) => match &role.arn {
            Some(arn) => format!("role {arn} by OIDC token"),
            None => "role by OIDC token".to_owned(),
        },
        CredentialSource::Uri(_) => "credentials URI".to_owned(),
        CredentialSource::AssumeRole { base, role } => {
            format!(
                "role {} on top of {}",
                role.arn,
                describe(base, environment)
            )
        }
    }
}

/// The first provider of the default chain that looks usable from here. What
/// only a call can tell is the metadata service, which comes last but one.
fn chain(environment: &Environment) -> String {
    let all_set = |names: &[&str]| names.iter().all(|name| environment.get(name).is_some());
    if all_set(&ACCESS_KEY) {
        return "access key from the environment".to_owned();
    }
    if all_set(&OIDC_ROLE) {
        return "role by OIDC token, from the environment".to_owned();
    }
    let profile = environment.get(PROFILE);
    let is_off = environment.get(CLI_PROFILE_DISABLED);
    let is_off = is_off.is_some_and(|word| word.eq_ignore_ascii_case("true"));
    if let Some(path) = present(in_home(environment, CLI_CONFIG)).filter(|_| !is_off) {
        let profile = profile.unwrap_or("current");
        return format!("profile {profile} of {}", path.display());
    }
    let named = environment.get(CREDENTIALS_FILE).map(PathBuf::from);
    if let Some(path) = present(named.or_else(|| in_home(environment, CREDENTIALS_INI))) {
        let section = profile.unwrap_or("default");
        return format!("section {section} of {}", path.display());
    }
    if environment.get(CREDENTIALS_URI).is_some() {
        return "role of this ECS server, else the credentials URI".to_owned();
    }
    "role of this ECS server, for there is nothing else".to_owned()
}

fn in_home(environment: &Environment, path: &str) -> Option<PathBuf> {
    Some(environment.home_directory()?.join(path))
}

fn present(path: Option<PathBuf>) -> Option<PathBuf> {
    path.filter(|path| path.is_file())
}

const ACCESS_KEY: [&str; 2] = [
    "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
];
const OIDC_ROLE: [&str; 3] = [
    "ALIBABA_CLOUD_ROLE_ARN",
    "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
    "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
];
const PROFILE: &str = "ALIBABA_CLOUD_PROFILE";
const CLI_PROFILE_DISABLED: &str = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED";
const CREDENTIALS_FILE: &str = "ALIBABA_CLOUD_CREDENTIALS_FILE";
const CREDENTIALS_URI: &str = "ALIBABA_CLOUD_CREDENTIALS_URI";
const CLI_CONFIG: &str = ".aliyun/config.json";
const CREDENTIALS_INI: &str = ".alibabacloud/credentials.ini";

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_chain_is_foreseen_in_its_order() {
        let home = tempfile::tempdir().unwrap();
        let home_text = home.path().to_str().unwrap().to_owned();
        let check = |variables: &[&str], expected: &str| {
            let set = |name: &str| (format!("ALIBABA_CLOUD_{name}").into(), "x".into());
            let home = ("HOME".into(), home_text.clone().into());
            let variables = variables.iter().map(|name| set(name)).chain([home]);
            let found = describe(&CredentialSource::Chain, &Environment::new(variables));
            assert_eq!(
                found,
                format!("default chain: {expected}").replace("~", &home_text)
            );
        };
        let key = ["ACCESS_KEY_ID", "ACCESS_KEY_SECRET"];
        let oidc = ["ROLE_ARN", "OIDC_PROVIDER_ARN", "OIDC_TOKEN_FILE"];
        let nothing = "role of this ECS server, for there is nothing else";
        check(&[], nothing);
        check(&["ACCESS_KEY_ID"], nothing);
        check(
            &["CREDENTIALS_URI"],
            "role of this ECS server, else the credentials URI",
        );
        check(&oidc, "role by OIDC token, from the environment");
        let both: Vec<&str> = key.into_iter().chain(oidc).collect();
        check(&both, "access key from the environment");
        for path in [CREDENTIALS_INI, CLI_CONFIG] {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
            let file = [CLI_CONFIG, CREDENTIALS_INI].map(|path| home.path().join(path).is_file());
            let expected = match file {
                [true, _] => format!("profile x of ~/{CLI_CONFIG}"),
                _ => format!("section x of ~/{CREDENTIALS_INI}"),
            };
            check(&["PROFILE"], &expected);
        }
    }
}
