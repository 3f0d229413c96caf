//! Argon2id (RFC 9106) in a small bounded pool of threads of its own.
//!
//! One hash takes some 40 ms of a core and 19 MiB. On the runtime's blocking pool, which grows to hundreds of threads,
//! a burst of sign-ins would take gigabytes and starve every read beside it. Here the threads are counted, each keeps
//! its memory as long as there is work, they give way to those that serve requests, and a full queue is told to the client
//! at once.

use crate::domain::PasswordHash;
use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use tokio::sync::oneshot;

/// So many passwords may wait for a thread.
const QUEUE: usize = 128;

/// So long a thread without work keeps its memory: a server that nobody signs in to is a third as large without.
const KEPT: Duration = Duration::from_secs(10);

/// How much the threads give way (nice(2)): of a core that others want, too, they take a quarter. On an idle machine it makes no
/// difference.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// The most memory that a stored hash may ask for, in blocks of 1 KiB: a thread keeps it.
const BLOCKS_MAX: usize = 64 * 1024;

/// Verified for an unknown e-mail address, so that it takes as long as a known one. No password gives a hash of zeros.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password was neither hashed nor verified.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The queue is full.
    #[error("too many passwords wait to be hashed")]
    Overloaded,
    /// The hash or its parameters are not as expected.
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

/// Hashes and verifies passwords.
pub struct Passwords {
    jobs: Sender<Job>,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Passwords(..)")
    }
}

struct Job {
    password: String,
    /// The salt and the expected output of a hash to verify; none to make a new one.
    expected: Option<phc::PasswordHash>,
    reply: oneshot::Sender<Result<Outcome, PasswordError>>,
}

enum Outcome {
    Hashed(PasswordHash),
    Verified(bool),
}

impl Passwords {
    /// Starts `threads` threads (at least one). They end when this is dropped.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(threads: usize) -> std::io::Result<Self> {
        let (jobs, queue) = crossbeam_channel::bounded(QUEUE);
        for number in 0..threads.max(1) {
            let queue = queue.clone();
            std::thread::Builder::new().name(format!("password-{number}")).spawn(move || work(&queue))?;
        }
        Ok(Self { jobs })
    }

    /// A new hash of `password` with a salt of its own.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn hash(&self, password: &str) -> Result<PasswordHash, PasswordError> {
        match self.run(password, None).await? {
            Outcome::Hashed(hash) => Ok(hash),
            Outcome::Verified(_) => Err(PasswordError::Failed("verified instead of hashed".to_owned())),
        }
    }

    /// Whether `password` gives `hash`. Without a hash it takes as long and is false.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn verify(&self, password: &str, hash: Option<&PasswordHash>) -> Result<bool, PasswordError> {
        let expected = phc::PasswordHash::new(hash.map_or(NOBODY, PasswordHash::as_phc)).map_err(failed)?;
        Ok(matches!(self.run(password, Some(expected)).await?, Outcome::Verified(true)))
    }

    /// The hash in this PHC string, if it is one that [`Passwords::verify`] can take.
    pub fn stored(phc: &str) -> Option<PasswordHash> {
        let parsed = phc::PasswordHash::new(phc).ok()?;
        let is_whole =
            parsed.algorithm == Algorithm::Argon2id.ident() && parsed.salt.is_some() && parsed.hash.is_some();
        is_whole.then(|| PasswordHash::from_phc(phc.to_owned()))
    }

    async fn run(&self, password: &str, expected: Option<phc::PasswordHash>) -> Result<Outcome, PasswordError> {
        let (reply, answer) = oneshot::channel();
        let job = Job { password: password.to_owned(), expected, reply };
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => PasswordError::Overloaded,
            TrySendError::Disconnected(_) => PasswordError::Failed("the threads are gone".to_owned()),
        })?;
        answer.await.unwrap_or_else(|_| Err(PasswordError::Failed("the thread ended".to_owned())))
    }
}

/// A system that refuses is none to fail on: sign-ins then take as much as reads do.
#[cfg(target_os = "linux")]
fn give_way() {
    let _ = rustix::process::nice(NICENESS);
}

/// Elsewhere a thread's priority is that of the whole process, or must be asked for otherwise.
#[cfg(not(target_os = "linux"))]
fn give_way() {}

fn work(queue: &Receiver<Job>) {
    give_way();
    let mut memory = Vec::new();
    loop {
        let job = match memory.is_empty() {
            true => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            false => queue.recv_timeout(KEPT),
        };
        let job = match job {
            Ok(job) => job,
            Err(RecvTimeoutError::Timeout) => {
                memory = Vec::new();
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        // Nobody waits for the answer any more: the request was cancelled. (axum drops such a request, the others finish it.)
        if job.reply.is_closed() {
            continue;
        }
        if memory.len() < Params::DEFAULT.block_count() {
            memory.resize(Params::DEFAULT.block_count(), Block::default());
        }
        // A panic costs this one answer, not the thread.
        let outcome = catch_unwind(AssertUnwindSafe(|| match &job.expected {
            None => new_hash(&job.password, &mut memory).map(Outcome::Hashed),
            Some(expected) => matches(&job.password, expected, &mut memory).map(Outcome::Verified),
        }));
        let _ = job.reply.send(outcome.unwrap_or_else(|_| Err(failed("the computation panicked"))));
    }
}

fn new_hash(password: &str, memory: &mut [Block]) -> Result<PasswordHash, PasswordError> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(failed)?;
    let salt = phc::Salt::new(&salt).map_err(failed)?;
    let params = Params::DEFAULT;
    let hash = output(password, &salt, params.clone(), memory)?;
    let phc = phc::PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: phc::ParamsString::try_from(&params).map_err(failed)?,
        salt: Some(salt),
        hash: Some(hash),
    };
    Ok(PasswordHash::from_phc(phc.to_string()))
}

fn matches(password: &str, expected: &phc::PasswordHash, memory: &mut Vec<Block>) -> Result<bool, PasswordError> {
    let (Some(salt), Some(hash)) = (&expected.salt, &expected.hash) else {
        return Err(PasswordError::Failed("a stored hash lacks its salt or output".to_owned()));
    };
    let known = expected.algorithm == Algorithm::Argon2id.ident() && expected.version == Some(Version::V0x13.into());
    let params = Params::try_from(expected).map_err(failed)?;
    if !known || hash.len() != HASH_BYTES || params.block_count() > BLOCKS_MAX {
        return Err(failed("a stored hash is none of Argon2id v19 with 32 bytes and at most 64 MiB"));
    }
    // A hash made with other costs keeps them; the memory grows to the largest met.
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::default());
    }
    // `Output` compares in constant time.
    Ok(output(password, salt, params, memory)? == *hash)
}

fn output(
    password: &str,
    salt: &phc::Salt,
    params: Params,
    memory: &mut [Block],
) -> Result<phc::Output, PasswordError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut bytes = [0; HASH_BYTES];
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut bytes, memory).map_err(failed)?;
    phc::Output::new(&bytes).map_err(failed)
}

fn failed(error: impl fmt::Display) -> PasswordError {
    PasswordError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{NOBODY, Passwords};
    use crate::domain::PasswordHash;
    use argon2::password_hash::PasswordVerifier;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = Passwords::start(1).unwrap();
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.as_phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_phc());
        assert!(passwords.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("Correct horse", Some(&hash)).await.unwrap());
        assert_ne!(hash, passwords.hash("correct horse").await.unwrap(), "each hash has its own salt");
        let other = argon2::password_hash::phc::PasswordHash::new(hash.as_phc()).unwrap();
        assert!(argon2::Argon2::default().verify_password(b"correct horse", &other).is_ok(), "the library agrees");
    }

    #[tokio::test]
    async fn nobody_has_a_password_but_it_is_computed_all_the_same() {
        let passwords = Passwords::start(1).unwrap();
        assert!(!passwords.verify("correct horse", None).await.unwrap());
        assert!(!passwords.verify("", Some(&PasswordHash::from_phc(NOBODY.into()))).await.unwrap());
    }

    #[tokio::test]
    async fn a_full_queue_is_told_at_once() {
        let passwords = std::sync::Arc::new(Passwords::start(1).unwrap());
        let tries: Vec<_> = (0..140)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.hash("x").await })
            })
            .collect();
        let mut refused = 0;
        for attempt in tries {
            refused += usize::from(attempt.await.unwrap().is_err());
        }
        assert!((1..=12).contains(&refused), "{refused}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_that_gives_way_does_so_alone() {
        use rustix::process::getpriority_process;
        let niceness = || getpriority_process(None).unwrap();
        let before = niceness();
        let there = std::thread::spawn(move || {
            super::give_way();
            niceness()
        });
        assert_eq!(there.join().unwrap(), (before + super::NICENESS).min(19));
        assert_eq!(niceness(), before);
    }
}
