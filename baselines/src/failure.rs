//! Why a yardstick did not start, or ended.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Any error of a library.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why a yardstick did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file that was named cannot be read.
    #[error("{} cannot be read: {source}; name another file", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds no answers.
    #[error("{} holds no answers: {source}; `baselines hyper --help` shows what it must hold", path.display())]
    Answers {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BoxError,
    },
    /// There are no ids to ask for.
    #[error("there are no users to ask for; name a file of their ids with --ids, or seed the database")]
    NoIds,
    /// A URL is not one for this yardstick.
    #[error("--database-url must look like {expected}")]
    Url {
        /// What it must look like.
        expected: &'static str,
    },
    /// A setting that this yardstick cannot keep.
    #[error("{0}")]
    Setting(&'static str),
    /// The database cannot be opened or read.
    #[error("the database cannot be used: {0}; it must be there and seeded, which `server --seed-demo` does")]
    Database(BoxError),
    /// The address cannot be listened on.
    #[error("cannot listen on {listen}: {source}; choose another address with --listen (port 0 takes a free one)")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The server or the loop ended by itself.
    #[error("ended before it was told to: {0}")]
    Ended(BoxError),
    /// The system refuses threads.
    #[error("cannot start threads: {0}; lower --workers or --tasks")]
    Threads(io::Error),
}

impl Failure {
    /// What a driver says when it opens a database or reads from it first.
    pub fn database(error: impl Into<BoxError>) -> Self {
        Self::Database(error.into())
    }
}
