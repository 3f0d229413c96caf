//! The connections: threads that each own one, fed by queues.
//!
//! SQLite calls block. Diesel's usual answer, a pool of connections and `spawn_blocking`, costs some 40 µs of CPU a call
//! in handing over. Here a call is put into a queue, and a thread that has its connection already takes it out. Reads are
//! shared by several threads. Writes go to one, as SQLite has one writer at a time in any case, and it commits what has
//! been queued meanwhile together: one `fsync` for up to [`BATCH`] of them is what makes `synchronous = FULL` affordable.
//! Calling SQLite on the async worker itself would be as cheap, until one slow query stalls every request beside it.
//!
//! Longer than 400 lines because what a pool and a driver do for the siblings is written out here: the queues, the threads,
//! the batches, a connection that is opened again.

use super::migrations;
use crate::query_log::Recorder;
use crate::schema::users;
use async_trait::async_trait;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use diesel::connection::{Connection, SimpleConnection};
use diesel::prelude::{QueryDsl, RunQueryDsl};
use diesel::result::Error as DieselError;
use diesel::sqlite::SqliteConnection;
use shared::context::RequestContext;
use shared::repository::{OpenError, PoolStatus, Store, StoreError, Synchronous, prepare_private_file};
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// So many calls may wait for the readers, and so many for the writer; the next one is told that the store is
/// overloaded. At tens of thousands of calls a second they wait for some 50 ms at most.
const QUEUE: usize = 1_024;

/// At most so many writes are committed together.
const BATCH: usize = 64;

/// How old a reader's certainty may be that the path still names the file that it has open.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// For every connection. `busy_timeout` comes first, so that the others wait for another process's lock, too.
///
/// No `mmap_size`: the pages are in the system's cache either way, and an I/O error on a mapped page is a signal that
/// ends the process instead of an error. No larger `cache_size`: each connection has a cache of its own.
const PRAGMAS: &str = "PRAGMA busy_timeout = 2000; PRAGMA foreign_keys = ON;";

/// For a reader's, so that a write in the wrong place fails instead of going round the writer.
const READER_PRAGMAS: &str = "PRAGMA query_only = ON;";

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// The database: its queues and its threads.
pub(crate) struct Database {
    /// None once it is closed: the threads end when they have done what is queued.
    queues: RwLock<Option<Queues>>,
    threads: Mutex<Threads>,
    busy: Arc<AtomicUsize>,
    size: usize,
}

struct Queues {
    reads: Sender<Box<dyn Job>>,
    writes: Sender<Box<dyn Job>>,
}

#[derive(Default)]
struct Threads {
    readers: Vec<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
}

impl Database {
    /// Opens the file, makes what is missing of it, and starts the threads.
    ///
    /// # Errors
    /// [`OpenError::Database`].
    pub(crate) async fn open(path: PathBuf, synchronous: Synchronous, readers: usize) -> Result<Self, OpenError> {
        let shown = path.display().to_string();
        // Opening reads and writes files: not on the async worker.
        let opened = tokio::task::spawn_blocking(move || Self::start(&path, synchronous, readers.max(1)));
        let opened = opened.await.unwrap_or_else(|panic| Err(panic.into()));
        opened.map_err(|source| OpenError::Database { database: shown, advice: migrations::advice(&source), source })
    }

    fn start(path: &Path, synchronous: Synchronous, readers: usize) -> Result<Self, BoxError> {
        // An absolute path starts with no "file:", which SQLite would take for a URI, and survives a `chdir`.
        let path = std::path::absolute(path)?;
        prepare_private_file(&path)?;
        let busy = Arc::new(AtomicUsize::new(0));
        let (reads, read_queue) = bounded(QUEUE);
        let (writes, write_queue) = bounded(QUEUE);
        let mut threads = Threads::default();

        let write = Access::Write(synchronous);
        let connection = Handle::new(path.clone(), migrations::prepare(&path, write)?, write)?;
        let counter = busy.clone();
        let work = move || write_jobs(connection, &write_queue, &counter);
        threads.writer = Some(std::thread::Builder::new().name("sqlite-writer".to_owned()).spawn(work)?);
        for number in 0..readers {
            let connection = Handle::new(path.clone(), connect(&path, Access::Read)?, Access::Read)?;
            let (queue, counter) = (read_queue.clone(), busy.clone());
            let work = move || read_jobs(connection, &queue, &counter);
            threads.readers.push(std::thread::Builder::new().name(format!("sqlite-reader-{number}")).spawn(work)?);
        }
        let queues = RwLock::new(Some(Queues { reads, writes }));
        Ok(Self { queues, threads: Mutex::new(threads), busy, size: readers + 1 })
    }

    /// Runs `work` on a connection for reading.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError::Overloaded`].
    pub(crate) async fn read<T, F>(&self, context: &RequestContext, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.call(context, work, Undone::Alone, |queues| &queues.reads).await
    }

    /// Runs `work` in a transaction, alone or together with other calls' work, and returns once it is on the disk. If
    /// `work` fails, nothing that it did stays.
    ///
    /// # Errors
    /// Those of `work`, [`StoreError::Overloaded`], and [`StoreError::Unavailable`] if it could not be committed.
    pub(crate) async fn write<T, F>(&self, context: &RequestContext, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.call(context, work, Undone::Alone, |queues| &queues.writes).await
    }

    /// As [`Database::write`], for work that changes rows by one statement, and is refused only where that has changed none.
    /// Such work needs no savepoint, which takes as long as the statement: what a refused statement has begun, SQLite undoes.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub(crate) async fn write_one<T, F>(&self, context: &RequestContext, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.call(context, work, Undone::WithItsBatch, |queues| &queues.writes).await
    }

    async fn call<T, F>(
        &self,
        context: &RequestContext,
        work: F,
        undone: Undone,
        queue: fn(&Queues) -> &Sender<Box<dyn Job>>,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let traced = context.is_traced().then(|| context.clone());
        let job = Box::new(Call { traced, work: Some(work), undone, outcome: None, reply });
        {
            let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
            let queues = queues.as_ref().ok_or_else(|| StoreError::Unavailable("the database is closed".into()))?;
            queue(queues).try_send(job).map_err(|error| match error {
                TrySendError::Full(_) => StoreError::Overloaded,
                TrySendError::Disconnected(_) => StoreError::Unavailable("the database's threads are gone".into()),
            })?;
        }
        answer.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the database's thread ended".into())))
    }
}

#[async_trait]
impl Store for Database {
    async fn ping(&self, context: &RequestContext) -> Result<(), StoreError> {
        // From the table, not `SELECT 1`, which SQLite answers without looking at the file.
        let look =
            |connection: &mut SqliteConnection| users::table.select(users::id).limit(1).load::<String>(connection);
        self.read(context, move |connection| look(connection).map(drop).map_err(failure)).await
    }

    fn pool(&self) -> PoolStatus {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        let waiting = queues.as_ref().map_or(0, |queues| queues.reads.len() + queues.writes.len());
        let size = if queues.is_some() { self.size } else { 0 };
        PoolStatus { size, in_use: self.busy.load(Ordering::Relaxed), waiting }
    }

    async fn close(&self) {
        // A thread ends when its queue has no sender any more and is empty.
        drop(self.queues.write().unwrap_or_else(PoisonError::into_inner).take());
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let join = move || threads.readers.into_iter().chain(threads.writer).for_each(|thread| drop(thread.join()));
        let _ = tokio::task::spawn_blocking(join).await;
    }
}

/// What a driver's error means to a service, but for the rules of the tables: what it means that one of them is broken, the
/// repositories say.
pub(crate) fn failure(error: DieselError) -> StoreError {
    match error {
        DieselError::DeserializationError(source) => StoreError::Internal(source),
        error => StoreError::Unavailable(Box::new(error)),
    }
}

/// What a connection is for.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    Read,
    Write(Synchronous),
}

/// Opens the file, and makes it if there is none.
///
/// # Errors
/// The driver's.
pub(crate) fn connect(path: &Path, access: Access) -> Result<SqliteConnection, BoxError> {
    let path = path.to_str().ok_or("the path is not UTF-8")?;
    let mut connection = SqliteConnection::establish(path)?;
    connection.batch_execute(PRAGMAS)?;
    connection.batch_execute(match access {
        Access::Read => READER_PRAGMAS,
        Access::Write(Synchronous::Full) => "PRAGMA synchronous = FULL;",
        Access::Write(Synchronous::Normal) => "PRAGMA synchronous = NORMAL;",
    })?;
    Ok(connection)
}

/// A fault that several calls share.
type Fault = Arc<dyn Error + Send + Sync>;

/// What is in a queue: a call, whatever it returns.
trait Job: Send {
    /// Whether somebody still waits for the answer. A request that was cancelled or ran out of time does not.
    fn is_wanted(&self) -> bool;
    /// The request, if its statements are recorded.
    fn traced(&self) -> &[RequestContext];
    /// What a failure of it undoes.
    fn undone(&self) -> Undone;
    /// Does the work and keeps its outcome.
    fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), Undo>;
    /// Sends the outcome, or the fault that undid it.
    fn answer(self: Box<Self>, ended: Result<(), Fault>);
}

/// What is undone with a job that fails. One that is refused undoes itself alone, either way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Undone {
    /// Itself: it has a savepoint.
    Alone,
    /// All that was to be committed together with it.
    WithItsBatch,
}

/// Why changes are not to stay.
enum Undo {
    /// The work came to an error, which the job keeps.
    Refused,
    /// The driver failed, or gave what nobody can have written, or the work panicked. The job keeps the error, and the connection is not to be trusted.
    Failed,
    /// Beginning, ending or undoing a transaction failed.
    Transaction(DieselError),
}

impl From<DieselError> for Undo {
    fn from(error: DieselError) -> Self {
        Self::Transaction(error)
    }
}

struct Call<T, F> {
    traced: Option<RequestContext>,
    work: Option<F>,
    undone: Undone,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Call<T, F>
where
    T: Send,
    F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn traced(&self) -> &[RequestContext] {
        self.traced.as_slice()
    }

    fn undone(&self) -> Undone {
        self.undone
    }

    fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), Undo> {
        let Some(work) = self.work.take() else { return Err(Undo::Refused) };
        // A panic is this call's failure: what it did is rolled back, then the connection let go.
        let outcome = catch_unwind(AssertUnwindSafe(|| work(connection)));
        let undo = match &outcome {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(StoreError::Unavailable(_) | StoreError::Internal(_))) | Err(_) => Err(Undo::Failed),
            Ok(Err(_)) => Err(Undo::Refused),
        };
        self.outcome = Some(outcome.unwrap_or_else(|_| Err(StoreError::Internal("the query panicked".into()))));
        undo
    }

    fn answer(self: Box<Self>, ended: Result<(), Fault>) {
        let outcome = match (self.outcome, ended) {
            (Some(outcome), Ok(())) => outcome,
            // The first fault says more than the failed rollback after it.
            (Some(Err(StoreError::Unavailable(first))), Err(_)) => Err(StoreError::Unavailable(first)),
            // Not even a refusal stands: it may have been because of another call's change, which was undone.
            (_, Err(fault)) => Err(StoreError::Unavailable(Box::new(fault))),
            (None, Ok(())) => Err(StoreError::Internal("the query was not run".into())),
        };
        // Whoever asked may have gone meanwhile.
        let _ = self.reply.send(outcome);
    }
}

/// A thread's connection. After anything that leaves a doubt about it, the next job gets a new one.
struct Handle {
    path: PathBuf,
    connection: Option<SqliteConnection>,
    file: FileId,
    looked: Instant,
    access: Access,
}

impl Handle {
    fn new(path: PathBuf, connection: SqliteConnection, access: Access) -> std::io::Result<Self> {
        Ok(Self { file: file_id(&path)?, path, connection: Some(connection), looked: Instant::now(), access })
    }

    /// The connection, opened again if need be.
    ///
    /// SQLite does not notice when its file is deleted or another one is moved into its place: it goes on with the old
    /// one, and what it is told to keep is lost. So the writer looks before each commit, and readers once a second.
    fn get(&mut self) -> Result<&mut SqliteConnection, BoxError> {
        let trusts = matches!(self.access, Access::Read) && self.looked.elapsed() < LOOK_AFTER;
        // A connection to be opened must not make an empty file where the old one was.
        if !trusts || self.connection.is_none() {
            let file = file_id(&self.path)?;
            if file != self.file {
                self.let_go();
                self.file = file;
            }
            self.looked = Instant::now();
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.path, self.access)?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Closes the connection, and with it rolls back what may be open. Diesel panics if closing fails.
    fn let_go(&mut self) {
        let connection = self.connection.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(connection)));
    }
}

/// What makes a file the same one under any name.
type FileId = (u64, u64);

#[cfg(unix)]
fn file_id(path: &Path) -> std::io::Result<FileId> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Elsewhere a file that is open can be neither deleted nor replaced.
#[cfg(not(unix))]
fn file_id(path: &Path) -> std::io::Result<FileId> {
    std::fs::metadata(path).map(|_| (0, 0))
}

/// Counts a thread as busy until it is dropped.
struct Busy<'a>(&'a AtomicUsize);

impl<'a> Busy<'a> {
    fn new(counter: &'a AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn read_jobs(mut handle: Handle, queue: &Receiver<Box<dyn Job>>, busy: &AtomicUsize) {
    for mut job in queue {
        if !job.is_wanted() {
            continue;
        }
        let at_work = Busy::new(busy);
        let ended = handle.get().map(|connection| {
            record(connection, &[], job.traced());
            let ended = job.run(connection);
            record(connection, job.traced(), &[]);
            ended
        });
        if !matches!(ended, Ok(Ok(()) | Err(Undo::Refused))) {
            handle.let_go();
        }
        drop(at_work);
        job.answer(ended.map(drop).map_err(Fault::from));
    }
}

fn write_jobs(mut handle: Handle, queue: &Receiver<Box<dyn Job>>, busy: &AtomicUsize) {
    while let Ok(first) = queue.recv() {
        let at_work = Busy::new(busy);
        // While a batch is committed, the next one gathers in the queue. Nobody is made to wait for company.
        let batch = std::iter::once(first).chain(queue.try_iter()).filter(|job| job.is_wanted());
        let mut batch: Vec<_> = batch.take(BATCH).collect();
        if batch.is_empty() {
            continue;
        }
        let committed = handle.get().and_then(|connection| {
            let committed = catch_unwind(AssertUnwindSafe(|| commit(connection, &mut batch)));
            committed.map_err(|_| "the driver panicked")?.map_err(BoxError::from)
        });
        if !matches!(committed, Ok(Sound(true))) {
            handle.let_go();
        }
        drop(at_work);
        // Only now, when it is on the disk.
        let ended = committed.map(drop).map_err(Fault::from);
        batch.into_iter().for_each(|job| job.answer(ended.clone()));
    }
    // The file alone holds everything then, unless another process has it open.
    let checkpoint = "PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(TRUNCATE);";
    let _ = handle.get().map(|connection| connection.batch_execute(checkpoint));
}

/// Whether the connection can be trusted after what happened.
struct Sound(bool);

/// Runs the jobs and commits together what succeeded. After an error nothing of them has happened.
fn commit(connection: &mut SqliteConnection, batch: &mut [Box<dyn Job>]) -> Result<Sound, DieselError> {
    let all: Vec<_> = batch.iter().flat_map(|job| job.traced().iter().cloned()).collect();
    let alone = batch.len() == 1;
    let mut sound = Sound(true);
    // BEGIN and COMMIT are recorded for each request in the batch, because each of them waited for both.
    record(connection, &[], &all);
    // IMMEDIATE: a transaction that begins by reading and then wants to write is refused if another process has written
    // meanwhile, however long its busy_timeout.
    let ended = connection.immediate_transaction(|connection| {
        for job in batch {
            // Again, because the others of the batch took time.
            if !job.is_wanted() {
                continue;
            }
            record(connection, &all, job.traced());
            let needs_savepoint = !alone && job.undone() == Undone::Alone;
            let ended = match needs_savepoint {
                true => connection.transaction(|connection| job.run(connection)),
                false => job.run(connection),
            };
            record(connection, &all, &all);
            match ended {
                Ok(()) => {}
                Err(Undo::Refused) if !alone => {}
                // What it may have changed cannot be undone without the rest.
                Err(Undo::Failed) if !alone && !needs_savepoint => {
                    return Err(Undo::Transaction(DieselError::BrokenTransactionManager));
                }
                // A full disk makes SQLite roll back the whole transaction by itself. The savepoint is gone then, and
                // what came before it: the others must not go on outside of any transaction.
                Err(Undo::Transaction(error)) => return Err(Undo::Transaction(error)),
                Err(undo) => {
                    sound.0 &= matches!(undo, Undo::Refused);
                    if alone {
                        return Err(undo);
                    }
                }
            }
        }
        Ok(())
    });
    record(connection, &all, &[]);
    match ended {
        Err(Undo::Transaction(error)) => Err(error),
        Ok(()) | Err(Undo::Refused | Undo::Failed) => Ok(sound),
    }
}

/// Makes Diesel report the statements to `next` that it has reported to `last`. Costs nothing while nobody is traced.
fn record(connection: &mut SqliteConnection, last: &[RequestContext], next: &[RequestContext]) {
    if !(last.is_empty() && next.is_empty()) {
        connection.set_instrumentation(Recorder::new(next.to_vec()));
    }
}

// In a file of its own, and outside of `src`, where every sibling has the same files.
#[cfg(test)]
#[path = "../../tests/inside/connection.rs"]
mod tests;
