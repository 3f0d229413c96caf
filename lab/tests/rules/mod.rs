//! The rules of the architecture. Each takes the root of a tree and returns what breaks it, one sentence a finding, so
//! that they can be tried on small trees that are known to be wrong.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

pub mod alike;
pub mod dependencies;
pub mod text;

use lab::compare::source::{IMPLEMENTATIONS, Kind, SourceFile, read_folder};
use std::path::Path;
use std::sync::LazyLock;

/// What is compared with its siblings: a source folder, or what one database needs of it.
pub type Sibling = (&'static str, Option<&'static str>);

/// The frameworks: those that the comparison knows, so that a new one is held to the rules.
pub static FRAMEWORKS: LazyLock<Vec<Sibling>> = LazyLock::new(|| siblings(Kind::Framework));

/// The stores.
pub static STORES: LazyLock<Vec<Sibling>> = LazyLock::new(|| siblings(Kind::Store));

fn siblings(kind: Kind) -> Vec<Sibling> {
    let of_kind = IMPLEMENTATIONS.iter().filter(|implementation| implementation.kind == kind);
    of_kind.map(|implementation| (implementation.folder, implementation.part)).collect()
}

/// The Rust files of a sibling.
pub fn sources(root: &Path, (folder, part): Sibling) -> Vec<SourceFile> {
    let files = read_folder(root, folder, part).unwrap_or_else(|error| panic!("cannot read {folder}: {error}"));
    files.into_iter().filter(|file| file.path.ends_with(".rs")).collect()
}

/// Where its own files are.
pub fn place((folder, part): Sibling) -> String {
    part.map_or_else(|| folder.to_owned(), |part| format!("{folder}/{part}"))
}
