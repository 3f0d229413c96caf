//! The benchmark as the lab has it: the results that lie in a folder, and one run at a time.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`listing`] | the result files of the folder |
//! | [`progress`] | what a run has said so far: a state that events change |
//! | [`words`] | how what it says reads |
//! | [`run`] | the child process that is the run |
//! | [`drawn`] | a result, or two of them, as HTML: the work of crate `bench` |
//!
//! Nothing is timed here. The run is `lab bench`, as people start it in a terminal.

pub(crate) mod drawn;
pub(crate) mod listing;
pub(crate) mod progress;
pub(crate) mod run;
#[cfg(test)]
mod run_tests;
pub(crate) mod words;
