//! The simulated cloud in the process of the test, and the program beside it.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use sag_exporter::clock::Clock;
use sag_exporter::model::Action;
use sag_exporter::sim::{self, Cloud, NewUser, Options, Scenario, UserTruth};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A cloud and a configuration over it. The cloud ends when this is dropped.
pub(crate) struct Rig {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) address: SocketAddr,
    pub(crate) dir: TempDir,
    _server: JoinSet<()>,
}

/// A command that ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Rig {
    /// A world in which nothing happens by itself.
    pub(crate) async fn quiet(instances: usize, users: usize) -> Self {
        Self::start(Options {
            instances,
            users,
            scenario: Scenario::Quiet,
            ..Options::default()
        })
        .await
    }

    pub(crate) async fn start(options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cloud = Cloud::new(options, Clock::system()).unwrap();
        let mut server = JoinSet::new();
        let stop = CancellationToken::new();
        server.spawn(sim::run(listener, Arc::clone(&cloud), stop));
        let rig = Self {
            cloud,
            address,
            dir: TempDir::new().unwrap(),
            _server: server,
        };
        rig.configure("");
        rig
    }

    /// Writes the configuration, with more keys at its end.
    pub(crate) fn configure(&self, more: &str) {
        self.configure_at("1000", more);
    }

    /// The same with a rate of its own.
    pub(crate) fn configure_at(&self, rate: &str, more: &str) {
        let address = self.address;
        let yaml = format!(
            "accounts:\n- name: main\n  \
             credentials: {{access_key_id: testid, access_key_secret: testsecret}}\n  \
             regions: [cn-shanghai]\n  endpoint: http://{address}\n  rate: {rate}\n{more}"
        );
        let file = self.path("sag-exporter.yml");
        fs::write(&file, yaml).unwrap();
        // It holds a key.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file and returns its name.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    pub(crate) fn config_flag(&self) -> String {
        format!("--config.file={}", self.path("sag-exporter.yml").display())
    }

    /// Runs `users` to its end, without a terminal.
    pub(crate) async fn users(&self, arguments: &[&str]) -> Ran {
        let config = self.config_flag();
        run(&[&["users"], arguments, &[&config]].concat()).await
    }

    /// The rows that a command prints as JSON.
    pub(crate) async fn rows(&self, arguments: &[&str]) -> Vec<Value> {
        let ran = self.users(&[arguments, &["-o", "json"]].concat()).await;
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran.rows()
    }

    pub(crate) fn sag_ids(&self) -> Vec<String> {
        let instances = self.cloud.instances().into_iter();
        instances.map(|(id, _)| id).collect()
    }

    /// The only instance, or the first.
    pub(crate) fn sag_id(&self) -> String {
        self.sag_ids().remove(0)
    }

    /// One more user with this bandwidth.
    pub(crate) fn create(&self, sag_id: &str, name: &str, kbps: u32) {
        let new = NewUser {
            bandwidth_kbps: Some(kbps),
            mail: Some(MAIL.to_owned()),
            static_ip: false,
        };
        self.cloud.create_user(sag_id, name, new).unwrap();
    }

    pub(crate) fn truth(&self, sag_id: &str, name: &str) -> UserTruth {
        self.cloud.user(sag_id, name, self.cloud.now()).unwrap()
    }

    pub(crate) fn kbps(&self, sag_id: &str, name: &str) -> u32 {
        self.truth(sag_id, name).bandwidth_kbps
    }

    /// How often an operation was called, whatever became of it.
    pub(crate) fn calls(&self, action: Action) -> u64 {
        let calls = self.cloud.calls(action);
        calls.answered + calls.refused + calls.throttled
    }

    /// How often something was to be changed.
    pub(crate) fn writes(&self) -> u64 {
        let writes = Action::ALL.into_iter().filter(|action| action.is_write());
        writes.map(|action| self.calls(action)).sum()
    }
}

impl Ran {
    pub(crate) fn rows(&self) -> Vec<Value> {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Ended so, and said this on standard error.
    pub(crate) fn ended(&self, code: i32, said: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.err.contains(said), "{said:?} is not in {self:?}");
    }

    /// The results of a `set`, user by user.
    pub(crate) fn results(&self) -> Vec<(String, String)> {
        let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        let rows = self.rows();
        let rows = rows.iter();
        rows.map(|row| (text(row, "user"), text(row, "result")))
            .collect()
    }
}

/// Runs the program to its end, without a terminal and without an environment.
pub(crate) async fn run(arguments: &[&str]) -> Ran {
    let output = command(arguments).output();
    let output = within(output).await.unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The program, without proxies and credentials of the environment.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// What does not come in time never comes.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    let output = tokio::time::timeout(PATIENCE, future).await;
    output.unwrap_or_else(|_| panic!("nothing came within {PATIENCE:?}"))
}

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_sag-exporter");

/// Far longer than anything here takes, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// An address that nothing may print.
pub(crate) const MAIL: &str = "never.printed@hidden.example";
