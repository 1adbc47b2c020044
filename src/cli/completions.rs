//! `completions`: what a shell must know to complete commands and flags.

use clap::Args;
use clap_complete::{Shell, generate};

use super::arguments;
use super::exit::Failure;
use super::output::write;

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
    write(&script)
}

pub(super) const EXAMPLES: &str = "\
Examples:
  source <(sag-exporter completions bash)
      In this shell. To have it in every shell, put the script where bash-completion
      looks: /usr/share/bash-completion/completions/sag-exporter
  sag-exporter completions zsh > \"${fpath[1]}/_sag-exporter\"
  sag-exporter completions fish > ~/.config/fish/completions/sag-exporter.fish";
