//! `lab`: the command that people run. Alone it will be the lab page; `lab diff` compares code in the terminal.

use clap::{CommandFactory, Parser, Subcommand};
use lab::compare::command::{DiffArguments, run};
use std::process::ExitCode;

/// One backend, many ways: read the variants side by side.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Shows two implementations of one operation, or of all, side by side
    Diff(DiffArguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Some(Command::Diff(arguments)) => run(&arguments).map_err(|error| error.to_string()),
        // The lab itself will start here.
        None => Arguments::command().print_help().map_err(|error| error.to_string()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}
