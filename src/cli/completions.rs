//! `completions`: what a shell must know to complete commands and flags.

use clap::Args;
use clap_complete::{Shell, generate};

use super::arguments;
use super::exit::Failure;
use super::output::{print, write};

/// The flags of `completions`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// For which shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

pub(super) fn run(flags: &Flags) -> Result<(), Failure> {
    let mut definition = arguments::typed_definition();
    let mut script = Vec::new();
    generate(
        flags.shell,
        &mut definition,
        arguments::PROGRAM,
        &mut script,
    );
    let text = String::from_utf8_lossy(&script);
    match flags.shell {
        Shell::Bash => print(&for_bash(&text)),
        Shell::Fish => print(&for_fish(&text)),
        _ => write(&script),
    }
}

/// Where the script says what a command takes, it spells the hyphen in the name
/// of the program otherwise than where it recognises the command.
fn for_bash(script: &str) -> String {
    script.replace("sag__subcmd__exporter", "sag__exporter")
}

/// The script hands the names of the program's own flags to fish's `argparse`,
/// which takes no name with a dot in it, and then completes nothing at all.
fn for_fish(script: &str) -> String {
    let without_dots = |line: &str| match line.strip_prefix(OPTION_NAMES) {
        Some(names) => {
            let names = names.split(' ').filter(|name| !name.contains('.'));
            format!("{OPTION_NAMES}{}\n", names.collect::<Vec<_>>().join(" "))
        }
        None => format!("{line}\n"),
    };
    script.lines().map(without_dots).collect()
}

/// What stands before those names.
const OPTION_NAMES: &str = r"    string join \n ";

pub(super) const EXAMPLES: &str = "\
Examples:
  source <(sag-exporter completions bash)
      In this shell. To have it in every shell, put the script where bash-completion
      looks: /usr/share/bash-completion/completions/sag-exporter
  sag-exporter completions zsh > \"${fpath[1]}/_sag-exporter\"
  sag-exporter completions fish > ~/.config/fish/completions/sag-exporter.fish";
