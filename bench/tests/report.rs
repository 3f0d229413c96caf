//! The result file against its schema, the report and the comparison that are made of it. Pages to look at go to `target`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod fixtures;
mod reports;
