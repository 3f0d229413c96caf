//! The end of a server: what is in flight is finished, nothing new is begun.
//!
//! The frameworks' own graceful shutdowns count connections, and an idle keep-alive connection holds actix for its
//! keep-alive time and Rocket for its whole grace period. So requests are counted here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Counts the requests in flight until the shutdown.
#[derive(Clone, Debug)]
pub struct Drain {
    in_flight: Arc<AtomicUsize>,
    shutdown: CancellationToken,
}

impl Drain {
    /// Drains once `shutdown` is cancelled.
    pub fn new(shutdown: CancellationToken) -> Self {
        Self { in_flight: Arc::default(), shutdown }
    }

    /// Counts a request until the guard is dropped; none once the shutdown has begun.
    pub fn enter(&self) -> Option<InFlight> {
        // Counted before looking: else a request could slip in between the look and the last count.
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let guard = InFlight(self.in_flight.clone());
        (!self.shutdown.is_cancelled()).then_some(guard)
    }

    /// How many requests are in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Resolves when the shutdown has begun.
    pub async fn begun(&self) {
        self.shutdown.cancelled().await;
    }

    /// Resolves when the shutdown has begun and nothing is in flight any more, or `limit` after it began.
    pub async fn finished(&self, limit: Duration) {
        self.begun().await;
        let idle = async {
            while self.in_flight() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            // The last answers are complete, but some may still be on their way to the socket.
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let _ = tokio::time::timeout(limit, idle).await;
    }
}

/// One request in flight.
#[derive(Debug)]
pub struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::Drain;
    use std::time::Duration;
    use tokio_util::sync::CancellationToken;

    #[tokio::test]
    async fn what_is_in_flight_is_waited_for_and_nothing_new_is_taken() {
        let shutdown = CancellationToken::new();
        let drain = Drain::new(shutdown.clone());
        let guard = drain.enter().unwrap();
        shutdown.cancel();
        assert!(drain.enter().is_none());
        assert_eq!(drain.in_flight(), 1);
        let limit = Duration::from_secs(60);
        assert!(tokio::time::timeout(Duration::from_millis(20), drain.finished(limit)).await.is_err());
        drop(guard);
        drain.finished(limit).await;
    }
}
