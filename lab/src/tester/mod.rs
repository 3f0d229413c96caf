//! The tester: one request to one variant or to all of them, and what their answers mean and how they differ.
//!
//! The way of the data, one module a step: [`crate::operations`] reads the contract, [`draft`] fills in a request for an operation
//! (with [`samples`] of the demo data) and [`mistakes`] the ways to get it wrong; [`send`] sends it, [`verdict`] compares the answers, [`meaning`] says what a
//! status means, [`pretty`] lays out a body and [`sent`] what went to the database, and [`view`] puts all of it into what the page shows. [`curl`] is the same
//! request as a command. Nothing here knows the framework that serves the page.

pub(crate) mod curl;
pub(crate) mod draft;
pub(crate) mod meaning;
pub(crate) mod mistakes;
pub(crate) mod pretty;
pub(crate) mod prose;
mod samples;
pub(crate) mod send;
#[cfg(test)]
mod send_tests;
pub(crate) mod sent;
pub(crate) mod sign_in;
pub(crate) mod timing;
pub(crate) mod verdict;
pub(crate) mod view;
