//! The result files of a folder. A page names one by its name in the listing, so no name leads out of the folder.

use bench::result::{FORMAT, Results};
use serde::Deserialize;
use std::io;
use std::path::{Path, PathBuf};

/// What lies in the folder.
pub(crate) struct Listing {
    folder: PathBuf,
    /// Newest first.
    pub results: Vec<Listed>,
    /// Files that hold no result, each with what it holds instead.
    pub refused: Vec<(String, ListingError)>,
}

/// A result, as far as a list shows it.
pub(crate) struct Listed {
    /// The file's name.
    pub name: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// The first letters of the commit.
    pub commit: String,
    /// Whether files differed from it.
    pub has_changes: bool,
    /// Where it ran.
    pub machine: String,
    /// `quick`, `default` or `full`.
    pub profile: String,
    /// Whether all that was planned was timed.
    pub is_complete: bool,
}

/// Why there is no result to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListingError {
    /// The folder is not there.
    #[error("There is no folder {} yet: the first run makes it. Another one is named with --bench-results.", .0.display())]
    NoFolder(PathBuf),
    /// The folder cannot be read.
    #[error("The folder {} cannot be read: {source}. Another one is named with --bench-results.", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The listing has no such file.
    #[error("There is no result {0} here: choose one from the list.")]
    Unknown(String),
    /// A file cannot be read.
    #[error("it cannot be read: {0}")]
    File(#[from] io::Error),
    /// The file is of another time.
    #[error("it has format {0}, and this lab reads format {FORMAT} only")]
    Format(u32),
    /// The file holds something else.
    #[error("it holds no result: {0}")]
    NoResult(#[from] serde_json::Error),
}

/// What every version of the format begins with.
#[derive(Deserialize)]
struct AnyFormat {
    format: u32,
}

impl Listing {
    /// Reads the folder. Slow where there are many results: not for a thread that serves others.
    ///
    /// # Errors
    /// [`ListingError::NoFolder`], [`ListingError::Folder`].
    pub(crate) fn read(folder: &Path) -> Result<Self, ListingError> {
        let folder_error = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => ListingError::NoFolder(folder.to_owned()),
            _ => ListingError::Folder { folder: folder.to_owned(), source },
        };
        let mut listing = Self { folder: folder.to_owned(), results: Vec::new(), refused: Vec::new() };
        for entry in std::fs::read_dir(folder).map_err(folder_error)? {
            let entry = entry.map_err(folder_error)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // The schema that describes them may lie beside them; and an empty file holds the name of a run that has timed nothing yet.
            let holds_something = entry.path().metadata().is_ok_and(|file| file.is_file() && file.len() > 0);
            if !name.ends_with(".json") || name.ends_with(".schema.json") || !holds_something {
                continue;
            }
            match read(&entry.path()) {
                Ok(results) => listing.results.push(Listed::of(name, results)),
                Err(error) => listing.refused.push((name, error)),
            }
        }
        listing.results.sort_by(|one, other| (&other.started_at, &one.name).cmp(&(&one.started_at, &other.name)));
        listing.refused.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(listing)
    }

    /// The result of this name.
    ///
    /// # Errors
    /// [`ListingError::Unknown`], or why the file cannot be read any more.
    pub(crate) fn open(&self, name: &str) -> Result<Results, ListingError> {
        let listed = self.results.iter().find(|listed| listed.name == name);
        let listed = listed.ok_or_else(|| ListingError::Unknown(name.to_owned()))?;
        read(&self.folder.join(&listed.name))
    }
}

impl Listed {
    fn of(name: String, results: Results) -> Self {
        Self {
            name,
            started_at: results.started_at,
            commit: results.commit.id.chars().take(8).collect(),
            has_changes: results.commit.has_changes,
            machine: results.machine.name,
            profile: results.settings.profile,
            is_complete: results.is_complete,
        }
    }

    /// `2026-11-23 02:51`.
    pub(crate) fn minute(&self) -> String {
        self.started_at.get(..16).unwrap_or(&self.started_at).replace('T', " ")
    }
}

fn read(path: &Path) -> Result<Results, ListingError> {
    let text = std::fs::read(path)?;
    // Another format may lack any other member: it is told by its number, not by what it lacks.
    let AnyFormat { format } = serde_json::from_slice(&text)?;
    if format != FORMAT {
        return Err(ListingError::Format(format));
    }
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests {
    use super::{Listing, ListingError};
    use serde_json::json;

    fn result(started_at: &str, format: u32) -> String {
        let result = json!({
            "format": format, "started_at": started_at, "finished_at": started_at, "is_complete": true,
            "commit": { "id": "0123456789abcdef", "has_changes": false },
            "machine": { "name": "small-2", "cpu": "Small", "cores": 2, "memory_bytes": 1, "system": "Linux",
                "governor": null, "hypervisor": null },
            "noise": { "busy_share": null, "stolen_share": null, "spread": 0.01, "is_noisy": false },
            "versions": {},
            "settings": { "profile": "quick", "workers": 2, "pool_size": null, "log": "info", "rounds": 1, "seconds": 1.0,
                "warm_up_seconds": 0.5, "sqlite_synchronous": "full", "generator": "wrk", "generator_threads": 1, "connections": [64], "users": [10_000],
                "workloads": ["hello"], "command": "lab bench" },
            "subjects": [], "runs": [],
        });
        result.to_string()
    }

    #[test]
    fn results_are_listed_newest_first_and_others_are_told() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("b.json", result("2026-11-02T10:00:00Z", 1)),
            ("a.json", result("2026-11-02T10:00:00Z", 1)),
            ("new.json", result("2026-11-03T09:00:00Z", 1)),
            ("later.json", result("2026-11-04T09:00:00Z", 2)),
            ("broken.json", "{\"format\": 1".to_owned()),
            ("lacking.json", "{\"format\": 1}".to_owned()),
            ("results.schema.json", "{}".to_owned()),
            ("begun.json", String::new()),
            ("new.html", "<p>".to_owned()),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        std::fs::create_dir(folder.path().join("folder.json")).unwrap();
        let listing = Listing::read(folder.path()).unwrap();
        let names: Vec<&str> = listing.results.iter().map(|listed| listed.name.as_str()).collect();
        assert_eq!(names, ["new.json", "a.json", "b.json"]);
        let newest = &listing.results[0];
        assert_eq!((newest.commit.as_str(), newest.minute().as_str()), ("01234567", "2026-11-03 09:00"));
        let refused: Vec<String> = listing.refused.iter().map(|(name, error)| format!("{name}: {error}")).collect();
        assert_eq!(refused.len(), 3, "{refused:?}");
        assert!(refused[0].starts_with("broken.json: it holds no result: EOF"), "{refused:?}");
        assert!(refused[1].contains("missing field `started_at`"), "{refused:?}");
        assert_eq!(refused[2], "later.json: it has format 2, and this lab reads format 1 only");
    }

    #[test]
    fn only_what_is_listed_can_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("results")).unwrap();
        std::fs::write(folder.path().join("results/one.json"), result("2026-11-02T10:00:00Z", 1)).unwrap();
        std::fs::write(folder.path().join("secret.json"), result("2026-11-02T10:00:00Z", 1)).unwrap();
        let listing = Listing::read(&folder.path().join("results")).unwrap();
        assert_eq!(listing.open("one.json").unwrap().settings.profile, "quick");
        let outside = folder.path().join("secret.json");
        for name in ["../secret.json", "secret.json", "./one.json", "", outside.to_str().unwrap()] {
            assert!(matches!(listing.open(name), Err(ListingError::Unknown(_))), "{name}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_said_to_be_none_yet() {
        let folder = tempfile::tempdir().unwrap();
        let error = Listing::read(&folder.path().join("results")).err().unwrap().to_string();
        assert!(error.starts_with("There is no folder ") && error.contains("--bench-results"), "{error}");
        std::fs::write(folder.path().join("file"), "").unwrap();
        let error = Listing::read(&folder.path().join("file")).err().unwrap().to_string();
        assert!(error.contains("cannot be read"), "{error}");
    }
}
