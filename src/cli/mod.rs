//! The command line: a file for each subcommand.
//!
//! Flags as they were typed (`flags`) become options that are known to be
//! good; only then does a command start what `app` builds, on what `wiring`
//! gives to all of them. This is the only room that knows of arguments, of the
//! environment and of the terminal.

mod arguments;
mod check;
mod completions;
mod credential;
mod demo;
mod doctor;
mod exit;
mod flags;
mod healthcheck;
mod logging;
mod man;
mod once;
mod output;
mod plan;
mod progress;
mod replace;
mod serve;
mod simulate;
mod users;
mod version;
mod whois;
mod wiring;

pub use self::exit::Exit;

use std::ffi::OsString;
use std::io::{self, Write};

use self::arguments::{Arguments, Command};
use self::exit::Failure;
use self::output::Paint;
use crate::config::Environment;
use crate::httpd::systemd;

/// Runs the program: `arguments` with its own name first, `environment` as the
/// process has it. Says on standard error why it fails.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Exit {
    let variables: Vec<_> = environment.into_iter().collect();
    let manager = manager(&variables);
    let paint = Paint::for_stdout(&variables);
    let environment = Environment::new(variables);
    let result = match arguments::parse(arguments) {
        Ok(Arguments { command }) => dispatch(command, environment, &manager, paint),
        Err(error) => return error_of_clap(&error),
    };
    match result {
        Ok(()) => Exit::Ok,
        Err(failure) => {
            // Without standard error there is nobody left to tell.
            let _ = writeln!(io::stderr().lock(), "{failure}");
            failure.exit()
        }
    }
}

fn dispatch(
    command: Command,
    environment: Environment,
    manager: &systemd::Environment,
    paint: Paint,
) -> Result<(), Failure> {
    match command {
        Command::Serve(flags) => serve::run(flags, environment, manager),
        Command::Demo(flags) => demo::run(flags, manager),
        Command::Simulate(flags) => simulate::run(flags),
        Command::Once(flags) => once::run(flags, environment),
        Command::Check(flags) => check::run(flags, environment),
        Command::Plan(flags) => plan::run(flags, environment),
        Command::Completions(flags) => completions::run(&flags),
        Command::Man(flags) => man::run(&flags),
        Command::Users(flags) => users::run(flags, environment, paint),
        Command::Whois(flags) => whois::run(flags, environment),
        Command::Healthcheck(flags) => healthcheck::run(&flags),
    }
}

/// What the environment says about the service manager.
fn manager(variables: &[(OsString, OsString)]) -> systemd::Environment {
    let value = |wanted: &str| {
        let found = variables.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone())
    };
    let text = |wanted: &str| value(wanted)?.into_string().ok();
    systemd::Environment {
        notify_socket: value("NOTIFY_SOCKET"),
        watchdog_usec: text("WATCHDOG_USEC"),
        watchdog_pid: text("WATCHDOG_PID"),
    }
}

/// Help and version come this way too, and are no errors.
fn error_of_clap(error: &clap::Error) -> Exit {
    let printed = output::forgiving(error.print());
    match (error.use_stderr(), printed) {
        (true, _) => Exit::Usage,
        (false, Ok(())) => Exit::Ok,
        (false, Err(_)) => Exit::Failure,
    }
}
