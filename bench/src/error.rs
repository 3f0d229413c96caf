//! Why a run could not be made, or not go on.

use crate::facts::FactError;
use std::io;
use std::path::PathBuf;

/// Each says what to do, where something can be done.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A program that the benchmark needs is not there.
    #[error("{program} is missing: {remedy}")]
    Missing {
        /// The program.
        program: &'static str,
        /// How to get it.
        remedy: String,
    },
    /// A program did not do its work.
    #[error("{program} failed: {reason}")]
    Program {
        /// The program.
        program: String,
        /// What it said.
        reason: String,
    },
    /// A database cannot be filled.
    #[error("the database of {store} cannot be filled: {reason}")]
    Seed {
        /// The store.
        store: String,
        /// Why.
        reason: String,
    },
    /// A server did not start.
    #[error("{subject} did not start: {reason}")]
    Start {
        /// What was to be started.
        subject: String,
        /// What it said.
        reason: String,
    },
    /// A server does not answer as it should, outside of what is timed.
    #[error("{0}")]
    Answer(String),
    /// What was asked for does not exist.
    #[error("{given} is no {kind}; there are {known}")]
    Unknown {
        /// `variant`, `workload`.
        kind: &'static str,
        /// What was asked for.
        given: String,
        /// What there is.
        known: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no result of a run.
    #[error("{} is no result file of this version: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// What is to be told beside the figures cannot be found out.
    #[error(transparent)]
    Fact(#[from] FactError),
    /// The report cannot be made.
    #[error("the report cannot be made: {0}")]
    Report(String),
    /// Nothing could be timed.
    #[error("nothing could be timed: {0}")]
    Nothing(String),
    /// Ctrl-C.
    #[error("stopped")]
    Stopped,
    /// The system refused something.
    #[error(transparent)]
    System(#[from] io::Error),
}

impl BenchError {
    /// Puts a file's name to what the system said of it.
    pub(crate) fn of_file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
