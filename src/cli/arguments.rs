//! The commands, and which one is meant.

use std::collections::HashSet;
use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};

use super::{
    check, completions, demo, healthcheck, man, once, plan, serve, simulate, users, version, whois,
};

/// Watches who is online in Alibaba Cloud Smart Access Gateway (SAG) APP
/// instances, and tells Prometheus.
///
/// Without a command it is the daemon, `serve`.
#[derive(Debug, Parser)]
#[command(name = PROGRAM, version = version::TEXT, propagate_version = true)]
#[command(override_usage = "sag-exporter [COMMAND] [FLAGS]", after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The daemon: sweeps the cloud and serves metrics (the default command)
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::Flags),
    /// A simulated cloud and the daemon in one process: no account, no configuration
    #[command(after_help = demo::EXAMPLES)]
    Demo(demo::Flags),
    /// The simulated cloud alone, for tests and for trying things out
    #[command(after_help = simulate::EXAMPLES)]
    Simulate(simulate::Flags),
    /// One sweep; the metrics on standard output
    #[command(after_help = once::EXAMPLES)]
    Once(once::Flags),
    /// Checks the configuration as `serve` would, and the cloud with --live
    #[command(after_help = check::EXAMPLES)]
    Check(check::Flags),
    /// What the sweeps cost in calls and seconds, and what to change if it is too much
    #[command(after_help = plan::EXAMPLES)]
    Plan(plan::Flags),
    /// Accounts and sessions: list, show, set, kick
    Users(users::Flags),
    /// The user behind a pseudonym in the label user
    #[command(after_help = whois::EXAMPLES)]
    Whois(whois::Flags),
    /// Whether the daemon on this machine works, for containers
    #[command(after_help = healthcheck::EXAMPLES)]
    Healthcheck(healthcheck::Flags),
    /// A script that completes commands and flags, for a shell
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::Flags),
    /// The manual page
    #[command(after_help = man::EXAMPLES)]
    Man(man::Flags),
}

/// The commands with their flags, as clap defines them.
pub(super) fn definition() -> clap::Command {
    Arguments::command()
}

/// The same as it is typed: without a command, the flags are those of `serve`.
pub(super) fn typed_definition() -> clap::Command {
    let root = definition();
    let serve = root.find_subcommand("serve").cloned();
    let flags = serve.iter().flat_map(clap::Command::get_arguments);
    let flags: Vec<clap::Arg> = flags.cloned().collect();
    root.args(flags)
}

/// What people type.
pub(super) const PROGRAM: &str = "sag-exporter";

/// Reads the arguments. Flags may stand before or after the command.
pub(super) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Arguments, clap::Error> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let name = if arguments.is_empty() {
        PROGRAM.into()
    } else {
        arguments.remove(0)
    };
    Arguments::try_parse_from(std::iter::once(name).chain(command_first(arguments)))
}

/// Moves the command to the front, and puts `serve` there if there is none. A
/// command that has commands of its own is followed by one of them.
fn command_first(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let root = Arguments::command();
    let flags = flags_with_values(&root);
    let Some(place) = find_command(&root, &arguments, &flags) else {
        if !asks_about_the_program(&arguments) {
            arguments.insert(0, "serve".into());
        }
        return arguments;
    };
    let mut path = vec![arguments.remove(place)];
    let command = path.first().and_then(|word| word.to_str());
    let command = command.and_then(|word| root.find_subcommand(word));
    if let Some(inner) = command.filter(|command| command.has_subcommands())
        && let Some(place) = find_command(inner, &arguments, &flags)
    {
        path.push(arguments.remove(place));
    }
    path.extend(arguments);
    path
}

/// Where the name of a command stands among the arguments.
fn find_command(
    parent: &clap::Command,
    arguments: &[OsString],
    flags_with_values: &HashSet<String>,
) -> Option<usize> {
    let is_command = |word: &str| word == "help" || parent.find_subcommand(word).is_some();
    let mut after_flag = false;
    arguments.iter().position(|argument| {
        let Some(word) = argument.to_str() else {
            after_flag = false;
            return false;
        };
        let found = !after_flag && is_command(word);
        after_flag = !after_flag && flags_with_values.contains(word);
        found
    })
}

/// The flags of all commands after which a value may come as the next argument.
fn flags_with_values(command: &clap::Command) -> HashSet<String> {
    let flags = command.get_arguments();
    let flags = flags.filter(|flag| flag.get_action().takes_values());
    let mut names: HashSet<String> = flags
        .flat_map(|flag| {
            let long = flag.get_long().map(|long| format!("--{long}"));
            long.into_iter()
                .chain(flag.get_short().map(|short| format!("-{short}")))
        })
        .collect();
    for inner in command.get_subcommands() {
        names.extend(flags_with_values(inner));
    }
    names
}

/// `sag-exporter --help` shows the commands, not the flags of one of them.
fn asks_about_the_program(arguments: &[OsString]) -> bool {
    let asks = |word: &OsString| {
        let word = word.to_str().unwrap_or_default();
        matches!(word, "-h" | "--help" | "-V" | "--version")
    };
    !arguments.is_empty() && arguments.iter().all(asks)
}

const EXAMPLES: &str = "\
Examples:
  sag-exporter demo
      See it work on this machine: open http://127.0.0.1:10724/.
  sag-exporter --config.file=sag-exporter.yml
      The daemon. `sag-exporter check` takes the same flags and finds mistakes.
  sag-exporter --sag.region=cn-shanghai --sag.instance=sag-abc123
      The daemon without a file: one instance, the access key from the
      environment (ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET).

Exit codes: 0 ok, 1 failed while running, 2 wrong flags or configuration.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_command_moves_to_the_front() {
        for (typed, expected) in [
            ("", "serve"),
            ("check", "check"),
            ("--help", "--help"),
            ("-V", "-V"),
            ("help serve", "help serve"),
            ("--config.file=a --help", "serve --config.file=a --help"),
            ("--config.file=a check", "check --config.file=a"),
            ("--config.file check", "serve --config.file check"),
            ("--config.file check once", "once --config.file check"),
            (
                "--sag.instance a --log.level debug once",
                "once --sag.instance a --log.level debug",
            ),
            ("serve check", "serve check"),
            ("--sim.seed 7 simulate", "simulate --sim.seed 7"),
            ("chek", "serve chek"),
            ("users list", "users list"),
            (
                "--config.file a users list -o json",
                "users list --config.file a -o json",
            ),
            (
                "--config.file users users show list",
                "users show --config.file users list",
            ),
            (
                "-o json users --sag.instance show kick bob",
                "users kick -o json --sag.instance show bob",
            ),
            ("users show users", "users show users"),
            ("users set set --bandwidth 5", "users set set --bandwidth 5"),
            ("users --help", "users --help"),
            ("help users set", "help users set"),
        ] {
            let typed_words = typed.split_whitespace().map(OsString::from).collect();
            let found: Vec<String> = command_first(typed_words)
                .into_iter()
                .map(|word| word.into_string().unwrap())
                .collect();
            assert_eq!(found.join(" "), expected, "{typed}");
        }
    }
}
