//! The source text that is compared: what this program was compiled from, or the same folders on disk.

use std::io;
use std::path::Path;

/// What a crate is to the reader. Two crates can be compared if they are of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It answers HTTP: `axum`, `actix`, `rocket`.
    Framework,
    /// It keeps the data: `memory`, `diesel-postgres`, `mongodb`.
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

/// One framework or store, whose source is compiled into this program: a crate, or the part of one that a database needs.
#[derive(Debug)]
pub struct Implementation {
    /// What people type: `axum`, `sea-orm-mysql`.
    pub name: &'static str,
    /// What it can be compared with.
    pub kind: Kind,
    /// The source folder of its crate, from the root of the repository.
    pub folder: &'static str,
    /// The folder in there that is this database's. What stands beside such folders is for all databases.
    pub part: Option<&'static str>,
    embedded: Embedded,
}

/// Every framework and store that can be named, in the order in which lists show them. A new one adds its line here and
/// its folder below.
pub static IMPLEMENTATIONS: [Implementation; 14] = [
    framework("axum", "framework-axum/src", files_of::<AxumFolder>),
    framework("actix", "framework-actix/src", files_of::<ActixFolder>),
    framework("rocket", "framework-rocket/src", files_of::<RocketFolder>),
    store("memory", "examples-nosql/memory/src", None, files_of::<MemoryFolder>),
    store("diesel-sqlite", "examples-sql/diesel/src", Some("sqlite"), files_of::<DieselFolder>),
    store("sea-orm-sqlite", "examples-sql/sea-orm/src", Some("sqlite"), files_of::<SeaOrmFolder>),
    store("diesel-postgres", "examples-sql/diesel/src", Some("postgres"), files_of::<DieselFolder>),
    store("sea-orm-postgres", "examples-sql/sea-orm/src", Some("postgres"), files_of::<SeaOrmFolder>),
    store("diesel-mysql", "examples-sql/diesel/src", Some("mysql"), files_of::<DieselFolder>),
    store("sea-orm-mysql", "examples-sql/sea-orm/src", Some("mysql"), files_of::<SeaOrmFolder>),
    store("mongodb", "examples-nosql/mongodb/src", None, files_of::<MongodbFolder>),
    store("redis", "examples-nosql/redis/src", None, files_of::<RedisFolder>),
    store("dynamodb", "examples-nosql/dynamodb/src", None, files_of::<DynamodbFolder>),
    Implementation {
        name: "shared",
        kind: Kind::Shared,
        folder: "shared/src",
        part: None,
        embedded: files_of::<SharedFolder>,
    },
];

type Embedded = fn() -> Vec<(String, String)>;

const fn framework(name: &'static str, folder: &'static str, embedded: Embedded) -> Implementation {
    Implementation { name, kind: Kind::Framework, folder, part: None, embedded }
}

const fn store(
    name: &'static str,
    folder: &'static str,
    part: Option<&'static str>,
    embedded: Embedded,
) -> Implementation {
    Implementation { name, kind: Kind::Store, folder, part, embedded }
}

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
#[folder = "../examples-nosql/mongodb/src"]
struct MongodbFolder;

#[derive(rust_embed::RustEmbed)]
#[folder = "../examples-nosql/redis/src"]
struct RedisFolder;

#[derive(rust_embed::RustEmbed)]
#[folder = "../examples-nosql/dynamodb/src"]
struct DynamodbFolder;

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
    /// The implementation that people call `name`. The name of a crate with several databases is that of its first:
    /// `diesel` is `diesel-sqlite`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        let of_crate = || IMPLEMENTATIONS.iter().find(|implementation| is_first_of(implementation.name, name));
        IMPLEMENTATIONS.iter().find(|implementation| implementation.name == name).or_else(of_crate)
    }

    /// Its Rust files and scripts as they were when this program was compiled, ordered by path.
    #[must_use]
    pub fn sources(&self) -> Vec<SourceFile> {
        let files = (self.embedded)().into_iter().filter(|(path, _)| is_source(path));
        let mut sources: Vec<_> =
            files.filter_map(|(path, text)| SourceFile::of_part(self.folder, self.part, &path, text)).collect();
        sources.sort_by(|one, other| one.path.cmp(&other.path));
        sources
    }
}

/// Whether `name` is that of a crate with several databases, and `store` one of its stores.
pub(super) fn is_first_of(store: &str, name: &str) -> bool {
    ["diesel", "sea-orm"].contains(&name) && store.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))
}

/// Rust, or the Lua that a store gives its database to run.
fn is_source(path: &str) -> bool {
    path.ends_with(".rs") || path.ends_with(SCRIPT)
}

/// How the names of scripts end.
pub const SCRIPT: &str = ".lua";

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it is, from the root of the repository, with `/`: `framework-axum/src/handlers/users.rs`.
    pub path: String,
    /// Where it is inside its source folder, without the folder of a part: `handlers/users.rs`, `users.rs`.
    pub relative: String,
    /// The same as a module: `["handlers", "users"]`. A `mod.rs` goes by its folder's name.
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
        Self { path: format!("{folder}/{relative}"), relative, module_path, text }
    }

    /// The same, as a file of a part: it is `None` in the folder of another one.
    #[must_use]
    pub fn of_part(folder: &str, part: Option<&str>, relative: &str, text: String) -> Option<Self> {
        let file = Self::new(folder, relative, text);
        match (part, file.relative.split_once('/')) {
            (Some(part), Some((inside, rest))) if inside == part => {
                let path = file.path.clone();
                Some(Self { path, ..Self::new(folder, rest, file.text) })
            }
            (Some(_), Some(_)) => None,
            _ => Some(file),
        }
    }
}

/// The Rust files and scripts below `root/folder` on disk, ordered by path, for tests that judge the tree as it is now: all of them, or
/// those of a part.
///
/// # Errors
/// If the folder or one of its files cannot be read.
pub fn read_folder(root: &Path, folder: &str, part: Option<&str>) -> io::Result<Vec<SourceFile>> {
    let mut sources = Vec::new();
    let mut unread = vec![String::new()];
    while let Some(relative_folder) = unread.pop() {
        for entry in root.join(folder).join(&relative_folder).read_dir()? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let relative = if relative_folder.is_empty() { name } else { format!("{relative_folder}/{name}") };
            if entry.file_type()?.is_dir() {
                unread.push(relative);
            } else if is_source(&relative) {
                let text = std::fs::read_to_string(entry.path())?;
                sources.extend(SourceFile::of_part(folder, part, &relative, text));
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}
