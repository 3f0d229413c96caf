//! The connections: a few, each shared by many calls.
//!
//! The driver multiplexes: it sends the commands of all callers down one connection as they come, and hands out the answers
//! in the same order. So no command waits for the answer to another one before it is sent, and a caller who gives up leaves
//! an answer that is thrown away, never one that somebody else gets. A call takes the connection with the fewest calls
//! under way; a connection is opened when a call first needs it.
//!
//! Not the driver's `ConnectionManager`: it keeps a connection on which nothing has been answered for ever, and after an
//! outage tells the next call of the last failure instead of trying. It would not send anything twice either.
//!
//! Longer than 200 lines, because what a call is held to, and its place in the pool, is best read in one go.

use crate::migrations::{self, Durability, Fault};
use crate::schema::{Keys, statement};
use crate::scripts::Script;
use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, PushInfo, PushKind, RedisError, RedisResult,
    ServerErrorKind, Value,
};
use shared::context::RequestContext;
use shared::repository::{PoolStatus, Store, StoreError, StoreOptions};
use shared::telemetry::Statement;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

/// So many calls may be under way on a connection. It bounds what a server that hangs lets pile up, and is far more than
/// it takes to keep one busy that does not.
const CALLS_MAX: usize = 64;

/// What the connections are made from.
pub(crate) struct Server {
    pub(crate) client: Client,
    pub(crate) durability: Durability,
    pub(crate) timeout: Duration,
    /// Raised when a connection breaks. The others were most likely cut with it, as when Redis is started again: no call
    /// uses those opened before any more, so that nobody has to find out for each of them.
    pub(crate) generation: Arc<AtomicUsize>,
}

impl Server {
    /// A connection of its own, to whatever server this is.
    ///
    /// # Errors
    /// [`Fault::Driver`].
    pub(crate) async fn connect(&self, config: AsyncConnectionConfig) -> Result<MultiplexedConnection, Fault> {
        let config = config.set_connection_timeout(Some(self.timeout)).set_pipeline_buffer_size(CALLS_MAX);
        Ok(self.client.get_multiplexed_async_connection_with_config(&config).await?)
    }

    /// A connection for calls, to a server that is set up as it must be.
    async fn connect_for_calls(&self) -> Result<Connection, Fault> {
        let (current, generation) = (self.generation.clone(), self.generation.load(Ordering::Acquire));
        // The driver reads also when nobody calls, and so notices the end of a connection before a call uses it.
        let on_push = move |push: PushInfo| -> Result<(), redis::aio::SendError> {
            if push.kind == PushKind::Disconnection {
                end_generation(&current, generation);
            }
            Ok(())
        };
        // Calls have time limits of their own, which hold from before they have a connection.
        let config = AsyncConnectionConfig::new().set_response_timeout(None).set_push_sender(on_push);
        let connecting = async {
            let driver = self.connect(config).await?;
            migrations::check(&driver, self.durability).await?;
            Ok(Connection { driver, generation })
        };
        timeout(self.timeout, connecting).await.unwrap_or_else(|_| Err(Fault::TimedOut))
    }
}

struct Connection {
    driver: MultiplexedConnection,
    generation: usize,
}

/// Ends a generation of connections, if it has not ended yet: news of an old one that comes late ends no new one.
fn end_generation(current: &AtomicUsize, generation: usize) {
    let _ = current.compare_exchange(generation, generation + 1, Ordering::AcqRel, Ordering::Acquire);
}

/// A connection that is opened when it is needed, and again when it was lost.
struct Link {
    server: Arc<Server>,
    /// The runtime of `open`. A connection's driver lives on the runtime that opened it; actix-web's workers have their
    /// own, which may end before the others.
    runtime: Handle,
    current: RwLock<Option<Arc<Connection>>>,
    opening: Arc<Mutex<()>>,
    calls: AtomicUsize,
}

impl Link {
    fn current(&self) -> Option<Arc<Connection>> {
        let (current, generation) = (self.current.read(), self.server.generation.load(Ordering::Acquire));
        let current = current.unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|connection| connection.generation == generation).cloned()
    }

    /// The connection, opened if there is none. One call opens it and the others wait for that; what it began goes on if
    /// it is given up.
    async fn connection(self: &Arc<Self>) -> Result<Arc<Connection>, Fault> {
        if let Some(connection) = self.current() {
            return Ok(connection);
        }
        let turn = self.opening.clone().lock_owned().await;
        if let Some(connection) = self.current() {
            return Ok(connection);
        }
        let link = self.clone();
        let opening = self.runtime.spawn(async move {
            let _turn = turn;
            let connection = Arc::new(link.server.connect_for_calls().await?);
            *link.current.write().unwrap_or_else(PoisonError::into_inner) = Some(connection.clone());
            Ok(connection)
        });
        opening.await.unwrap_or_else(|_| Err(Fault::Closed))
    }

    /// Forgets a connection, unless another one has taken its place already.
    fn let_go(&self, connection: &Arc<Connection>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection)) {
            *current = None;
        }
    }
}

/// The database: the keys of one prefix on a server, and the connections to it.
pub(crate) struct Database {
    pub(crate) keys: Keys,
    links: Vec<Arc<Link>>,
    places: Arc<Semaphore>,
    places_max: u32,
    waiting: AtomicUsize,
    timeout: Duration,
    runtime: Handle,
}

impl Database {
    /// Connects, and looks whether the keys are this program's.
    ///
    /// # Errors
    /// [`Fault`].
    pub(crate) async fn open(server: Server, keys: Keys, options: StoreOptions) -> Result<Self, Fault> {
        let (server, runtime) = (Arc::new(server), Handle::current());
        let link = |_| {
            let (server, runtime) = (server.clone(), runtime.clone());
            let (current, opening, calls) = (RwLock::default(), Arc::default(), AtomicUsize::new(0));
            Arc::new(Link { server, runtime, current, opening, calls })
        };
        let links: Vec<_> = (0..options.connections.max(1)).map(link).collect();
        if let Some(first) = links.first() {
            let mut connection = first.connection().await?.driver.clone();
            let preparing = migrations::prepare(&mut connection, &keys);
            timeout(options.timeout, preparing).await.unwrap_or(Err(Fault::TimedOut))?;
        }
        let places_max = u32::try_from(links.len() * CALLS_MAX).unwrap_or(u32::MAX);
        let places = Arc::new(Semaphore::new(links.len() * CALLS_MAX));
        let (waiting, timeout) = (AtomicUsize::new(0), options.timeout);
        Ok(Self { keys, links, places, places_max, waiting, timeout, runtime })
    }

    /// Sends a command and reads its answer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn query<T: FromRedisValue>(
        &self,
        context: &RequestContext,
        command: Cmd,
    ) -> Result<T, StoreError> {
        let deadline = Instant::now() + self.timeout;
        let answer = self.send(context, &Arc::new(command), deadline).await?;
        read(answer.map_err(failure)?)
    }

    /// Sends a command that runs a script. If Redis does not know the script (any more), it ran nothing; then the script
    /// is loaded and the command sent again. No other command is ever sent twice.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        context: &RequestContext,
        script: &Script,
        command: Cmd,
    ) -> Result<T, StoreError> {
        let (command, deadline) = (Arc::new(command), Instant::now() + self.timeout);
        let mut answer = self.send(context, &command, deadline).await?;
        if answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)) {
            self.send(context, &Arc::new(script.load_command()), deadline).await?.map_err(failure)?;
            answer = self.send(context, &command, deadline).await?;
        }
        read(answer.map_err(failure)?)
    }

    /// One round trip.
    async fn send(
        &self,
        context: &RequestContext,
        command: &Arc<Cmd>,
        deadline: Instant,
    ) -> Result<RedisResult<Value>, StoreError> {
        let waiting = Counted::one_more(&self.waiting);
        let place = self.place(deadline - self.timeout / 2).await?;
        let connection = timeout_at(deadline, place.link.connection()).await;
        let connection = connection.map_err(|_| StoreError::TimedOut)?.map_err(no_connection)?;
        drop(waiting);
        let _record = Record::begin(context, || statement(command, &self.keys));
        let (mut driver, command) = (connection.driver.clone(), command.clone());
        let answer = Box::pin(async move { driver.send_packed_command(&command).await?.extract_error() });
        let call = Call { answer, connection, place, deadline };
        UnderWay { call: Some(call), runtime: &self.runtime }.answer().await
    }

    /// A place is waited for half of the time at most: the other half is for the answer. A command that is sent when hardly
    /// any time is left keeps the server busy for nobody.
    async fn place(&self, until: Instant) -> Result<Place, StoreError> {
        let permit = timeout_at(until, self.places.clone().acquire_owned()).await;
        let permit = permit.map_err(|_| StoreError::Overloaded)?.map_err(|_| no_connection(Fault::Closed))?;
        let link = self.links.iter().min_by_key(|link| link.calls.load(Ordering::Relaxed));
        let link = link.ok_or_else(|| no_connection(Fault::Closed))?.clone();
        link.calls.fetch_add(1, Ordering::Relaxed);
        Ok(Place { link, _permit: permit })
    }
}

#[async_trait]
impl Store for Database {
    async fn ping(&self, context: &RequestContext) -> Result<(), StoreError> {
        self.query(context, redis::cmd("PING")).await
    }

    /// A connection is at work if any call is under way on it.
    fn pool(&self) -> PoolStatus {
        let open = self.links.iter().filter(|link| link.current().is_some());
        let at_work = open.clone().filter(|link| link.calls.load(Ordering::Relaxed) > 0);
        PoolStatus { size: open.count(), in_use: at_work.count(), waiting: self.waiting.load(Ordering::Relaxed) }
    }

    async fn close(&self) {
        // The semaphore is fair: all places are had when the calls before are done, and those after are refused.
        let _all = timeout(self.timeout, self.places.acquire_many(self.places_max)).await;
        self.places.close();
        for link in &self.links {
            let _turn = timeout(self.timeout, link.opening.lock()).await;
            *link.current.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

/// One more of something, until it is dropped.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn one_more(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A call's place on a connection.
struct Place {
    link: Arc<Link>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.link.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A command that was sent and its answer to come.
struct Call {
    answer: Pin<Box<dyn Future<Output = RedisResult<Value>> + Send>>,
    connection: Arc<Connection>,
    place: Place,
    deadline: Instant,
}

impl Call {
    /// A connection on which an answer did not come in time is not used again: whatever is sent on it now would wait behind
    /// that. If one broke, or its server has become a replica, none is: the name may lead to the new primary by now.
    async fn answer(&mut self) -> Result<RedisResult<Value>, StoreError> {
        let answer = timeout_at(self.deadline, self.answer.as_mut()).await;
        match &answer {
            Ok(Err(error)) if is_the_end(error) => {
                end_generation(&self.place.link.server.generation, self.connection.generation);
            }
            Ok(_) => {}
            Err(_) => self.place.link.let_go(&self.connection),
        }
        answer.map_err(|_| StoreError::TimedOut)
    }
}

fn is_the_end(error: &RedisError) -> bool {
    error.is_unrecoverable_error()
        || error.is_io_error()
        || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

/// A call while its caller waits for it. If the caller gives up, it keeps its place until the answer is there or its time
/// is over: what was sent is still to be worked off, and those who call again must not make it more and more.
struct UnderWay<'a> {
    call: Option<Call>,
    runtime: &'a Handle,
}

impl UnderWay<'_> {
    async fn answer(mut self) -> Result<RedisResult<Value>, StoreError> {
        let Some(call) = &mut self.call else { return Err(StoreError::TimedOut) };
        let answer = call.answer().await;
        self.call = None;
        answer
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(mut call) = self.call.take() {
            self.runtime.spawn(async move { call.answer().await.map(drop) });
        }
    }
}

/// Keeps a command for the query log when its answer is there, or when it is given up.
struct Record<'a>(Option<(&'a RequestContext, Statement, Instant)>);

impl<'a> Record<'a> {
    fn begin(context: &'a RequestContext, statement: impl FnOnce() -> Statement) -> Self {
        Self(context.is_traced().then(|| (context, statement(), Instant::now())))
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        if let Some((context, mut statement, started)) = self.0.take() {
            statement.duration = started.elapsed();
            context.record(statement);
        }
    }
}

fn read<T: FromRedisValue>(answer: Value) -> Result<T, StoreError> {
    // What the driver says about it would quote the answer.
    T::from_redis_value(answer)
        .map_err(|_| StoreError::Internal("Redis gave another kind of answer than expected".into()))
}

/// What a driver's error means to a service.
fn failure(error: RedisError) -> StoreError {
    match error.code() {
        _ if error.is_timeout() => StoreError::TimedOut,
        Some("WRONGTYPE") => StoreError::Internal(Box::new(error)),
        _ => StoreError::Unavailable(Box::new(error)),
    }
}

fn no_connection(fault: Fault) -> StoreError {
    match fault {
        Fault::TimedOut => StoreError::TimedOut,
        Fault::Driver(error) if error.is_timeout() => StoreError::TimedOut,
        fault => StoreError::Unavailable(Box::new(fault)),
    }
}
