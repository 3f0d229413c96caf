//! The rules of the architecture. Each takes the root of a tree and returns what breaks it, one sentence a finding, so
//! that they can be tried on small trees that are known to be wrong.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

pub mod alike;
pub mod dependencies;
pub mod text;

use lab::compare::source::{IMPLEMENTATIONS, Kind, SourceFile, read_folder};
use std::path::Path;
use std::sync::LazyLock;

/// The framework crates' source folders: those that the comparison knows, so that a new one is held to the rules.
pub static FRAMEWORKS: LazyLock<Vec<&'static str>> = LazyLock::new(|| folders(Kind::Framework));

/// The store crates' source folders.
pub static STORES: LazyLock<Vec<&'static str>> = LazyLock::new(|| folders(Kind::Store));

fn folders(kind: Kind) -> Vec<&'static str> {
    let of_kind = IMPLEMENTATIONS.iter().filter(|implementation| implementation.kind == kind);
    of_kind.map(|implementation| implementation.folder).collect()
}

/// The Rust files of a source folder.
pub fn sources(root: &Path, folder: &str) -> Vec<SourceFile> {
    read_folder(root, folder).unwrap_or_else(|error| panic!("cannot read {folder}: {error}"))
}
