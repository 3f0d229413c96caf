//! Who I am: the yardsticks that the benchmark compares the variants with. What is the most that can be had (a ceiling), and
//! what do others do (a peer)?
//!
//! | module | command | what it measures against |
//! | --- | --- | --- |
//! | [`bare`] | `baselines hyper` | a server without a framework: the ceiling of every framework |
//! | [`serve`] | `baselines serve NAME` | minimal services, written as each library's own guide writes them: peers |
//! | [`loops`] | `baselines loop NAME` | the database's driver asked without HTTP: the ceiling of a store |
//!
//! Whoever is compared must be able to call it fair. So whatever is not what the variants do too is left out of a peer and
//! not of a variant: no token, no validation, no log, no metrics. The settings on which the figures depend are the same on
//! both sides: workers, connections, what a commit waits for, the tables, the bytes of an answer. `README.md` has a table.
//!
//! I see no framework crate and no store crate: they are what is measured. Of `shared` I see what an order costs, so that a
//! ceiling writes the very rows that a store writes.

mod bare;
mod database;
mod failure;
mod loops;
mod process;
mod serve;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// As in the programs that are measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Yardsticks for the benchmark: a bare server, minimal services, and loops of database drivers.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// Stop when standard input ends: a parent process that dies takes its children along
    #[arg(long, global = true, hide = true)]
    stop_on_stdin_close: bool,
    #[command(subcommand)]
    yardstick: Yardstick,
}

#[derive(Subcommand)]
enum Yardstick {
    Hyper(bare::Settings),
    Serve(serve::Settings),
    Loop(loops::Settings),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.stop_on_stdin_close {
        process::stop_on_stdin_close();
    }
    let outcome = match cli.yardstick {
        Yardstick::Hyper(settings) => bare::run(&settings),
        Yardstick::Serve(settings) => serve::run(&settings),
        Yardstick::Loop(settings) => loops::run(&settings),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
