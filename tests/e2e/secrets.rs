//! No secret and no e-mail address in anything that the program writes or
//! answers, whatever is logged and whatever goes wrong.

use futures_util::{StreamExt as _, stream};
use sag_exporter::secret::Secret;
use sag_exporter::sim::{Credential, Effect, NewUser, Rule};
use tempfile::TempDir;

use crate::daemon::{Config, Daemon, config_flag, run};
use crate::exposition::Page;
use crate::simulator::{Simulator, quiet};
use crate::wait::until;

#[tokio::test]
async fn no_secret_and_no_mail_address_leaves_the_process() {
    let faults = [
        None,
        Some(Effect::BadGateway),
        Some(Effect::Drop),
        Some(Effect::Truncate(9)),
    ];
    let cases = ["logfmt", "json"].into_iter().flat_map(|format| {
        let faults = faults.iter();
        faults.map(move |fault| (format, fault.clone()))
    });
    let check = |(format, fault)| async move {
        let all = all_output(format, fault).await;
        assert_clean(&all);
    };
    stream::iter(cases).for_each_concurrent(None, check).await;
}

#[tokio::test]
async fn no_secret_shows_when_the_cloud_refuses_it() {
    for format in ["logfmt", "json"] {
        let simulator = world(None).await;
        let key = Credential::new("testid", Secret::new("another"));
        simulator.cloud.set_credentials(vec![key]);
        let dir = TempDir::new().unwrap();
        let file = config_flag(&dir, &config(&simulator).yaml());
        let format = format!("--log.format={format}");
        let output = run(&["once", &file, "--log.level=trace", &format]).await;
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("SignatureDoesNotMatch"), "{said}");
        assert_clean(&(said + &String::from_utf8(output.stdout).unwrap()));
    }
}

/// Everything that the daemon says and answers in a few sweeps.
async fn all_output(format: &str, fault: Option<Effect>) -> String {
    let goes_well = fault.is_none();
    let simulator = world(fault).await;
    let flags = [
        "--web.listen-address=127.0.0.1:0",
        "--log.level=trace",
        &format!("--log.format={format}"),
    ];
    let place = TempDir::new().unwrap();
    let events = events(&place);
    let daemon = Daemon::start_with(&config(&simulator).section(&events), &flags).await;
    daemon.page_when("a few sweeps are over", swept).await;
    if goes_well {
        let sag_id = simulator.sag_ids().remove(0);
        simulator.cloud.login(&sag_id, "wei", None).unwrap();
        until("a webhook fails", async || match daemon.log() {
            log if log.contains("events cannot be delivered") => Ok(()),
            log => Err(log),
        })
        .await;
    }
    let mut all = daemon.stdout();
    for path in PATHS {
        let reply = daemon.get(path).await;
        all += &format!("{}\n{}\n", reply.head, reply.text());
    }
    let log = daemon.stop().await;
    assert!(
        log.contains("sag_exporter::sweep"),
        "something is logged: {log}"
    );
    let lines = std::fs::read_to_string(place.path().join("events.jsonl"));
    let lines = lines.unwrap_or_default();
    assert!(!goes_well || lines.contains("session_started"), "{lines}");
    all += &lines;
    all + &log
}

/// Lines, and a webhook with a marked address and key on which nobody listens.
fn events(place: &TempDir) -> String {
    let path = |name: &str| place.path().join(name).display().to_string();
    // It is base64, so the mark cannot stand there as it is.
    std::fs::write(path("key"), format!("whsec_{HOOK_KEY}")).unwrap();
    format!(
        "events:\n  file: {}\n  client_ip: true\n  webhooks:\n    - name: hook\n      \
         url: http://127.0.0.1:1/{SECRET}?key={SECRET}\n      secret_file: {}\n",
        path("events.jsonl"),
        path("key")
    )
}

/// Users with marked mail addresses, and a marked key.
async fn world(fault: Option<Effect>) -> Simulator {
    let simulator = Simulator::start(quiet(1, 0)).await;
    let sag_id = simulator.sag_ids().remove(0);
    for user in ["wei", "li"] {
        let mail = Some(format!("{user}.{MAIL}"));
        let new = NewUser {
            mail,
            ..NewUser::default()
        };
        simulator.cloud.create_user(&sag_id, user, new).unwrap();
        simulator.cloud.login(&sag_id, user, None).unwrap();
    }
    simulator
        .cloud
        .set_credentials(vec![Credential::new("testid", Secret::new(SECRET))]);
    // The first calls are good, so that every kind of answer is seen.
    simulator.cloud.set_faults(
        fault
            .map(|effect| Rule::new(effect).after(4))
            .into_iter()
            .collect(),
    );
    simulator
}

fn config(simulator: &Simulator) -> Config {
    Config::default().account("main", simulator.address, SECRET)
}

fn swept(page: &Page) -> Result<(), f64> {
    match page.sum("sag_exporter_sweeps_total", &[]) {
        sweeps if sweeps < 2.0 => Err(sweeps),
        _ => Ok(()),
    }
}

fn assert_clean(text: &str) {
    for mark in [SECRET, HOOK_KEY, MAIL, "Signature=", "ACS3-HMAC-SHA256"] {
        let line = text.lines().find(|line| line.contains(mark));
        assert_eq!(line, None, "{mark} shows");
    }
}

const PATHS: [&str; 5] = ["/metrics", "/", "/-/healthy", "/-/ready", "/api/v1/status"];

const SECRET: &str = "MARKED-SECRET-0123456789";

const HOOK_KEY: &str = "MARKEDSECRET0123456789MARKEDSECR";

const MAIL: &str = "marked@mail.example";
