//! The result file against its schema, the report and the comparison that are made of it.

mod fixtures;
mod reports;
