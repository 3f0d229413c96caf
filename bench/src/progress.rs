//! What a run says while it goes on: lines for people on a terminal, or JSON lines for a program (`--progress json`).

use crate::result::{Run, Verified};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// What is going to be done.
    Plan {
        /// Timed runs, and the suites and the filling of databases that come before them.
        steps: usize,
        /// About how long all of it takes, in seconds.
        seconds: f64,
    },
    /// The next step begins.
    Step {
        /// Steps that are over.
        done: usize,
        /// Of so many, as far as is known by now.
        steps: usize,
        /// About how long the rest takes, in seconds.
        seconds_left: f64,
        /// What it is: `axum-diesel-sqlite: read one user, 64 connections, round 2 of 3`.
        what: String,
    },
    /// A subject went through the conformance suite.
    Verified {
        /// Its name.
        subject: String,
        /// How it went.
        verified: Verified,
    },
    /// A run was timed.
    Timed {
        /// The run.
        run: Box<Run>,
    },
    /// Something that a reader should know: a noisy machine, a subject that does not start.
    Note {
        /// A sentence.
        text: String,
    },
    /// The last event.
    End {
        /// The result file.
        results: Option<PathBuf>,
        /// The HTML report.
        report: Option<PathBuf>,
        /// Whether all that was planned was timed.
        is_complete: bool,
    },
}
