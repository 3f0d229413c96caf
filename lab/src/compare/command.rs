//! The command line of the comparison: `lab diff axum rocket users::create`.

use crate::compare::highlight::Highlighter;
use crate::compare::render::{Options, render};
use crate::compare::{CompareError, Side, compare};
use clap::ColorChoice;
use std::io::{self, ErrorKind, Write};

/// Columns where no terminal says how many it has: what `diff -y` takes.
const WIDTH_WITHOUT_TERMINAL: usize = 130;

/// Shows two implementations of one operation, or of all, side by side.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  lab diff axum rocket                            every handler
  lab diff axum rocket users::create              one of them
  lab diff diesel sea-orm users::insert           the same step in two stores (over SQLite)
  lab diff diesel-postgres mongodb users::update  and over two databases
  lab diff diesel-postgres mongodb orders::place  what is atomic in each, by its own means

Between the columns: | changed, < only left, > only right; changed words are underlined.
The exit code is 0 whether the two differ or not, and 2 if there is nothing to compare.")]
pub struct DiffArguments {
    /// The left side: a framework (axum, actix, rocket) or a store (memory, diesel-sqlite, sea-orm-sqlite, diesel-postgres,
    /// sea-orm-postgres, diesel-mysql, sea-orm-mysql, mongodb, redis, dynamodb)
    pub left: String,
    /// The right side, of the same kind
    pub right: String,
    /// A function, `users::create`; `create` will do if only one module has it
    pub operation: Option<String>,
    /// Columns to use instead of the terminal's or those that `COLUMNS` says
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub width: Option<u16>,
    /// Whether to colour; `auto` does on a terminal unless `NO_COLOR` is set
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
}

/// Why the comparison could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// What was asked for is not there.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// Standard output did not take it.
    #[error("cannot write: {0}")]
    Write(#[source] io::Error),
}

/// Writes the comparison to standard output.
///
/// # Errors
/// If there is nothing to compare, or standard output fails. A reader that has seen enough (`| head`) is no error.
pub fn run(arguments: &DiffArguments) -> Result<(), DiffError> {
    let left = Side::named(&arguments.left)?;
    let right = Side::named(&arguments.right)?;
    let comparison = compare(&left, &right, arguments.operation.as_deref())?;
    let highlighter = is_coloured(arguments.color).then(Highlighter::default);
    let width = arguments.width.map_or_else(default_width, usize::from);
    let text = render(&comparison, &Options { width, highlighter: highlighter.as_ref() });
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(DiffError::Write(error)),
        _ => Ok(()),
    }
}

fn is_coloured(choice: ColorChoice) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        // Knows `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`, `TERM=dumb` and continuous integration.
        ColorChoice::Auto => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
    }
}

/// `COLUMNS`, or else the terminal's columns. If the output goes into a pager, standard error is still on the terminal
/// and is asked. A pseudo-terminal that nobody gave a size says 0.
fn default_width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.or_else(terminal).filter(|width| *width > 0).unwrap_or(WIDTH_WITHOUT_TERMINAL)
}
