//! The container: its file tree as the Dockerfile assembles it, started in it
//! as an engine would, with no right to write and no right at all.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::demo::{self, Demo, PROGRAM};
use crate::dockerfile::Dockerfile;
use crate::exposition::Page;
use crate::wait::{until, within};
use crate::{http, project};

#[test]
fn hadolint_has_no_finding() {
    let mut hadolint = Command::new(project::python_tool("hadolint"));
    let output = hadolint
        .arg("--no-color")
        .arg(project::path("deploy/docker/Dockerfile"))
        .output()
        .unwrap();
    let said = project::said(&output);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn the_image_says_what_it_holds() {
    let file = Dockerfile::read();
    let version = project::manifest("version");
    let label = format!("org.opencontainers.image.version=\"{version}\"");
    assert!(file.one("LABEL").contains(&label), "{label}");
    let rust = project::manifest("rust-version");
    let from = format!("rust:{rust}-slim-bookworm AS build");
    assert_eq!(file.build()[0].rest, from);
    assert_eq!(file.one("FROM"), "scratch");
    assert_eq!(file.one("EXPOSE"), "10724");
}

#[test]
fn the_context_holds_what_the_program_is_made_of() {
    let ignore = project::text(".dockerignore");
    let kept = ignore.lines().filter_map(|line| line.strip_prefix('!'));
    let kept: Vec<PathBuf> = kept.map(project::path).collect();
    let is_kept = |path: &Path| kept.iter().any(|kept| path.starts_with(kept));
    for path in [
        "Cargo.toml",
        "Cargo.lock",
        "build.rs",
        "deploy/docker/rootfs",
    ] {
        assert!(is_kept(&project::path(path)), "{path}");
    }
    let sources = sources(&project::path("src"));
    assert!(sources.len() > 100, "{}", sources.len());
    for source in sources {
        assert!(is_kept(&source), "{}", source.display());
        for included in included(&source) {
            let included = included.canonicalize().unwrap();
            assert!(is_kept(&included), "{}", included.display());
        }
    }
}

#[tokio::test]
async fn it_runs_read_only_and_without_rights() {
    let file = Dockerfile::read();
    let tree = Tree::of(&file);
    let entrypoint = file.words("ENTRYPOINT");
    let flags = demo::FLAGS.map(str::to_owned);
    let demo = Demo::run(tree.enter(&[entrypoint, flags.to_vec()].concat()).into()).await;

    assert_has_no_rights(demo.pid(), file.one("USER"));
    let seen = Path::new("/proc").join(demo.pid().to_string()).join("root");
    let forbidden = seen.join("var/lib/sag-exporter/file");
    let refused = fs::write(forbidden, "").unwrap_err().kind();
    assert_eq!(refused, ErrorKind::ReadOnlyFilesystem);

    until("numbers appear", async || {
        let reply = http::get(demo.address, "/metrics", "").await.unwrap();
        let page = Page::parse(reply.text());
        let seen = (page.sum("sag_up", &[]), page.count("sag_user_enabled", &[]));
        let process = page.sum("process_start_time_seconds", &[]) > 0.0;
        if seen == (2.0, 10) && process {
            Ok(())
        } else {
            Err((seen, process))
        }
    })
    .await;
    let check = [file.words("HEALTHCHECK"), vec![demo.listen_flag()]].concat();
    let healthy = within(tokio::process::Command::from(tree.enter(&check)).output()).await;
    assert_eq!(project::said(&healthy.unwrap()), "healthy\n");
    let signal = file.one("STOPSIGNAL").strip_prefix("SIG").unwrap();
    demo.stop(signal).await;
    let gone = tree.run(&check);
    assert_eq!(gone.status.code(), Some(1), "{}", project::said(&gone));
}

#[test]
fn its_command_reads_a_configuration_that_is_mounted() {
    let file = Dockerfile::read();
    let tree = Tree::of(&file);
    let mounted = tree.root().join("etc/sag-exporter/sag-exporter.yml");
    fs::copy(project::path("deploy/debian/sag-exporter.yml"), mounted).unwrap();
    let check = [
        file.words("ENTRYPOINT"),
        vec!["check".to_owned()],
        file.words("CMD"),
    ];
    let checked = tree.run(&check.concat());
    assert!(checked.status.success(), "{}", project::said(&checked));
}

#[test]
fn it_finds_names_and_authorities() {
    let file = Dockerfile::read();
    let tree = Tree::of(&file);
    // As an engine gives it to every container.
    fs::write(tree.root().join("etc/hosts"), "127.0.0.1 localhost\n").unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("localhost:{}", nobody.local_addr().unwrap().port());
    drop(nobody);
    let endpoint = format!("--sag.endpoint=https://{address}");
    let once = ["once", "--sag.region=cn-shanghai", &endpoint].map(str::to_owned);
    let command = [file.words("ENTRYPOINT"), once.to_vec()].concat();
    let said = || {
        let mut once = tree.enter(&command);
        once.env("ALIBABA_CLOUD_ACCESS_KEY_ID", "testid");
        once.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "testsecret");
        project::said(&once.output().unwrap())
    };
    let with = said();
    assert!(with.contains("Connection refused"), "{with}");
    assert!(!with.contains("No CA certificates"), "{with}");
    fs::remove_dir_all(tree.root().join("etc/ssl")).unwrap();
    let without = said();
    assert!(without.contains("No CA certificates"), "{without}");
}

/// The file tree of the image.
struct Tree {
    dir: TempDir,
    user: String,
}

impl Tree {
    /// Assembles it as the Dockerfile says, around the program under test.
    fn of(file: &Dockerfile) -> Self {
        let dir = TempDir::new().unwrap();
        let tree = Self {
            user: file.one("USER").to_owned(),
            dir,
        };
        let folder = tree.build(file);
        for copied in file.copies() {
            let inside = copied.from.strip_prefix(&folder).expect("what was built");
            let from = tree.dir.path().join("built").join(relative(inside));
            let to = tree.root().join(relative(&copied.to));
            copy(&from.join("."), &to);
            if let Some(owner) = &copied.owner
                && is_root()
            {
                give(&to, owner);
            }
        }
        // Made by every engine.
        fs::create_dir(tree.root().join("proc")).unwrap();
        tree
    }

    /// What the first stage leaves in the folder that it names.
    fn build(&self, file: &Dockerfile) -> String {
        fs::create_dir(self.root()).unwrap();
        let run = file.build().iter().rfind(|found| found.name == "RUN");
        let run = run.unwrap().rest.as_str();
        let (_, assembly) = run.split_once("sh deploy/docker/rootfs ").unwrap();
        let [program, folder] = assembly.split(' ').collect::<Vec<_>>()[..] else {
            panic!("a program and a folder in {assembly:?}")
        };
        assert_eq!(program, "target/release/sag-exporter");
        let mut script = Command::new("sh");
        script.arg(project::path("deploy/docker/rootfs"));
        script.arg(PROGRAM).arg(self.dir.path().join("built"));
        let output = script.output().unwrap();
        assert!(output.status.success(), "{}", project::said(&output));
        folder.to_owned()
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    /// A command inside, as the user of the image, without any capability and
    /// with a root that cannot be written to. Somebody who is not root may do
    /// so in a namespace of users.
    fn enter(&self, words: &[String]) -> Command {
        let (uid, gid) = self.user.split_once(':').unwrap();
        let mut command = Command::new("unshare");
        command.arg("--mount");
        let mut chroot = format!("chroot --userspec={uid}:{gid} --groups=");
        if !is_root() {
            command.args(["--user", "--keep-caps"]);
            command.arg(format!("--map-user={uid}"));
            command.arg(format!("--map-group={gid}"));
            chroot = "chroot".to_owned();
        }
        command.args(["--", "sh", "-ec"]).arg(format!(
            "mount --bind \"$0\" \"$0\"; mount --rbind /proc \"$0/proc\"; \
             mount -o remount,bind,ro \"$0\"; exec {chroot} \"$0\" \"$@\""
        ));
        command.arg(self.root()).args(words).env_clear();
        // The tools of the host; the program is named by its whole path.
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    /// Runs a command inside to its end.
    fn run(&self, words: &[String]) -> Output {
        project::run(&mut self.enter(words), "util-linux mount coreutils")
    }
}

/// The files below a folder that are compiled into the program.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false => found.push(path),
        }
    }
    found.retain(|path| !path.ends_with("tests.rs"));
    found
}

/// The files that a source takes in as text or bytes, or the folder that they
/// are in where the name is put together.
fn included(source: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(source).unwrap();
    let folder = source.parent().unwrap();
    ["include_str!(", "include_bytes!(", "include!("]
        .into_iter()
        .flat_map(|include| text.split(include).skip(1))
        .map(|rest| {
            let name = rest.trim_start_matches("concat!(").strip_prefix('"');
            let name = name.unwrap_or_else(|| panic!("{}: a name", source.display()));
            folder.join(name.split('"').next().unwrap())
        })
        .collect()
}

fn assert_has_no_rights(pid: u32, user: &str) {
    if !is_root() {
        return;
    }
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let field = |name: &str| {
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix(name)).unwrap();
        let values: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        values
    };
    let (uid, gid) = user.split_once(':').unwrap();
    assert_eq!(field("Uid:"), [uid; 4]);
    assert_eq!(field("Gid:"), [gid; 4]);
    assert!(field("Groups:").is_empty(), "{status}");
    assert_eq!(field("CapEff:"), ["0000000000000000"]);
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn give(path: &Path, owner: &str) {
    let (uid, gid) = owner.split_once(':').unwrap();
    chown(path, uid.parse().ok(), gid.parse().ok()).unwrap();
}

fn copy(from: &Path, to: &Path) {
    let mut cp = Command::new("cp");
    let output = cp.arg("-a").arg(from).arg(to).output().unwrap();
    assert!(output.status.success(), "{}", project::said(&output));
}

fn relative(path: &str) -> &str {
    path.trim_start_matches('/')
}
