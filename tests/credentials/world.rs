//! What a process finds around it: variables, a home directory, services.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sag_exporter::clock::Clock;
use sag_exporter::model::AccountName;
use sag_exporter::openapi::CredentialSource;
use sag_exporter::openapi::credentials::{
    Addresses, Credential, CredentialProvider, Environment, Surroundings, provider,
};
use sag_exporter::secret::Secret;
use sag_exporter::telemetry::{BuildInfo, Telemetry};

use crate::double::{Answer, Asked, Double};

/// Variables and a home directory, and the double behind every service.
pub(crate) struct World {
    pub(crate) home: tempfile::TempDir,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) double: Double,
}

impl World {
    /// One in which every service works.
    pub(crate) fn new() -> Self {
        Self::with(good)
    }

    pub(crate) fn with(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            variables: BTreeMap::new(),
            double: Double::start(script),
        }
    }

    /// Sets a variable, without the beginning that all of them have. `URL` in
    /// the value stands for the double, `HOME` for the home directory.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        let value = self.placed(value);
        self.variables
            .insert(format!("ALIBABA_CLOUD_{name}"), value);
        self
    }

    pub(crate) fn set_all(self, variables: &[(&str, &str)]) -> Self {
        let mut world = self;
        for (name, value) in variables {
            world = world.set(name, value);
        }
        world
    }

    /// Writes a file below the home directory, with the same words replaced.
    pub(crate) fn write(self, path: &str, content: &str) -> Self {
        let content = self.placed(content);
        let path = self.home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    fn placed(&self, text: &str) -> String {
        let home = self.home.path().to_str().unwrap();
        text.replace("HOME/", &format!("{home}/"))
            .replace("URL", &self.double.url())
    }

    pub(crate) fn surroundings(&self) -> Surroundings {
        let mut variables: Vec<_> = self.variables.clone().into_iter().collect();
        variables.push(("HOME".to_owned(), self.home().to_str().unwrap().to_owned()));
        let variables = variables.into_iter().map(|(n, v)| (n.into(), v.into()));
        let environment = Environment::new(variables);
        let mut surroundings =
            Surroundings::new(environment, Clock::system(), telemetry()).unwrap();
        surroundings.addresses = Addresses {
            sts: Some(self.double.url()),
            metadata: Some(self.double.url()),
        };
        surroundings
    }

    pub(crate) fn provider(&self, source: &CredentialSource) -> Arc<dyn CredentialProvider> {
        let account = AccountName::parse("main").unwrap();
        provider(&account, source, &self.surroundings()).unwrap()
    }

    /// The credential of a source as `id/secret/token`, or the whole error.
    pub(crate) async fn outcome(&self, source: &CredentialSource) -> Result<String, String> {
        let credential = self.provider(source).credential().await;
        let credential = credential.map_err(|error| whole(&error))?;
        Ok(shown(&credential))
    }
}

pub(crate) fn telemetry() -> Telemetry {
    let build = BuildInfo {
        version: "",
        revision: "",
        rustversion: "",
    };
    Telemetry::new(build).unwrap()
}

pub(crate) fn shown(credential: &Credential) -> String {
    let token = credential.security_token().map_or("-", Secret::reveal);
    let secret = credential.access_key_secret().reveal();
    format!("{}/{secret}/{token}", credential.access_key_id())
}

pub(crate) fn whole(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |&error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// Every service as it works when all is well.
pub(crate) fn good(asked: &Asked) -> Answer {
    match (asked.method.as_str(), asked.path.as_str()) {
        ("PUT", "/latest/api/token") => Answer::ok("metadata-token"),
        ("GET", ROLES) => Answer::ok("discovered"),
        ("GET", "/uri") => Answer::ok(flat("uri")),
        ("GET", "/") => Answer::ok(sts(asked.parameter("RoleArn"))),
        ("GET", path) => match path.strip_prefix(ROLES) {
            Some(role) => Answer::ok(flat(role)),
            None => Answer::Reply(404, String::new()),
        },
        _ => Answer::Reply(404, String::new()),
    }
}

/// What the metadata service and a credentials URI answer.
pub(crate) fn flat(name: &str) -> String {
    let end = hence(3600);
    format!(
        r#"{{"Code":"Success","AccessKeyId":"STS.{name}","AccessKeySecret":"secret-MARK","SecurityToken":"token-MARK","Expiration":"{end}","LastUpdated":"{end}"}}"#
    )
}

/// What STS answers, for a role whose name is the end of its resource name.
pub(crate) fn sts(arn: &str) -> String {
    let name = arn.rsplit('/').next().unwrap_or_default();
    let credentials = flat(name).replace(r#""Code":"Success","#, "");
    format!(r#"{{"RequestId":"R-1","Credentials":{credentials}}}"#)
}

/// A moment in some seconds, as the services write it.
pub(crate) fn hence(seconds: i64) -> String {
    let end = Clock::system().now() + SignedDuration::from_secs(seconds);
    written(end)
}

pub(crate) fn written(at: Timestamp) -> String {
    format!("{at:.0}")
}

pub(crate) const ROLES: &str = "/latest/meta-data/ram/security-credentials/";
