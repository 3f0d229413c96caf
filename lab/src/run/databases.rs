//! The databases of a lab on servers: what they are called, and whether the servers answer.

use super::LabError;
use server::host_and_port;
use shared::config::Secret;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpStream;

/// A word that the names of this lab's databases begin with: labs with other data folders have other demo passwords, so
/// they must not meet in one database. Made at the first start, and kept beside the data.
///
/// # Errors
/// [`LabError::Folder`] if it cannot be kept.
pub(super) fn name_of_lab(data: &Path) -> Result<String, LabError> {
    let path = data.join("databases.name");
    let folder_error = |source| LabError::Folder { folder: data.to_owned(), source };
    let is_name = |name: &str| name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match std::fs::read_to_string(&path) {
        Ok(name) if is_name(name.trim()) => return Ok(name.trim().to_owned()),
        Ok(_) => return Err(folder_error(io::Error::other(format!("{} holds no name of this lab's", path.display())))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(folder_error(error)),
    }
    let name = Secret::random(4)?.expose().to_owned();
    let written = tempfile::NamedTempFile::new_in(data).and_then(|mut file| {
        io::Write::write_all(&mut file, name.as_bytes())?;
        file.persist_noclobber(&path).map(drop).map_err(|error| error.error)
    });
    match written {
        Ok(()) => Ok(name),
        // Another lab was faster: its name is this one's, too.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::read_to_string(&path).map(|name| name.trim().to_owned()).map_err(folder_error)
        }
        Err(error) => Err(folder_error(error)),
    }
}

/// A server that takes longer to accept a connection does not answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether somebody listens at the host and port of a database URL. Whether it is the right database, the variant finds out
/// when it is started.
pub(super) async fn answers(database_url: &str) -> bool {
    let Some(address) = host_and_port(database_url) else { return true };
    matches!(tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use super::{answers, name_of_lab};

    #[tokio::test]
    async fn a_server_answers_while_it_listens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://{}/0", listener.local_addr().unwrap());
        assert!(answers(&url).await);
        drop(listener);
        assert!(!answers(&url).await);
    }

    #[test]
    fn a_lab_keeps_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let name = name_of_lab(folder.path()).unwrap();
        assert_eq!(name_of_lab(folder.path()).unwrap(), name);
        std::fs::write(folder.path().join("databases.name"), "../..").unwrap();
        assert!(name_of_lab(folder.path()).unwrap_err().to_string().contains("databases.name"));
    }
}
