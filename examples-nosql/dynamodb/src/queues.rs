//! Turns, within this process: those who write the same items come one after another.
//!
//! DynamoDB has no lock to wait for. Of transactions that touch the same item at the same moment one goes through and the
//! others are cancelled, come again after a pause, and cancel each other once more: the more there are, the less gets
//! through. Whoever waits here instead is not sent before it can succeed. Nothing depends on it: another process knows
//! nothing of these turns, and what must hold is in the conditions of each transaction.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OwnedMutexGuard;

type Queue = Arc<tokio::sync::Mutex<()>>;

/// A queue for each item that somebody is about to write.
#[derive(Default)]
pub(crate) struct Queues(Mutex<HashMap<String, Queue>>);

impl Queues {
    /// Waits until nobody else here has any of these keys. They are taken in their order, so that no two callers wait for
    /// each other, and first come is first served.
    pub(crate) async fn turn(&self, keys: BTreeSet<String>) -> Turn<'_> {
        let mut turn = Turn { queues: self, held: Vec::with_capacity(keys.len()), keys };
        for key in &turn.keys {
            let queue = self.lock().entry(key.clone()).or_default().clone();
            turn.held.push(queue.lock_owned().await);
        }
        turn
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

/// The keys that are held, or waited for, until this is dropped.
pub(crate) struct Turn<'a> {
    queues: &'a Queues,
    held: Vec<OwnedMutexGuard<()>>,
    keys: BTreeSet<String>,
}

impl Drop for Turn<'_> {
    /// Queues in which nobody is left go. The map is locked all the while, so nobody joins one that is about to go.
    fn drop(&mut self) {
        let mut queues = self.queues.lock();
        self.held.clear();
        for key in &self.keys {
            if queues.get(key).is_some_and(|queue| Arc::strong_count(queue) == 1) {
                queues.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Queues;
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::time::{sleep, timeout};

    fn keys(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[tokio::test]
    async fn those_who_share_a_key_wait_and_the_others_do_not() {
        let queues = Queues::default();
        let first = queues.turn(keys(&["a", "b"])).await;
        let short = Duration::from_millis(20);
        assert!(timeout(short, queues.turn(keys(&["b", "c"]))).await.is_err());
        // Whoever has given up leaves nothing behind.
        drop(timeout(short, queues.turn(keys(&["c", "d"]))).await.unwrap());
        drop(first);
        drop(timeout(short, queues.turn(keys(&["b", "c"]))).await.unwrap());
        assert!(queues.is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nobody_is_in_the_way_of_each_other_for_ever() {
        let queues = Arc::new(Queues::default());
        let task = |number: usize| {
            let queues = queues.clone();
            tokio::spawn(async move {
                let names = ["a", "b", "c", "d"];
                let _turn = queues.turn(keys(&[names[number % 4], names[number / 4 % 4]])).await;
                sleep(Duration::from_micros(100)).await;
            })
        };
        for running in (0..200).map(task).collect::<Vec<_>>() {
            running.await.unwrap();
        }
        assert!(queues.is_empty());
    }
}
