//! What was built, and of what.

use super::{FactError, output_of, read};
#[cfg(target_os = "linux")]
use crate::process;
use crate::result::Commit;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
#[cfg(target_os = "linux")]
use tokio::process::Command;

/// The crates whose versions a reader asks for.
const CRATES: [&str; 13] = [
    "axum",
    "actix-web",
    "rocket",
    "diesel",
    "diesel-async",
    "sea-orm",
    "sqlx",
    "libsqlite3-sys",
    "mongodb",
    "redis",
    "aws-sdk-dynamodb",
    "tokio",
    "hyper",
];

/// The versions of the compiler and of the crates that variants are built of, by name.
///
/// # Errors
/// If there is no compiler, or `root` is not the folder of the workspace.
pub async fn versions(root: &Path) -> Result<BTreeMap<String, String>, FactError> {
    let mut versions = locked(&read(&root.join("Cargo.lock"))?)?;
    let compiler = output_of(root, "rustc", &["--version"]).await?;
    versions.insert("rustc".to_owned(), compiler_version(&compiler));
    Ok(versions)
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
}

/// Those of [`CRATES`] in a `Cargo.lock`. Where there are several of one name, the newest is the one that this workspace
/// asks for, and the others are what somebody else still needs.
fn locked(text: &str) -> Result<BTreeMap<String, String>, FactError> {
    let lock: Lock = toml::from_str(text)
        .map_err(|error| FactError::Format { what: "Cargo.lock".to_owned(), reason: error.to_string() })?;
    let mut versions: BTreeMap<String, String> = BTreeMap::new();
    for Locked { name, version } in lock.package.into_iter().filter(|locked| CRATES.contains(&locked.name.as_str())) {
        let newest = versions.entry(name).or_default();
        if numbers(&version) > numbers(newest) {
            *newest = version;
        }
    }
    Ok(versions)
}

/// The numbers of a version, to compare them as numbers.
fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}

/// `1.95.0` of `rustc 1.95.0 (59807616e 2026-04-14)`.
fn compiler_version(text: &str) -> String {
    text.split_whitespace().nth(1).unwrap_or("unknown").to_owned()
}

/// What the program of a process says of its version. Java's is that of Java alone.
#[cfg(target_os = "linux")]
pub async fn version_of_process(id: u32) -> Option<String> {
    let program = std::fs::read_link(format!("/proc/{id}/exe")).ok()?;
    let folder = format!("{}/", program.parent()?.display());
    let mut command = Command::new(program);
    command.arg("--version");
    let finished = process::run(command).await.ok()?;
    // Some begin with the path by which they were called.
    finished.stdout.lines().map(str::trim).find(|line| !line.is_empty()).map(|line| line.replace(&folder, ""))
}

/// Nobody says.
#[cfg(not(target_os = "linux"))]
pub async fn version_of_process(_id: u32) -> Option<String> {
    None
}

/// The commit of the source code, and whether a file that git knows differs from it.
pub async fn commit(root: &Path) -> Commit {
    let unknown = Commit { id: "unknown".to_owned(), has_changes: false };
    let Ok(id) = output_of(root, "git", &["rev-parse", "HEAD"]).await else { return unknown };
    let changes = output_of(root, "git", &["status", "--porcelain", "--untracked-files=no"]).await;
    // What cannot be told to be unchanged must not be taken for it.
    Commit { id: id.trim().to_owned(), has_changes: changes.map_or(true, |changes| !changes.trim().is_empty()) }
}

#[cfg(test)]
mod tests {
    use super::{commit, compiler_version, locked};

    #[test]
    fn the_newest_of_several_versions_is_ours() {
        let package = |name: &str, version: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
        let lock = ["0.14.32", "1.10.0", "1.9.9"].map(|version| package("hyper", version)).concat();
        let versions = locked(&(lock + &package("tokio", "1.52.0") + &package("rand", "0.9.0"))).unwrap();
        let versions: Vec<(&str, &str)> = versions.iter().map(|(name, version)| (&**name, &**version)).collect();
        assert_eq!(versions, [("hyper", "1.10.0"), ("tokio", "1.52.0")]);
        assert!(locked("x").unwrap_err().to_string().contains("Cargo.lock"));
    }

    #[test]
    fn the_compiler_tells_its_version() {
        assert_eq!(compiler_version("rustc 1.95.0 (59807616e 2026-04-14)\n"), "1.95.0");
        assert_eq!(compiler_version(""), "unknown");
    }

    #[tokio::test]
    async fn outside_of_a_clone_the_commit_is_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let commit = commit(folder.path()).await;
        assert_eq!((commit.id.as_str(), commit.has_changes), ("unknown", false));
    }
}
