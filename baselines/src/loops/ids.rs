//! The users to ask for.

use super::Settings;
use crate::failure::Failure;
use std::sync::Arc;

/// Some ids, one of which is taken by chance, as the load generators do.
#[derive(Clone)]
pub struct Ids(Arc<[String]>);

impl Ids {
    /// Those of the file, if one was named.
    ///
    /// # Errors
    /// [`Failure::File`] and [`Failure::NoIds`].
    pub fn of_file(settings: &Settings) -> Result<Option<Self>, Failure> {
        let Some(path) = &settings.ids else { return Ok(None) };
        let text = std::fs::read_to_string(path).map_err(|source| Failure::File { path: path.clone(), source })?;
        Self::of(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()).map(Some)
    }

    /// These.
    ///
    /// # Errors
    /// [`Failure::NoIds`].
    pub fn of(ids: Vec<String>) -> Result<Self, Failure> {
        if ids.is_empty() { Err(Failure::NoIds) } else { Ok(Self(ids.into())) }
    }

    /// One of them.
    pub fn any(&self) -> &str {
        self.0.get(fastrand::usize(..self.0.len())).map_or("", String::as_str)
    }
}
