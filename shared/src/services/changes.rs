//! What the services of everything that is found and changed have in common.

use crate::context::RequestContext;
use crate::precondition::{IfMatch, IfNoneMatch};
use crate::problem::Problem;
use std::hash::{DefaultHasher, Hash, Hasher};
use tokio::sync::{Mutex, MutexGuard};

/// How often a change is tried again when others change the same thing at the same time.
pub(super) const TRIES_MAX: usize = 20;

/// Things share the locks of [`Turns`] by id.
const LOCKS: usize = 64;

/// The answer to a conditional `GET`.
#[derive(Debug)]
pub enum Found<T> {
    /// The representation, with its version.
    Fresh(T, i64),
    /// The client has this version already: nothing is sent again.
    NotModified(i64),
}

impl<T> Found<T> {
    /// What was found, unless the client has it already.
    pub(super) fn of(version: i64, found: impl Into<T>, if_none_match: &IfNoneMatch) -> Self {
        if if_none_match.is_fresh(version) { Self::NotModified(version) } else { Self::Fresh(found.into(), version) }
    }
}

/// Changes of one thing wait for each other within this process, so that a hundred of them at once do not read and lose
/// against each other a hundred times. Other processes are met by compare-and-swap.
pub(super) struct Turns(Vec<Mutex<()>>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..LOCKS).map(|_| Mutex::default()).collect())
    }
}

impl Turns {
    /// Waits until no other change of the thing with this id is under way in this process, no longer than for the store.
    /// Whoever names a version need not: the store lets one of them through, and the others are refused.
    ///
    /// # Errors
    /// [`Problem::Overloaded`].
    pub(super) async fn take(
        &self,
        context: &RequestContext,
        id: &str,
        if_match: &IfMatch,
    ) -> Result<Option<MutexGuard<'_, ()>>, Problem> {
        if if_match.names_versions() {
            return Ok(None);
        }
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or_default();
        let Self(locks) = self;
        let Some(lock) = locks.get(index) else { return Ok(None) };
        match tokio::time::timeout(context.store_timeout(), lock.lock()).await {
            Ok(turn) => Ok(Some(turn)),
            Err(_) => Err(Problem::Overloaded),
        }
    }
}
