//! `man`: the manual pages, out of the same definitions as the help.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use clap_mangen::Man;

use super::arguments;
use super::exit::Failure;
use super::output::write;
use super::version;

/// The flags of `man`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The page of this command, such as `users set` [default: of the program]
    #[arg(value_name = "COMMAND")]
    path: Vec<String>,

    /// Write all pages into this directory instead
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "path")]
    output_dir: Option<PathBuf>,
}

pub(super) fn run(flags: &Flags) -> Result<(), Failure> {
    let mut root = without_help(arguments::definition());
    root.build();
    if let Some(directory) = &flags.output_dir {
        return write_all(&root, directory).map_err(|error| {
            let directory = directory.display();
            Failure::run(format!("no pages in {directory}: {error}"))
        });
    }
    let mut command = &root;
    for word in &flags.path {
        let inner = command.find_subcommand(word);
        let text = || format!("{word:?} is not a command: sag-exporter help names them");
        command = inner.ok_or_else(|| Failure::usage(text()))?;
    }
    let page = page(command).map_err(Failure::run)?;
    write(&page)
}

fn page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let source = format!("{} {}", arguments::PROGRAM, version::BUILD.version);
    let man = Man::new(command.clone()).source(source);
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if command.get_after_help().is_some() {
        let mut section = Vec::new();
        man.render_extra_section(&mut section)?;
        // Examples are lines to be copied, so they stay lines.
        let section = String::from_utf8_lossy(&section);
        let section = section.replacen(".SH EXTRA\nExamples:", ".SH EXAMPLES\n.nf", 1);
        text.extend_from_slice(section.as_bytes());
        text.extend_from_slice(b".fi\n");
    }
    man.render_version_section(&mut text)?;
    Ok(text)
}

/// `help` has no page of its own.
fn without_help(command: clap::Command) -> clap::Command {
    let command = command.disable_help_subcommand(true);
    command.mut_subcommands(without_help)
}

/// The page of a command and the pages of its own commands.
fn write_all(command: &clap::Command, directory: &Path) -> io::Result<()> {
    let file = format!("{}.1", title(command));
    fs::write(directory.join(file), page(command)?)?;
    let mut commands = command.get_subcommands();
    commands.try_for_each(|inner| write_all(inner, directory))
}

/// `sag-exporter-users-set`.
fn title(command: &clap::Command) -> String {
    let name = command.get_display_name();
    name.unwrap_or(command.get_name()).to_owned()
}

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter man | man -l -
  sag-exporter man users set | man -l -
  sag-exporter man --output-dir=/usr/local/share/man/man1";
