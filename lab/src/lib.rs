//! The lab: what people run to read, try and compare the variants.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`run`] | the variants, one process each, with their demo data |
//! | `page` | the lab page: variants, tester, code, how a request goes, benchmarks |
//! | [`operations`] | the operations of the contract, read from its document |
//! | `tester` | one request to several variants, and what their answers mean |
//! | `benchmarks` | results of the benchmark, and running its quick profile |
//! | [`compare`] | `lab diff axum rocket users::create`: two implementations side by side, cut from the real source |
//!
//! The lab sees `server` and, through it, every variant that was built in; and `bench`, whose results it shows. It serves no
//! request of the API itself, and times none.

// The futures of ten drivers are inside of each other: an optimised build looks further into them than 128 steps.
#![recursion_limit = "256"]

mod benchmarks;
pub mod compare;
pub mod operations;
mod page;
pub mod run;
mod tester;
