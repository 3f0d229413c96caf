//! The "database": a lock around two maps.

use crate::schema::Tables;
use async_trait::async_trait;
use shared::context::RequestContext;
use shared::repository::{PoolStatus, Store, StoreError};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The tables behind a lock of the standard library.
///
/// Not tokio's: it is for guards that live across an `.await`. These are held for a look into a map, which takes less
/// time than parking a task would.
#[derive(Default)]
pub(crate) struct Database(RwLock<Tables>);

impl Database {
    /// The tables, to read. A lock that a panic poisoned is used on: every change checks first and writes last, so
    /// the tables are whole at any point where a panic could leave them.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tables, to change.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Tables> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for Database {
    async fn ping(&self, _context: &RequestContext) -> Result<(), StoreError> {
        drop(self.read());
        Ok(())
    }

    /// Nothing is pooled.
    fn pool(&self) -> PoolStatus {
        PoolStatus::default()
    }

    /// Nothing is kept, so nothing is to be finished.
    async fn close(&self) {}
}
