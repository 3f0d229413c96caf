//! The connections: the driver's pool, and a queue in front of it.
//!
//! A call of a repository can be given up at any time: its future is dropped. The driver's own futures bear that badly in
//! one place. Whoever stops waiting for a connection stays in the pool's queue, and the pool serves one entry of that
//! queue at each event, so after an outage it is busy with those who are gone. Hence no future of the driver is dropped
//! while it waits: each call runs in a task of its own, which its caller only awaits, and a semaphore lets no more calls
//! pass than there are connections. So the driver's queue stays empty, tasks are bounded by connections, and nobody gets
//! an answer that was meant for another.
//!
//! Calls whose transactions would meet wait for each other before that, without a connection; see `transaction.rs`.
//!
//! What ends a task whose server hangs is the driver's monitor: a second without its heartbeat, and the time limit, and it
//! interrupts whatever is under way there.
//!
//! Longer than 200 lines, because what may be told of the driver's errors is here as well.

use crate::query_log::{Followed, QueryLog};
use crate::schema::{GUARDS, ORDERS, OrderDocument, PRODUCTS, ProductDocument, USERS, UserDocument};
use crate::transaction::{Queues, Turn};
use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, ErrorKind, WriteFailure};
use mongodb::event::EventHandler;
use mongodb::event::cmap::CmapEvent;
use mongodb::options::ClientOptions;
use mongodb::{Client, ClientSession, Collection};
use shared::context::RequestContext;
use shared::repository::{PoolStatus, Store, StoreError, StoreOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

/// So often the driver looks whether the servers are there.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(1);

/// The database of a URL.
pub(crate) struct Database {
    plain: Handles,
    /// For traced requests. A client with a handler for commands copies and parses each of them and each answer for it,
    /// also those of nobody's interest, so there is one with and one without. A process that traces nothing never makes it.
    observed: OnceCell<Handles>,
    query_log: Arc<QueryLog>,
    client_options: ClientOptions,
    name: String,
    permits: Arc<Semaphore>,
    queues: Arc<Queues>,
    options: StoreOptions,
    size: Arc<AtomicUsize>,
    waiting: AtomicUsize,
}

impl Database {
    /// The database of this name, through a client with these options. Nothing is sent yet.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn new(mut client_options: ClientOptions, name: String, options: StoreOptions) -> Result<Self, Error> {
        let size = Arc::new(AtomicUsize::new(0));
        let counted = size.clone();
        client_options.cmap_event_handler = Some(EventHandler::callback(move |event| count(&counted, &event)));
        Ok(Self {
            plain: Handles::new(client_options.clone(), &name)?,
            observed: OnceCell::new(),
            query_log: Arc::default(),
            client_options,
            name,
            permits: Arc::new(Semaphore::new(connections(options))),
            queues: Arc::default(),
            options,
            size,
            waiting: AtomicUsize::new(0),
        })
    }

    /// The driver's handle of the database, for work at start.
    pub(crate) fn handle(&self) -> mongodb::Database {
        self.plain.client.database(&self.name)
    }

    /// One call of a repository: does `work` in a task of its own.
    ///
    /// # Errors
    /// The work's, [`StoreError::Overloaded`] without a connection in time and [`StoreError::TimedOut`] without an answer.
    pub(crate) async fn call<T, F>(
        &self,
        context: &RequestContext,
        work: impl FnOnce(Call) -> F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        self.run(context, Instant::now() + self.options.timeout, None, work).await
    }

    /// As [`Database::call`], but one after another with those that have an id in common. Whoever waits for its turn holds
    /// no connection: reads go past.
    ///
    /// # Errors
    /// As [`Database::call`]; [`StoreError::Overloaded`] without a turn in time.
    pub(crate) async fn call_in_turn<T, F>(
        &self,
        context: &RequestContext,
        ids: Vec<[u8; 16]>,
        work: impl FnOnce(Call) -> F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let deadline = Instant::now() + self.options.timeout;
        let waiting = Waiting::new(&self.waiting);
        let turn = timeout_at(deadline, self.queues.turn(ids)).await.map_err(|_| StoreError::Overloaded)?;
        drop(waiting);
        self.run(context, deadline, Some(turn), work).await
    }

    async fn run<T, F>(
        &self,
        context: &RequestContext,
        deadline: Instant,
        turn: Option<Turn>,
        work: impl FnOnce(Call) -> F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let permit = self.permit(deadline).await?;
        let work = work(self.prepare(context, deadline).await?);
        // For a server that answers the monitor and nobody else.
        let patience = 2 * self.options.timeout + HEARTBEAT;
        let task = tokio::spawn(async move {
            let outcome = timeout(patience, work).await;
            drop((permit, turn));
            outcome
        });
        match timeout_at(deadline, task).await {
            Ok(Ok(Ok(outcome))) => outcome,
            Ok(Err(error)) => Err(StoreError::Internal(error.into())),
            Ok(Ok(Err(_))) | Err(_) => Err(StoreError::TimedOut),
        }
    }

    async fn permit(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, StoreError> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting = Waiting::new(&self.waiting);
        match timeout_at(deadline, self.permits.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(StoreError::Unavailable("the store is closed".into())),
            Err(_) => Err(StoreError::Overloaded),
        }
    }

    async fn prepare(&self, context: &RequestContext, deadline: Instant) -> Result<Call, StoreError> {
        if !context.is_traced() {
            return Ok(Call { handles: self.plain.clone(), followed: None, deadline });
        }
        let observed = async || {
            let (mut options, log) = (self.client_options.clone(), self.query_log.clone());
            options.command_event_handler = Some(EventHandler::callback(move |event| log.handle(event)));
            Handles::new(options, &self.name)
        };
        let handles = self.observed.get_or_try_init(observed).await.map_err(failure)?.clone();
        Ok(Call { handles, followed: Some(self.query_log.follow(context)), deadline })
    }
}

#[async_trait]
impl Store for Database {
    async fn ping(&self, context: &RequestContext) -> Result<(), StoreError> {
        let ping = async |call: Call| {
            let mut command = doc! { "ping": 1 };
            command.extend(call.comment().map(|comment| ("comment".to_owned(), comment)));
            call.handles.client.database("admin").run_command(command).await.map_err(failure)?;
            Ok(())
        };
        self.call(context, ping).await
    }

    /// A call that is under way has one connection at a time.
    fn pool(&self) -> PoolStatus {
        PoolStatus {
            size: self.size.load(Ordering::Relaxed),
            in_use: connections(self.options).saturating_sub(self.permits.available_permits()),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }

    /// A client that is only dropped says goodbye to the server in a task of its own, which panics in the driver if the
    /// runtime ends meanwhile.
    async fn close(&self) {
        // All permits are free when nothing is under way.
        let all = u32::try_from(connections(self.options)).unwrap_or(u32::MAX);
        let _ = timeout(self.options.timeout, self.permits.acquire_many(all)).await;
        self.permits.close();
        let goodbyes = async {
            for handles in [Some(&self.plain), self.observed.get()].into_iter().flatten() {
                handles.client.clone().shutdown().immediate(true).await;
            }
        };
        let _ = timeout(self.options.timeout, goodbyes).await;
    }
}

/// As many as the pool and the semaphore have.
pub(crate) fn connections(options: StoreOptions) -> usize {
    options.connections.max(1)
}

/// A client and its collections. Cloning it is cheap and gives the same.
#[derive(Clone)]
struct Handles {
    client: Client,
    database: mongodb::Database,
    users: Collection<UserDocument>,
    products: Collection<ProductDocument>,
    orders: Collection<OrderDocument>,
    guards: Collection<Document>,
}

impl Handles {
    fn new(options: ClientOptions, name: &str) -> Result<Self, Error> {
        let client = Client::with_options(options)?;
        let database = client.database(name);
        Ok(Self {
            client,
            users: database.collection(USERS),
            products: database.collection(PRODUCTS),
            orders: database.collection(ORDERS),
            guards: database.collection(GUARDS),
            database,
        })
    }
}

/// What one call of a repository works with.
pub(crate) struct Call {
    handles: Handles,
    followed: Option<Followed>,
    deadline: Instant,
}

impl Call {
    /// When its caller waits no longer.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The database, for commands that no collection has.
    pub(crate) fn database(&self) -> &mongodb::Database {
        &self.handles.database
    }

    /// The users.
    pub(crate) fn users(&self) -> &Collection<UserDocument> {
        &self.handles.users
    }

    /// The products.
    pub(crate) fn products(&self) -> &Collection<ProductDocument> {
        &self.handles.products
    }

    /// The orders.
    pub(crate) fn orders(&self) -> &Collection<OrderDocument> {
        &self.handles.orders
    }

    /// The documents that make writes collide.
    pub(crate) fn guards(&self) -> &Collection<Document> {
        &self.handles.guards
    }

    /// The `comment` that leads from a command to its request, if that is traced.
    pub(crate) fn comment(&self) -> Option<Bson> {
        self.followed.as_ref().map(Followed::comment)
    }

    /// A session for a transaction; what is sent in it is recorded as long as the second part is kept.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) async fn session(&self) -> Result<(ClientSession, Option<Followed>), Error> {
        let session = self.handles.client.start_session().await?;
        let followed = self.followed.as_ref().and_then(|followed| followed.session(&session));
        Ok((session, followed))
    }
}

/// Counts a call that waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn count(size: &AtomicUsize, event: &CmapEvent) {
    match event {
        CmapEvent::ConnectionCreated(_) => size.fetch_add(1, Ordering::Relaxed),
        CmapEvent::ConnectionClosed(_) => size.fetch_sub(1, Ordering::Relaxed),
        _ => 0,
    };
}

/// A document breaks a unique index.
const DUPLICATE_KEY: i32 = 11_000;
/// A document is not what the validator asks for.
const DOCUMENT_VALIDATION_FAILURE: i32 = 121;
/// The server gave up at a time limit.
const MAX_TIME_MS_EXPIRED: i32 = 50;

/// Whether a write was refused because of a unique index.
pub(crate) fn is_duplicate(error: &Error) -> bool {
    code(error) == Some(DUPLICATE_KEY)
}

/// The number of the server's error, <https://www.mongodb.com/docs/manual/reference/error-codes/>.
pub(crate) fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(error) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => Some(error.code),
        _ => None,
    }
}

/// What an error of the driver is to the caller of a repository.
pub(crate) fn failure(error: Error) -> StoreError {
    match (code(&error), &*error.kind) {
        (Some(MAX_TIME_MS_EXPIRED), _) => StoreError::TimedOut,
        (Some(DOCUMENT_VALIDATION_FAILURE), _) | (None, ErrorKind::Bson(_) | ErrorKind::InvalidResponse { .. }) => {
            StoreError::Internal(told(&error).into())
        }
        _ => StoreError::Unavailable(told(&error).into()),
    }
}

/// What may be told of an error. Not all: the server's messages quote the command that was refused, with the e-mail
/// address and the hash in it, and the driver keeps the server's whole answer in its error.
pub(crate) fn told(error: &Error) -> String {
    match &*error.kind {
        ErrorKind::Command(error) => format!("MongoDB error {} {}", error.code, error.code_name),
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => {
            format!("MongoDB write concern error {} {}", error.code, error.code_name)
        }
        ErrorKind::Write(WriteFailure::WriteError(error)) => format!("MongoDB write error {}", error.code),
        ErrorKind::Bson(_) => "BSON that does not fit".to_owned(),
        other => other.to_string(),
    }
}
