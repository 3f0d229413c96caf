//! `lab`: the command that people run. Alone it starts the lab; `lab diff` compares code in the terminal, `lab bench` times
//! the variants.

use bench::settings::BenchArguments;
use clap::{Parser, Subcommand};
use lab::compare::command::{DiffArguments, run};
use lab::run::LabSettings;
use server::VariantSettings;
use std::process::ExitCode;

/// One backend API, many ways: runs axum, actix-web and Rocket side by side, with a page that shows what runs where.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(flatten)]
    settings: LabSettings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Shows two implementations of one operation, or of all, side by side
    Diff(DiffArguments),
    /// Times the variants: each passes the conformance suite first, then they take turns
    Bench(Box<BenchArguments>),
    /// Runs one variant: what the lab starts for each
    #[command(hide = true, after_help = VariantSettings::SECRETS_HELP)]
    Server(Box<VariantSettings>),
}

fn main() -> ExitCode {
    let (outcome, code) = match Arguments::parse() {
        Arguments { command: Some(Command::Server(variant)), .. } => return server::run(*variant),
        Arguments { command: Some(Command::Diff(arguments)), .. } => {
            (run(&arguments).map_err(|error| error.to_string()), 2)
        }
        Arguments { command: Some(Command::Bench(arguments)), .. } => {
            (bench::command::run(&arguments).map_err(|error| error.to_string()), 1)
        }
        Arguments { command: None, settings } => (lab::run::run(&settings).map_err(|error| error.to_string()), 1),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(code)
        }
    }
}
