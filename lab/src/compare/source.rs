//! The source text that is compared: what this program was compiled from, or the same folders on disk.

use std::io;
use std::path::Path;

/// What a crate is to the reader. Two crates can be compared if they are of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It answers HTTP: `axum`, `actix`, `rocket`.
    Framework,
    /// It keeps the data: `memory`, `diesel`, `sea-orm`.
    Store,
    /// What all of them use; here for readers of the lab, since there is nothing to compare it with.
    Shared,
}

impl Kind {
    /// The kind in a sentence: "a framework".
    #[must_use]
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Framework => "a framework",
            Self::Store => "a store",
            Self::Shared => "shared code",
        }
    }
}

/// One crate whose source is compiled into this program.
#[derive(Debug)]
pub struct Implementation {
    /// What people type: `axum`, `sea-orm`.
    pub name: &'static str,
    /// What it can be compared with.
    pub kind: Kind,
    /// Its source folder, from the root of the repository.
    pub folder: &'static str,
    embedded: fn() -> Vec<(String, String)>,
}

/// Every crate that can be named, in the order in which lists show them. A new framework or store adds its line here
/// and its folder below.
pub static IMPLEMENTATIONS: [Implementation; 7] = [
    Implementation {
        name: "axum",
        kind: Kind::Framework,
        folder: "framework-axum/src",
        embedded: files_of::<AxumFolder>,
    },
    Implementation {
        name: "actix",
        kind: Kind::Framework,
        folder: "framework-actix/src",
        embedded: files_of::<ActixFolder>,
    },
    Implementation {
        name: "rocket",
        kind: Kind::Framework,
        folder: "framework-rocket/src",
        embedded: files_of::<RocketFolder>,
    },
    Implementation {
        name: "memory",
        kind: Kind::Store,
        folder: "examples-nosql/memory/src",
        embedded: files_of::<MemoryFolder>,
    },
    Implementation {
        name: "diesel",
        kind: Kind::Store,
        folder: "examples-sql/diesel/src",
        embedded: files_of::<DieselFolder>,
    },
    Implementation {
        name: "sea-orm",
        kind: Kind::Store,
        folder: "examples-sql/sea-orm/src",
        embedded: files_of::<SeaOrmFolder>,
    },
    Implementation { name: "shared", kind: Kind::Shared, folder: "shared/src", embedded: files_of::<SharedFolder> },
];

// The feature `debug-embed` is on: without it a debug build would read the folders when it runs, and could show other
// code than it runs.

#[derive(rust_embed::RustEmbed)]
#[folder = "../framework-axum/src"]
struct AxumFolder;

#[derive(rust_embed::RustEmbed)]
#[folder = "../framework-actix/src"]
struct ActixFolder;

#[derive(rust_embed::RustEmbed)]
#[folder = "../framework-rocket/src"]
struct RocketFolder;

#[derive(rust_embed::RustEmbed)]
#[folder = "../examples-nosql/memory/src"]
struct MemoryFolder;

#[derive(rust_embed::RustEmbed)]
#[folder = "../examples-sql/diesel/src"]
struct DieselFolder;

#[derive(rust_embed::RustEmbed)]
#[folder = "../examples-sql/sea-orm/src"]
struct SeaOrmFolder;

#[derive(rust_embed::RustEmbed)]
#[folder = "../shared/src"]
struct SharedFolder;

fn files_of<Folder: rust_embed::RustEmbed>() -> Vec<(String, String)> {
    Folder::iter()
        .filter_map(|path| {
            let file = Folder::get(&path)?;
            Some((path.into_owned(), String::from_utf8_lossy(&file.data).into_owned()))
        })
        .collect()
}

impl Implementation {
    /// The implementation that people call `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        IMPLEMENTATIONS.iter().find(|implementation| implementation.name == name)
    }

    /// Its Rust files as they were when this program was compiled, ordered by path.
    #[must_use]
    pub fn sources(&self) -> Vec<SourceFile> {
        let mut sources: Vec<_> = (self.embedded)()
            .into_iter()
            .filter(|(path, _)| path.ends_with(".rs"))
            .map(|(path, text)| SourceFile::new(self.folder, &path, text))
            .collect();
        sources.sort_by(|one, other| one.path.cmp(&other.path));
        sources
    }
}

/// One Rust file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it is, from the root of the repository, with `/`: `framework-axum/src/handlers/users.rs`.
    pub path: String,
    /// Where it is inside its crate: `["handlers", "users"]`. A `mod.rs` goes by its folder's name.
    pub module_path: Vec<String>,
    /// All of its text.
    pub text: String,
}

impl SourceFile {
    /// A file of the source folder `folder`, at `relative` inside it.
    #[must_use]
    pub fn new(folder: &str, relative: &str, text: String) -> Self {
        let relative = relative.replace('\\', "/");
        let mut module_path: Vec<String> = relative.trim_end_matches(".rs").split('/').map(ToOwned::to_owned).collect();
        if module_path.len() > 1 && module_path.last().is_some_and(|last| last == "mod") {
            module_path.pop();
        }
        Self { path: format!("{folder}/{relative}"), module_path, text }
    }
}

/// The Rust files below `root/folder` on disk, ordered by path, for tests that judge the tree as it is now.
///
/// # Errors
/// If the folder or one of its files cannot be read.
pub fn read_folder(root: &Path, folder: &str) -> io::Result<Vec<SourceFile>> {
    let mut sources = Vec::new();
    let mut unread = vec![String::new()];
    while let Some(relative_folder) = unread.pop() {
        for entry in root.join(folder).join(&relative_folder).read_dir()? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let relative = if relative_folder.is_empty() { name } else { format!("{relative_folder}/{name}") };
            if entry.file_type()?.is_dir() {
                unread.push(relative);
            } else if relative.ends_with(".rs") {
                sources.push(SourceFile::new(folder, &relative, std::fs::read_to_string(entry.path())?));
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}
