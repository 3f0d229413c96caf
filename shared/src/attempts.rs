//! Failed sign-ins, counted by e-mail address in a sliding minute.
//!
//! Each process counts for itself: three servers over one database allow three times as many failures.
//!
//! A rate limiter crate counts every request, or gives cells back at a rate; here only failures count, and a right
//! password costs nothing.

use crate::domain::EmailKey;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(60);
const FAILURES_MAX: usize = 10;

/// So many addresses are remembered; a flood of made-up ones pushes out the ones seen longest ago.
const ADDRESSES_MAX: u64 = 100_000;

/// Counts failures. The clock is monotonic: setting the wall clock neither frees nor locks anybody.
#[derive(Debug)]
pub struct Attempts {
    failures: Cache<EmailKey, Arc<Mutex<VecDeque<Instant>>>>,
}

impl Default for Attempts {
    fn default() -> Self {
        // Not moka's default policy, which would rather refuse a new address than let go of an old one.
        let failures = Cache::builder().max_capacity(ADDRESSES_MAX).time_to_idle(WINDOW);
        Self { failures: failures.eviction_policy(EvictionPolicy::lru()).build() }
    }
}

impl Attempts {
    /// How long this address must wait, if it failed too often.
    pub fn blocked_for(&self, email_key: &EmailKey) -> Option<Duration> {
        let failures = self.failures.get(email_key)?;
        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
        wait(&mut failures, Instant::now())
    }

    /// Counts a failure of this address, unless it already has to wait: then it says how long.
    ///
    /// Looking again at the end is what makes the limit hold when fifty guesses are verified at the same time.
    pub fn fail(&self, email_key: &EmailKey) -> Option<Duration> {
        let failures = self.failures.get_with_by_ref(email_key, Arc::default);
        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let wait = wait(&mut failures, now);
        if wait.is_none() {
            failures.push_back(now);
        }
        wait
    }
}

fn wait(failures: &mut VecDeque<Instant>, now: Instant) -> Option<Duration> {
    while failures.front().is_some_and(|first| now.duration_since(*first) >= WINDOW) {
        failures.pop_front();
    }
    let first = failures.front().filter(|_| failures.len() >= FAILURES_MAX)?;
    Some(WINDOW.saturating_sub(now.duration_since(*first)))
}

#[cfg(test)]
mod tests {
    use super::{Attempts, WINDOW, wait};
    use crate::domain::EmailKey;
    use std::collections::VecDeque;
    use std::time::{Duration, Instant};

    #[test]
    fn the_eleventh_failure_waits_and_others_do_not() {
        let attempts = Attempts::default();
        let ada = EmailKey::of("ada@example.com");
        for _ in 0..10 {
            assert_eq!(attempts.blocked_for(&ada), None);
            assert_eq!(attempts.fail(&ada), None);
        }
        assert!(attempts.blocked_for(&EmailKey::of("ADA@example.com")).is_some());
        assert!(attempts.fail(&ada).is_some());
        assert_eq!(attempts.blocked_for(&EmailKey::of("bob@example.com")), None);
    }

    #[test]
    fn the_window_slides() {
        let start = Instant::now();
        let mut failures: VecDeque<Instant> = (0..10).map(|second| start + Duration::from_secs(second)).collect();
        assert_eq!(wait(&mut failures, start + Duration::from_secs(20)), Some(Duration::from_secs(40)));
        assert_eq!(wait(&mut failures, start + WINDOW), None);
        assert_eq!(failures.len(), 9);
    }
}
