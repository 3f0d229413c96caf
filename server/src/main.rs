//! Runs one variant.

use clap::Parser;
use server::VariantSettings;
use std::process::ExitCode;

/// One variant of the API: a framework over a store.
#[derive(Parser)]
#[command(version, about, after_help = VariantSettings::SECRETS_HELP)]
struct Cli {
    #[command(flatten)]
    settings: VariantSettings,
}

fn main() -> ExitCode {
    server::run(Cli::parse().settings)
}
