//! Transactions over several documents: how they are run, and how they keep out of each other's way.
//!
//! MongoDB lets no transaction wait for another one: of two that write to one document, the second fails at once and has
//! to begin anew. Hence both halves of this file: a [`Transaction`] begins anew, and [`Queues`] lets this process's own
//! transactions on one document come one after another, so that those of other processes are the only ones it meets.

use crate::connection::{Call, failure};
use crate::query_log::Followed;
use mongodb::ClientSession;
use mongodb::error::{Error, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::ReadConcern;
use shared::repository::StoreError;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, sleep};

/// A transaction, begun as often as it takes.
///
/// Not a function that is given the commands: that would have to be told in its type that what they return can go to
/// another thread, for which the language has no words yet. And not the driver's own loop (`and_run2`), which goes on for
/// two minutes; this one, for a call's time.
pub(crate) struct Transaction {
    session: ClientSession,
    deadline: Instant,
    _followed: Option<Followed>,
}

impl Transaction {
    /// A session for the transaction of this call. Nothing is sent yet.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) async fn of(call: &Call) -> Result<Self, StoreError> {
        let (session, _followed) = call.session().await.map_err(failure)?;
        Ok(Self { session, deadline: call.deadline(), _followed })
    }

    /// Begins, also anew; what is sent with this session is part of it.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) async fn begin(&mut self) -> Result<&mut ClientSession, StoreError> {
        self.session.start_transaction().read_concern(ReadConcern::snapshot()).await.map_err(failure)?;
        Ok(&mut self.session)
    }

    /// Ends it, after what its commands came to: `Ok(Ok(()))` is committed, and a refusal (`Ok(Err(_))`) takes all of it
    /// back. None if it was not to be at this moment, and is to begin anew: it met another one, or the server has changed.
    /// `refused` says what any other error of the driver is to the caller.
    pub(crate) async fn end(
        &mut self,
        attempt: Result<Result<(), StoreError>, Error>,
        refused: fn(Error) -> StoreError,
    ) -> Option<Result<(), StoreError>> {
        let error = match attempt {
            Ok(Ok(())) => match commit(&mut self.session, self.deadline).await {
                Ok(()) => return Some(Ok(())),
                Err(error) => error,
            },
            Ok(Err(refusal)) => return Some(Err(self.abort().await.err().unwrap_or(refusal))),
            Err(error) => match self.abort().await {
                Ok(()) => error,
                Err(error) => return Some(Err(error)),
            },
        };
        if !error.contains_label(TRANSIENT_TRANSACTION_ERROR) || Instant::now() >= self.deadline {
            return Some(Err(refused(error)));
        }
        pause().await;
        None
    }

    async fn abort(&mut self) -> Result<(), StoreError> {
        self.session.abort_transaction().await.map_err(failure)
    }
}

/// A commit whose answer was lost is repeated: the server knows the transaction, and tells how it ended.
async fn commit(session: &mut ClientSession, deadline: Instant) -> Result<(), Error> {
    loop {
        match session.commit_transaction().await {
            Err(error) if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) && Instant::now() < deadline => {
                pause().await;
            }
            outcome => return outcome,
        }
    }
}

/// Before a transaction that met another one begins anew: 1 to 10 ms, about as long as the other one takes. Never the same
/// twice, so that two do not keep meeting.
async fn pause() {
    sleep(Duration::from_micros(1_000 + RandomState::new().hash_one(()) % 9_000)).await;
}

/// The documents that transactions of this process are about to write to, each with its queue.
///
/// Without it, of 200 orders of one product that arrive at once one would succeed and 199 would fail and begin anew, over
/// and over, until some of them have no time left. A queue is fair and costs no round trip.
#[derive(Default)]
pub(crate) struct Queues(Mutex<HashMap<[u8; 16], Arc<tokio::sync::Mutex<()>>>>);

impl Queues {
    fn queues(&self) -> MutexGuard<'_, HashMap<[u8; 16], Arc<tokio::sync::Mutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else has a turn for any of these ids, and has it until the turn is dropped. All take their places
    /// in the order of the ids, so no two wait for each other.
    pub(crate) async fn turn(self: &Arc<Self>, mut ids: Vec<[u8; 16]>) -> Turn {
        ids.sort_unstable();
        ids.dedup();
        let mut turn = Turn { queues: self.clone(), ids, places: Vec::new() };
        for index in 0..turn.ids.len() {
            let Some(id) = turn.ids.get(index) else { break };
            let queue = self.queues().entry(*id).or_default().clone();
            turn.places.push(queue.lock_owned().await);
        }
        turn
    }
}

/// Its being there is the turn.
pub(crate) struct Turn {
    queues: Arc<Queues>,
    ids: Vec<[u8; 16]>,
    places: Vec<OwnedMutexGuard<()>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.places.clear();
        let mut queues = self.queues.queues();
        for id in &self.ids {
            // Nobody else is in it, and while the map is locked nobody comes.
            if queues.get(id).is_some_and(|queue| Arc::strong_count(queue) == 1) {
                queues.remove(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Queues;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    #[tokio::test]
    async fn turns_that_share_an_id_come_one_after_another_in_whatever_order_they_name_it() {
        let (queues, inside) = (Arc::new(Queues::default()), Arc::new(AtomicU32::new(0)));
        let take = |number: u8| {
            let (queues, inside) = (queues.clone(), inside.clone());
            tokio::spawn(async move {
                let ids = [[1; 16], [number; 16], [2; 16]];
                let ids = if number.is_multiple_of(2) { ids.to_vec() } else { ids.into_iter().rev().collect() };
                let _turn = queues.turn(ids).await;
                assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0);
                tokio::task::yield_now().await;
                inside.fetch_sub(1, Ordering::Relaxed);
            })
        };
        for taken in (0..50).map(take).collect::<Vec<_>>() {
            taken.await.unwrap();
        }
        assert!(queues.queues().is_empty());
    }

    #[tokio::test]
    async fn whoever_gives_up_waiting_leaves_nothing() {
        let queues = Arc::new(Queues::default());
        let turn = queues.turn(vec![[1; 16]]).await;
        let other = queues.turn(vec![[0; 16], [1; 16]]);
        assert!(tokio::time::timeout(Duration::from_millis(10), other).await.is_err());
        drop(turn);
        assert!(queues.queues().is_empty());
        drop(queues.turn(vec![[0; 16]]).await);
    }
}
