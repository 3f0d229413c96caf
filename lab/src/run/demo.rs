//! The password of the demo users: made at the first start, shown once, kept as a hash.

use super::LabError;
use shared::config::Secret;
use shared::passwords::Passwords;
use shared::services::SetupError;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The hash, and the password if it was made just now: whoever gets it must show it.
pub(super) struct DemoPassword {
    pub hash: Secret,
    pub password: Option<Secret>,
}

/// Where the hash is kept.
pub(super) fn path(data: &Path) -> PathBuf {
    data.join("demo-password.hash")
}

/// Reads the hash, or makes a password if there is none yet. Of two labs that do this in one folder at the same time, one
/// makes it and the other takes it over.
///
/// # Errors
/// [`LabError::Folder`] if the file cannot be written, [`LabError::Hash`] if it holds something else.
pub(super) async fn password(data: &Path) -> Result<DemoPassword, LabError> {
    let path = path(data);
    if let Some(hash) = read(&path)? {
        return Ok(DemoPassword { hash, password: None });
    }
    let password = Secret::random(8)?;
    let hash = Passwords::start(1)?.hash(password.expose()).await.map_err(SetupError::from)?;
    let folder_error = |source| LabError::Folder { folder: data.to_owned(), source };
    match keep(data, &path, hash.as_phc()) {
        Ok(()) => Ok(DemoPassword { hash: Secret::new(hash.as_phc().to_owned()), password: Some(password) }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match read(&path)? {
            Some(hash) => Ok(DemoPassword { hash, password: None }),
            None => Err(folder_error(error)),
        },
        Err(error) => Err(folder_error(error)),
    }
}

fn read(path: &Path) -> Result<Option<Secret>, LabError> {
    match std::fs::read_to_string(path) {
        Ok(text) if Passwords::stored(text.trim()).is_some() => Ok(Some(Secret::new(text.trim().to_owned()))),
        Ok(_) => Err(LabError::Hash(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err(LabError::Hash(path.to_owned())),
    }
}

/// Writes the file whole or not at all, readable by this user alone, unless it is there.
fn keep(data: &Path, path: &Path, hash: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(data)?;
    writeln!(file, "{hash}")?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::{password, path};

    #[tokio::test]
    async fn the_first_makes_a_password_and_the_others_take_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = tokio::join!(password(folder.path()), password(folder.path()));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one.hash.expose(), other.hash.expose());
        assert!(one.password.is_some() != other.password.is_some());
        let third = password(folder.path()).await.unwrap();
        assert_eq!(third.hash.expose(), one.hash.expose());
        assert!(third.password.is_none());
    }

    #[tokio::test]
    async fn another_file_in_its_place_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(path(folder.path()), "hello").unwrap();
        let error = password(folder.path()).await.err().unwrap().to_string();
        assert!(error.contains("demo-password.hash") && error.contains("delete"), "{error}");
        assert_eq!(std::fs::read_to_string(path(folder.path())).unwrap(), "hello");
    }
}
