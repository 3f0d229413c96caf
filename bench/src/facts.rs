//! What can be said of a variant, and of the machine, without timing a request.
//!
//! | module | what it says |
//! | --- | --- |
//! | [`crates`] | which crates a variant is made of, and how many they depend on |
//! | [`code`] | lines of code |
//! | [`versions`] | what was built: commit, and versions of what it is built of |
//! | [`machine`] | where it runs |
//! | [`noise`] | how quiet it is there |
//! | [`executable`] | the size of the executable, and how long it takes to build |
//! | [`round_trips`](mod@round_trips) | how often an operation asks the database |
//!
//! All of it is read from the source tree, from the system, or from a running variant, when it is asked for: nothing here
//! is kept from the time when the benchmark itself was compiled.

pub mod code;
pub mod crates;
pub mod executable;
pub mod machine;
pub mod noise;
pub mod round_trips;
pub mod versions;

pub use code::lines_of_code;
pub use crates::Workspace;
pub use executable::{Build, Built, build};
pub use machine::machine;
pub use noise::noise;
pub use round_trips::round_trips;
pub use versions::{commit, version_of_process, versions};

use contract::client::ClientError;
use std::io;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// Why a fact could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FactError {
    /// A program could not be started.
    #[error("`{program}` could not be started, so install it or put it on the path: {source}")]
    Program {
        /// Its name.
        program: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A program ended with a failure.
    #[error("`{command}` failed: {output}")]
    Failed {
        /// With its arguments.
        command: String,
        /// The end of what it said.
        output: String,
    },
    /// A file could not be read.
    #[error("{} could not be read, so run this in the folder of the source code: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file, or what a program said, is not as expected.
    #[error("{what} is not as expected: {reason}")]
    Format {
        /// Which.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The workspace has no crate for this framework or store.
    #[error("the workspace has no crate for `{0}`: it takes names such as axum, or diesel-sqlite")]
    NoCrate(String),
    /// The variant did not answer.
    #[error("the variant did not answer, so look at its log: {0}")]
    Client(#[from] ClientError),
    /// The variant answered otherwise than it should.
    #[error(
        "the variant answered {status} to {request} instead of {expected}: start it with --trace on an empty database"
    )]
    Answer {
        /// Method and path.
        request: String,
        /// The status code.
        status: u16,
        /// The status code that it should be.
        expected: u16,
    },
}

/// What a program writes to its standard output, run in `folder`.
async fn output_of(folder: &Path, program: &'static str, arguments: &[&str]) -> Result<String, FactError> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).kill_on_drop(true);
    let output = command.output().await.map_err(|source| FactError::Program { program, source })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(FactError::Failed { command: format!("{program} {}", arguments.join(" ")), output })
}

fn read(path: &Path) -> Result<String, FactError> {
    std::fs::read_to_string(path).map_err(|source| FactError::File { path: path.to_owned(), source })
}
