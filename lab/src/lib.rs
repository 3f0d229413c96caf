//! The lab: what people run to read, try and compare the variants.
//!
//! Here is the code comparison, [`compare`]: `lab diff axum rocket users::create` and the page's code view stand on it.
//! It runs no variant and opens no connection; it reads the source that this program was compiled from.

#![forbid(unsafe_code)]

pub mod compare;
