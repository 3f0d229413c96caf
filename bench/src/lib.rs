//! The comparison benchmark: what does each variant cost?
//!
//! | module | what it is |
//! | --- | --- |
//! | [`settings`] | the command line and the plan that it asks for |
//! | [`workload`], [`dataset`] | what is asked of the servers, and what is in their databases |
//! | `verify`, `run` | the conformance suite first, then the timing in turns |
//! | `candidate`, `yardsticks`, `launcher` | the variants, and what they are measured by; how each is started |
//! | `generator` | wrk and oha: the load comes from programs of their own |
//! | `check` | looking after the load: is what was acknowledged there? |
//! | [`usage`], [`facts`] | processor time and memory of processes; what can be said of a variant and of the machine without timing a request |
//! | [`result`], [`statistics`] | what a run leaves: the JSON file; medians with their spread |
//! | [`report`], [`compare`] | one HTML page with charts, made of such a file; two such files: which differences are more than noise |
//! | [`files`] | reading and writing those files |
//! | [`command`], [`progress`] | `lab bench`, and what it says while it goes on |
//!
//! It sees `server`, whose variants it starts as processes, and `contract`, whose suite each must pass before it is timed.

// The futures of ten drivers are inside of each other: an optimised build looks further into them than 128 steps.
#![recursion_limit = "256"]

mod candidate;
mod check;
pub mod command;
pub mod compare;
mod databases;
pub mod dataset;
mod display;
mod error;
pub mod facts;
pub mod files;
mod generator;
mod launcher;
mod process;
pub mod progress;
pub mod report;
pub mod result;
mod run;
pub mod settings;
pub mod statistics;
pub mod usage;
mod verify;
pub mod workload;
mod yardsticks;

pub use error::BenchError;
