//! Exit codes and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    sag_exporter::cli::run(std::env::args_os(), std::env::vars_os()).into()
}
