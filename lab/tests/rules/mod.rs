//! The rules of the architecture. Each takes the root of a tree and returns what breaks it, one sentence a finding, so
//! that they can be tried on small trees that are known to be wrong.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

pub mod alike;
pub mod dependencies;
pub mod text;

use lab::compare::source::{SourceFile, read_folder};
use std::path::Path;

/// The framework crates' folders.
pub const FRAMEWORKS: [&str; 3] = ["framework-axum/src", "framework-actix/src", "framework-rocket/src"];

/// The store crates' folders.
pub const STORES: [&str; 3] = ["examples-nosql/memory/src", "examples-sql/diesel/src", "examples-sql/sea-orm/src"];

/// The Rust files of a source folder.
pub fn sources(root: &Path, folder: &str) -> Vec<SourceFile> {
    read_folder(root, folder).unwrap_or_else(|error| panic!("cannot read {folder}: {error}"))
}
