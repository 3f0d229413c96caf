//! What a run of the benchmark leaves: one JSON file, `bench/results/<commit>-<machine>.json`, that `results.schema.json`
//! describes. Everything that a report or a comparison shows is calculated from it.
//!
//! Times are in seconds or milliseconds as the names say, sizes in bytes. What could not be measured is `null`, never 0.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the format; a file of another one is refused.
pub const FORMAT: u32 = 1;

/// One run of the benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`FORMAT`].
    pub format: u32,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC.
    pub finished_at: String,
    /// Whether all that was planned was timed; not so after Ctrl-C.
    pub is_complete: bool,
    /// What was built.
    pub commit: Commit,
    /// Where it ran.
    pub machine: Machine,
    /// How quiet the machine was before anything was timed.
    pub noise: Noise,
    /// What was used, with its version: `rustc`, `wrk`, `oha`, `axum`, `postgres server` ...
    pub versions: BTreeMap<String, String>,
    /// What was asked for.
    pub settings: Settings,
    /// What was timed, or was to be.
    pub subjects: Vec<Subject>,
    /// Every timed run, in the order in which they were made.
    pub runs: Vec<Run>,
}

/// What was built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commit {
    /// Of git; `unknown` outside of a clone.
    pub id: String,
    /// Whether files differed from it.
    pub has_changes: bool,
}

/// Where it ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Made of the processor's name and the number of cores, for the name of the file.
    pub name: String,
    /// The processor, as it calls itself.
    pub cpu: String,
    /// Logical cores that this process may use.
    pub cores: usize,
    /// Main memory.
    pub memory_bytes: u64,
    /// The operating system with its kernel.
    pub system: String,
    /// What sets the processor's clock (`performance`, `powersave` ...), where the system says.
    pub governor: Option<String>,
    /// The hypervisor, where the system says that there is one: neighbours may then take time away.
    pub hypervisor: Option<String>,
}

/// How quiet the machine was before anything was timed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// The share of all cores' time that others used while nothing was measured, 0 to 1.
    pub busy_share: Option<f64>,
    /// The share that the hypervisor gave to others ("steal"), 0 to 1.
    pub stolen_share: Option<f64>,
    /// The time that one fixed piece of work took, again and again: (slowest - fastest) / median.
    pub spread: f64,
    /// Whether differences of a tenth mean nothing here.
    pub is_noisy: bool,
}

/// What was asked for; all subjects were given the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// `quick`, `default` or `full`.
    pub profile: String,
    /// Threads that serve requests, of each server.
    pub workers: usize,
    /// Connections of each pool; none where each store has its default, which the subjects say.
    pub pool_size: Option<usize>,
    /// As of `--log`.
    pub log: String,
    /// What SQLite's commits waited for: `full` or `normal`.
    pub sqlite_synchronous: String,
    /// How often each run was made, at least.
    pub rounds: usize,
    /// How often at most: in a closed loop all went on while the rounds of one differed much. None in older files, which have just
    /// `rounds`.
    #[serde(default)]
    pub rounds_at_most: Option<usize>,
    /// How long each run took.
    pub seconds: f64,
    /// How long each subject was warmed up before each run; this is not counted.
    pub warm_up_seconds: f64,
    /// What closed the loop where both can: `wrk` or `oha`.
    pub generator: String,
    /// Threads of the load generator.
    pub generator_threads: usize,
    /// Numbers of connections.
    pub connections: Vec<usize>,
    /// Numbers of users in the database.
    pub users: Vec<u64>,
    /// Workloads, by name.
    pub workloads: Vec<String>,
    /// The command line.
    pub command: String,
}

/// Something that is timed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// `axum-diesel-sqlite`, `hyper`, `pgbench` ...
    pub name: String,
    /// What it is, in one line.
    pub title: String,
    /// What it is for.
    pub kind: Kind,
    /// Of a variant.
    pub framework: Option<String>,
    /// Of a variant: `diesel-sqlite` ... Of a peer: the store whose database it is served over. Of a store's ceiling: none, see
    /// `ceiling_of`.
    pub store: Option<String>,
    /// The stores whose ceiling this is; `*` stands for all.
    pub ceiling_of: Vec<String>,
    /// Whether it passed the conformance suite.
    pub verified: Verified,
    /// Connections of its pool, as it was started; of Flask, whose workers are processes, of each of them. None where there is no
    /// pool, and in older files.
    #[serde(default)]
    pub pool_size: Option<usize>,
    /// The stripped executable that holds this variant alone.
    pub executable_bytes: Option<u64>,
    /// Building that from nothing, in seconds.
    pub build_seconds: Option<f64>,
    /// Lines of code of its framework's and its store's crates, without blank lines, comments and tests.
    pub lines_of_code: Option<u64>,
    /// Crates that those two depend on directly.
    pub direct_dependencies: Option<u64>,
    /// Round trips to the database for each operation (`users::find`), where the store says.
    pub round_trips: BTreeMap<String, u64>,
}

/// What a subject is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A framework over a store.
    Variant,
    /// What can be had at most: the same bytes without a framework, or the database without a server.
    Ceiling,
    /// Another way to do the same that readers know.
    Peer,
}

/// Whether a subject passed the conformance suite of this very build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Verified {
    /// All cases that apply to it.
    Passed {
        /// How many.
        cases: usize,
    },
    /// Not all: it is not timed.
    Failed {
        /// How many were run.
        cases: usize,
        /// The failures, all of them: name and reason.
        failures: Vec<String>,
    },
    /// It is no server of the contract: its answers, if it gives any, were sampled while it was timed.
    NotApplicable,
}

/// How the load comes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case")]
pub enum Load {
    /// Each connection sends its next request when the last was answered: what can be done at most.
    Closed,
    /// Requests come at this rate, whatever is answered; latency counts from when each was due (no coordinated omission).
    Open {
        /// Requests a second.
        rate: f64,
        /// The rate as a share of the subject's own highest (half of what it can do at most); none where all subjects were given
        /// the same rate.
        of_highest: Option<f64>,
    },
}

/// One timed run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The subject's name.
    pub subject: String,
    /// The workload's name.
    pub workload: String,
    /// Users in the database when the timing began (those that the run itself adds aside).
    pub users: u64,
    /// Connections at the same time.
    pub connections: usize,
    /// How the load came.
    pub load: Load,
    /// 1 for the first time.
    pub round: usize,
    /// How long it really took.
    pub seconds: f64,
    /// Requests that were answered as they should be.
    pub requests: u64,
    /// Requests that were answered otherwise or not at all: none of them counts.
    pub errors: u64,
    /// `requests / seconds`.
    pub requests_per_second: f64,
    /// Time from the request to its answer; none where the tool does not say.
    pub latency: Option<Latency>,
    /// Processor time of the server, user and system; none for what runs in the generator itself.
    pub server_cpu_seconds: Option<f64>,
    /// Processor time of the database's processes, where they run on this machine and are not the server itself.
    pub database_cpu_seconds: Option<f64>,
    /// Processor time of the load generator.
    pub generator_cpu_seconds: Option<f64>,
    /// The most main memory that the server had in use since its start (peak resident set size).
    pub peak_memory_bytes: Option<u64>,
    /// How much of it held pages of files at the end of the run, most of all the executable's. The lab's holds all variants, so
    /// that this part says little of one.
    #[serde(default)]
    pub file_memory_bytes: Option<u64>,
    /// From the start of the server's process to its first answer, in milliseconds. The parts of a mix are sent to one process:
    /// theirs are the same.
    #[serde(default)]
    pub start_millis: Option<f64>,
    /// What was wrong afterwards: a lost write, a body that is not as it should be. Such a run is not shown as a figure.
    pub failure: Option<String>,
}

/// Percentiles of the time from request to answer, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Half of the requests took no longer.
    pub p50: f64,
    /// Nine of ten.
    pub p90: f64,
    /// 99 of 100.
    pub p99: f64,
    /// 999 of 1,000.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}
