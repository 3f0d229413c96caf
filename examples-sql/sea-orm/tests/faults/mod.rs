//! What can go wrong with a server, tried alike on each of them: `postgres.rs` and `mysql.rs` call these cases.
//!
//! Longer than 400 lines because the cases are two files' cases, and the stage they need (a server of a test's own, a
//! proxy that cuts) is with them.

use crate::shop;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement, TransactionTrait as _};
use shared::context::RequestContext;
use shared::demo::{unusable_hash, user};
use shared::domain::{EmailKey, Role, User, UserId};
use shared::repository::{OpenError, Repositories, StoreError, StoreOptions, UserQuery};
use shared::store_contract::database_url;
use std::collections::HashSet;
use std::future::{Future, poll_fn};
use std::net::{Shutdown, TcpListener as StdTcpListener, TcpStream as StdTcpStream};
use std::path::Path;
use std::pin::pin;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// One kind of server.
pub trait Kind: 'static {
    /// Names another server for the tests.
    const VARIABLE: &str;
    fn development_url(database: &str) -> String;
    fn open(url: &str, options: StoreOptions) -> impl Future<Output = Result<Repositories, OpenError>> + Send;
    fn remove(url: &str, options: StoreOptions) -> impl Future<Output = Result<(), OpenError>> + Send;
    /// Fills the folder of a new server.
    fn initialise(folder: &Path);
    /// The program that serves the folder on the port, with more options.
    fn program(folder: &Path, port: u16, options: &[&str]) -> Command;
    /// The URL of a database on a server of a test's own.
    fn own_url(port: u16) -> String;
}

/// As a server that a service uses: it gives a call up after two seconds.
pub const OPTIONS: StoreOptions = StoreOptions { connections: 4, timeout: Duration::from_secs(2) };

/// Nothing may take longer, on a machine that has other things to do.
const LIMIT: Duration = Duration::from_secs(8);

/// A database of a test's own on the server that all tests use. It is removed when its test is over.
pub struct Database {
    pub url: String,
    /// Ends whoever is left, also if the test failed.
    remove: Option<Box<dyn FnOnce() + Send>>,
}

pub fn database<K: Kind>() -> Database {
    let url = database_url(K::VARIABLE, K::development_url);
    let removed = url.clone();
    let remove = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        drop(runtime.block_on(K::remove(&removed, OPTIONS)));
    };
    Database { url, remove: Some(Box::new(remove)) }
}

impl Drop for Database {
    fn drop(&mut self) {
        // On a thread of its own: the test's runtime cannot wait inside itself.
        std::thread::spawn(self.remove.take().unwrap()).join().unwrap();
    }
}

pub async fn open<K: Kind>(url: &str) -> Repositories {
    K::open(url, OPTIONS).await.unwrap()
}

/// The database, by the driver alone.
pub async fn raw(url: &str) -> DatabaseConnection {
    sea_orm::Database::connect(url).await.unwrap()
}

pub fn context() -> RequestContext {
    RequestContext::internal("test")
}

pub fn traced() -> RequestContext {
    RequestContext::new("test".into(), "/".into(), Duration::from_secs(60), true)
}

pub fn somebody(number: u64) -> User {
    let mut user = user(number, unusable_hash());
    user.role = Role::User;
    user.email = format!("user{number}@example.com");
    user
}

pub fn admin(number: u64) -> User {
    User { role: Role::Admin, ..somebody(number) }
}

pub fn all() -> UserQuery {
    UserQuery { role: None, after: None, limit: 100_000 }
}

pub async fn soon<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < LIMIT, "not so after {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn nothing_in_use(store: &Repositories) {
    soon(async || {
        let pool = store.store.pool();
        (pool.in_use, pool.waiting) == (0, 0)
    })
    .await;
}

/// Polls a future so many times at most, then drops it.
async fn cancelled_after<T>(polls: u64, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// A server of a test's own, ended with it.
pub struct Own<K: Kind> {
    pub folder: TempDir,
    port: u16,
    child: Child,
    kind: std::marker::PhantomData<K>,
}

impl<K: Kind> Own<K> {
    pub fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        K::initialise(folder.path());
        let port = StdTcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Self::spawn(folder.path(), port, options);
        let server = Self { folder, port, child, kind: std::marker::PhantomData };
        server.wait();
        server
    }

    fn spawn(folder: &Path, port: u16, options: &[&str]) -> Child {
        let mut program = K::program(folder, port, options);
        let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).unwrap();
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    fn wait(&self) {
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap();
            assert!(started.elapsed() < Duration::from_secs(30), "the server does not start: {}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn url(&self) -> String {
        K::own_url(self.port)
    }

    /// Sends a signal to the server and to all processes that it started.
    fn signal(&self, signal: &str) {
        let listed = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let pairs: Vec<(u32, u32)> = listed
            .lines()
            .filter_map(|line| {
                let mut numbers = line.split_whitespace().map(|number| number.parse().unwrap());
                Some((numbers.next()?, numbers.next()?))
            })
            .collect();
        let mut family = vec![self.child.id()];
        let mut next = 0;
        while next < family.len() {
            let member = family[next];
            family.extend(pairs.iter().filter(|(_, parent)| *parent == member).map(|(child, _)| *child));
            next += 1;
        }
        for process in family {
            // One may be gone by now.
            drop(Command::new("kill").args([signal, &process.to_string()]).stderr(Stdio::null()).status());
        }
    }

    /// Ends it as a power cut would, and starts it again on the same data.
    fn kill_and_restart(&mut self) {
        self.signal("-KILL");
        self.child.wait().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        self.child = Self::spawn(self.folder.path(), self.port, &[]);
        self.wait();
    }
}

impl<K: Kind> Drop for Own<K> {
    fn drop(&mut self) {
        self.signal("-KILL");
        drop(self.child.wait());
    }
}

/// A way to the server that can fail.
pub struct Proxy {
    /// Both ends of each connection that there is.
    open: Arc<Mutex<Vec<Weak<[StdTcpStream; 2]>>>>,
    /// How often those that there were have stalled: they are open, but nothing goes through any more.
    stalls: watch::Sender<u32>,
}

impl Proxy {
    /// Before the server of a URL such as `postgres://user@host:port/database`.
    pub async fn before(url: &str) -> (Self, String) {
        let server = url.rsplit_once('@').unwrap().1.split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = url.replace(&server, &listener.local_addr().unwrap().to_string());
        let (open, stalls) = (Arc::new(Mutex::new(Vec::new())), watch::Sender::new(0));
        let (accepted, stalled) = (open.clone(), stalls.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(upstream) = TcpStream::connect(&server).await else { continue };
                let ((mut client, one), (mut upstream, other)) = (doubled(client), doubled(upstream));
                let ends = Arc::new([one, other]);
                accepted.lock().unwrap().push(Arc::downgrade(&ends));
                let mut stalled = stalled.subscribe();
                tokio::spawn(async move {
                    let _open = ends;
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut upstream) => {}
                        _ = stalled.changed() => std::future::pending().await,
                    }
                });
            }
        });
        (Self { open, stalls }, url)
    }

    /// Ends all connections now, not when a task gets to it: a call that comes next never meets an old one that works.
    fn cut(&self) {
        for ends in self.open.lock().unwrap().drain(..).filter_map(|ends| ends.upgrade()) {
            for end in &*ends {
                drop(end.shutdown(Shutdown::Both));
            }
        }
    }

    fn stall(&self) {
        self.stalls.send_modify(|times| *times += 1);
    }
}

/// The same connection twice.
fn doubled(stream: TcpStream) -> (TcpStream, StdTcpStream) {
    let stream = stream.into_std().unwrap();
    let twin = stream.try_clone().unwrap();
    (TcpStream::from_std(stream).unwrap(), twin)
}

pub async fn calls_in_flight_end_while_the_server_hangs_and_it_is_used_again<K: Kind>() {
    let server = Own::<K>::start(&[]);
    let store = open::<K>(&server.url()).await;
    store.users.insert(&context(), &somebody(0)).await.unwrap();
    server.signal("-STOP");
    // Each of its threads stops by itself.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let call = |number: u64| {
        let users = store.users.clone();
        tokio::spawn(async move {
            let started = Instant::now();
            let outcome = match number % 3 {
                0 => users.insert(&context(), &somebody(number)).await,
                1 => users.find(&context(), somebody(0).id).await.map(|_| ()),
                _ => users.list(&context(), &all()).await.map(|_| ()),
            };
            (outcome, started.elapsed())
        })
    };
    for call in (1..=30).map(call).collect::<Vec<_>>() {
        let (outcome, elapsed) = call.await.unwrap();
        assert!(matches!(outcome, Err(StoreError::TimedOut)), "{outcome:?}");
        assert!(elapsed < LIMIT, "{elapsed:?}");
    }
    assert_eq!(store.store.pool().waiting, 0);
    server.signal("-CONT");
    soon(async || store.users.find(&context(), somebody(0).id).await.is_ok()).await;
    nothing_in_use(&store).await;
    assert!(store.store.pool().size <= OPTIONS.connections);
}

pub async fn what_was_acknowledged_survives_kill_9_and_the_store_finds_the_server_again<K: Kind>() {
    let mut server = Own::<K>::start(&[]);
    let store = open::<K>(&server.url()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writer = |number: u64| {
        let (users, stop) = (store.users.clone(), stop.clone());
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for next in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let user = somebody(number * 1_000_000 + next);
                match users.insert(&context(), &user).await {
                    Ok(()) => acknowledged.push(user.id),
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
            acknowledged
        })
    };
    let writers: Vec<_> = (0..8).map(writer).collect();
    tokio::time::sleep(Duration::from_millis(400)).await;
    tokio::task::block_in_place(|| server.kill_and_restart());
    soon(async || store.users.find(&context(), somebody(0).id).await.is_ok()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Relaxed);
    let there: HashSet<UserId> = {
        let mut acknowledged = Vec::new();
        for writer in writers {
            acknowledged.extend(writer.await.unwrap());
        }
        let there: HashSet<_> =
            store.users.list(&context(), &all()).await.unwrap().iter().map(|user| user.id).collect();
        assert!(acknowledged.len() > 20, "{}", acknowledged.len());
        let lost = acknowledged.iter().filter(|id| !there.contains(id)).count();
        assert_eq!(lost, 0, "of {}", acknowledged.len());
        there
    };
    assert!(!there.is_empty());
    nothing_in_use(&store).await;
}

pub async fn after_a_cut_each_caller_fails_once_at_most_and_nothing_is_lost<K: Kind>() {
    let database = database::<K>();
    let (proxy, url) = Proxy::before(&database.url).await;
    let store = open::<K>(&url).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writer = |number: u64| {
        let (users, stop) = (store.users.clone(), stop.clone());
        tokio::spawn(async move {
            let (mut acknowledged, mut failed_before, mut failed) = (Vec::new(), false, 0);
            for next in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let user = somebody(number * 1_000_000 + next);
                let outcome = users.insert(&context(), &user).await;
                assert!(outcome.is_ok() || !failed_before, "two calls in a row failed: {outcome:?}");
                failed_before = outcome.is_err();
                failed += u32::from(failed_before);
                match outcome {
                    Ok(()) => acknowledged.push(user.id),
                    Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}"),
                }
            }
            (acknowledged, failed)
        })
    };
    let writers: Vec<_> = (0..8).map(writer).collect();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        proxy.cut();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    let mut failures = 0;
    for writer in writers {
        let (own, failed) = writer.await.unwrap();
        acknowledged.extend(own);
        failures += failed;
    }
    assert!(failures > 0, "nothing was cut");
    let there: HashSet<_> = store.users.list(&context(), &all()).await.unwrap().iter().map(|user| user.id).collect();
    assert!(acknowledged.iter().all(|id| there.contains(id)));
    nothing_in_use(&store).await;

    // Connections that were idle when they were cut: nobody was answered since, and nobody notices.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    proxy.cut();
    for _ in 0..8 {
        store.users.find(&context(), somebody(0).id).await.unwrap();
    }
}

pub async fn connections_that_stall_for_good_are_given_up<K: Kind>() {
    let database = database::<K>();
    let (proxy, url) = Proxy::before(&database.url).await;
    let store = open::<K>(&url).await;
    let find = || {
        let users = store.users.clone();
        tokio::spawn(async move { users.find(&context(), somebody(1).id).await })
    };
    for found in (0..4).map(|_| find()).collect::<Vec<_>>() {
        found.await.unwrap().unwrap();
    }
    nothing_in_use(&store).await;
    proxy.stall();
    for found in (0..4).map(|_| find()).collect::<Vec<_>>() {
        let found = found.await.unwrap();
        assert!(matches!(found, Ok(_) | Err(StoreError::TimedOut)), "{found:?}");
    }
    soon(async || store.users.find(&context(), somebody(1).id).await.is_ok()).await;
    nothing_in_use(&store).await;
    for found in (0..40).map(|_| find()).collect::<Vec<_>>() {
        found.await.unwrap().unwrap();
    }
}

pub async fn a_pool_whose_connections_stall_while_they_are_busy_has_all_its_places_again<K: Kind>() {
    let database = database::<K>();
    let (proxy, url) = Proxy::before(&database.url).await;
    let store = open::<K>(&url).await;
    let stop = Arc::new(AtomicBool::new(false));
    let reader = |_| {
        let (users, stop) = (store.users.clone(), stop.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                drop(users.find(&context(), somebody(1).id).await);
            }
        })
    };
    let readers: Vec<_> = (0..8).map(reader).collect();
    // Longer than a pool is kept at least.
    tokio::time::sleep(Duration::from_millis(5_200)).await;
    proxy.stall();
    tokio::time::sleep(OPTIONS.timeout + Duration::from_millis(1_500)).await;
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    nothing_in_use(&store).await;
    store.users.find(&context(), somebody(1).id).await.unwrap();
}

pub async fn stores_that_open_at_once_on_no_database_all_come_up<K: Kind>() {
    let database = database::<K>();
    let start = |number: u64| {
        let url = database.url.clone();
        tokio::spawn(async move {
            let options = StoreOptions { connections: 1, timeout: Duration::from_secs(10) };
            let store = K::open(&url, options).await.map_err(|error| error.to_string())?;
            store.users.insert(&context(), &somebody(number)).await.map_err(|error| error.to_string())?;
            store.store.close().await;
            Ok::<_, String>(())
        })
    };
    for started in (0..12).map(start).collect::<Vec<_>>() {
        started.await.unwrap().unwrap();
    }
    assert_eq!(open::<K>(&database.url).await.users.list(&context(), &all()).await.unwrap().len(), 12);
    K::remove(&database.url, OPTIONS).await.unwrap();
    K::remove(&database.url, OPTIONS).await.unwrap();
}

pub async fn who_waits_for_a_connection_in_vain_is_told_in_time<K: Kind>() {
    let database = database::<K>();
    let store = open::<K>(&database.url).await;
    let other = raw(&database.url).await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    let lock = other.begin().await.unwrap();
    lock.execute_unprepared("UPDATE users SET name = 'locked'").await.unwrap();
    let started = Instant::now();
    let call = |number: u64| {
        let users = store.users.clone();
        tokio::spawn(async move {
            let after = User { version: 2, ..somebody(1) };
            if number < 10 {
                users.update(&context(), &after, 1).await
            } else {
                users.find(&context(), after.id).await.map(|_| ())
            }
        })
    };
    for call in (0..20).map(call).collect::<Vec<_>>() {
        let outcome = call.await.unwrap();
        assert!(matches!(outcome, Ok(()) | Err(StoreError::Overloaded | StoreError::TimedOut)), "{outcome:?}");
    }
    assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
    assert!(store.store.pool().size <= OPTIONS.connections);
    lock.rollback().await.unwrap();
    // A write that was given up may happen nonetheless, also between the two calls here.
    soon(async || {
        let Ok(Some(found)) = store.users.find(&context(), somebody(1).id).await else { return false };
        let after = User { version: found.version + 1, ..somebody(1) };
        store.users.update(&context(), &after, found.version).await.is_ok()
    })
    .await;
    nothing_in_use(&store).await;
}

/// MySQL counts the wait for a lock in seconds: its error comes after the call was given up, half a second before the
/// connection is.
pub async fn an_error_that_comes_after_its_call_was_given_up_costs_the_pool_no_place<K: Kind>() {
    let database = database::<K>();
    let options = StoreOptions { connections: 1, timeout: Duration::from_millis(1_500) };
    let store = K::open(&database.url, options).await.unwrap();
    let other = raw(&database.url).await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    let lock = other.begin().await.unwrap();
    lock.execute_unprepared("UPDATE users SET name = 'locked'").await.unwrap();
    let updated = store.users.update(&context(), &User { version: 2, ..somebody(1) }, 1).await;
    assert!(matches!(updated, Err(StoreError::TimedOut)), "{updated:?}");
    nothing_in_use(&store).await;
    lock.rollback().await.unwrap();
    soon(async || store.users.find(&context(), somebody(1).id).await.is_ok()).await;
}

pub async fn calls_dropped_anywhere_give_nobody_a_wrong_answer<K: Kind>() {
    let database = database::<K>();
    open::<K>(&database.url).await.store.close().await;
    // No statement is kept, so each call prepares its own and can be dropped in the middle of that, too.
    for url in [database.url.clone(), format!("{}?statement-cache-capacity=0", database.url)] {
        let store = open::<K>(&url).await;
        drop_calls_anywhere(&store).await;
        nothing_in_use(&store).await;
        for user in store.users.list(&context(), &all()).await.unwrap() {
            store.users.delete(&context(), user.id, user.version).await.unwrap();
        }
    }
}

async fn drop_calls_anywhere(store: &Repositories) {
    for number in 0..20 {
        store.users.insert(&context(), &somebody(number)).await.unwrap();
    }
    let one = |seed: u64| {
        let users = store.users.clone();
        tokio::spawn(async move {
            for round in 0..40 {
                let number = (seed * 7 + round * 3) % 20;
                // Most are dropped by then, at different points.
                let time = Duration::from_micros((seed * 131 + round * 397) % 3_000);
                let user = somebody(number);
                let found = match round % 4 {
                    0 => tokio::time::timeout(time, users.find(&context(), user.id)).await,
                    1 => tokio::time::timeout(time, users.find_by_email(&context(), &EmailKey::of(&user.email))).await,
                    2 => Ok(users.find(&context(), user.id).await),
                    _ => {
                        let query = UserQuery { limit: 1, ..all() };
                        let listed = tokio::time::timeout(time, users.list(&context(), &query)).await;
                        if let Ok(listed) = listed {
                            assert_eq!(listed.unwrap(), [somebody(0)]);
                        }
                        continue;
                    }
                };
                if let Ok(found) = found {
                    assert_eq!(found.unwrap(), Some(user));
                }
            }
        })
    };
    for dropped in (0..12).map(one).collect::<Vec<_>>() {
        dropped.await.unwrap();
    }
}

pub async fn a_write_that_is_cancelled_anywhere_happens_as_a_whole_or_not_at_all<K: Kind>() {
    let database = database::<K>();
    let options = StoreOptions { connections: 1, timeout: LIMIT };
    let store = K::open(&format!("{}?statement-cache-capacity=0", database.url), options).await.unwrap();
    let other = open::<K>(&database.url).await;
    for polls in 0.. {
        let user = somebody(polls);
        let inserted = cancelled_after(polls, store.users.insert(&context(), &user)).await;
        // On the same connection.
        store.users.find(&context(), user.id).await.unwrap();
        let found = other.users.find(&context(), user.id).await.unwrap();
        assert!(found.is_none() || found == Some(user));
        if inserted.is_some() {
            break;
        }
    }
    // The one write that is a transaction: no lock of it is left, and no connection inside of it.
    other.users.insert(&context(), &admin(1_000)).await.unwrap();
    for polls in 0.. {
        let second = admin(1_001 + polls);
        other.users.insert(&context(), &second).await.unwrap();
        let deleted = cancelled_after(polls, store.users.delete(&context(), second.id, 1)).await;
        store.users.insert(&context(), &somebody(2_000 + polls)).await.unwrap();
        assert!(other.users.find(&context(), somebody(2_000 + polls).id).await.unwrap().is_some(), "not committed");
        match other.users.delete(&context(), second.id, 1).await {
            Ok(()) | Err(StoreError::VersionConflict) => {}
            outcome => panic!("{outcome:?}"),
        }
        if deleted.is_some() {
            break;
        }
    }
    nothing_in_use(&store).await;
}

pub async fn admins_who_delete_each_other_by_several_stores_leave_one<K: Kind>() {
    let database = database::<K>();
    let stores = [open::<K>(&database.url).await, open::<K>(&database.url).await, open::<K>(&database.url).await];
    for round in 0..10 {
        let admins: Vec<_> = (0..6).map(|number| admin(round * 10 + number)).collect();
        for admin in &admins {
            stores[0].users.insert(&context(), admin).await.unwrap();
        }
        let lose = |number: usize| {
            let (users, admin) = (stores[number % 3].users.clone(), admins[number].clone());
            let demoted = User { role: Role::User, version: 2, ..admin.clone() };
            tokio::spawn(async move {
                if number.is_multiple_of(2) {
                    users.delete(&context(), admin.id, 1).await
                } else {
                    users.update(&context(), &demoted, 1).await
                }
            })
        };
        let mut refused = 0;
        for lost in (0..6).map(lose).collect::<Vec<_>>() {
            match lost.await.unwrap() {
                Ok(()) => {}
                Err(StoreError::LastAdmin) => refused += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        let left = stores[1].users.list(&context(), &UserQuery { role: Some(Role::Admin), ..all() }).await.unwrap();
        assert_eq!((left.len(), refused), (1, 1));
        // The table is emptied by the driver: the last admin cannot go otherwise.
        raw(&database.url).await.execute_unprepared("DELETE FROM users").await.unwrap();
    }
}

pub async fn data_that_this_program_cannot_have_written_is_an_internal_fault<K: Kind>(changes: &[&str]) {
    let database = database::<K>();
    let store = open::<K>(&database.url).await;
    let raw = raw(&database.url).await;
    for change in changes {
        store.users.insert(&context(), &somebody(10)).await.unwrap();
        for change in change.split(';') {
            raw.execute_unprepared(change).await.unwrap();
        }
        let listed = store.users.list(&context(), &all()).await;
        let Err(StoreError::Internal(cause)) = listed else { panic!("{change}: {listed:?}") };
        assert!(!format!("{cause:?} {cause}").contains("secret"), "{cause:?}");
        raw.execute_unprepared("DELETE FROM users").await.unwrap();
    }
}

pub async fn each_operation_sends_what_the_documentation_says<K: Kind>(placeholder: &str) {
    let database = database::<K>();
    let store = open::<K>(&database.url).await;
    shop::each_operation_sends_what_the_documentation_says(&store).await;
    raw(&database.url).await.execute_unprepared("DELETE FROM order_lines").await.unwrap();
    raw(&database.url).await.execute_unprepared("DELETE FROM orders").await.unwrap();
    raw(&database.url).await.execute_unprepared("DELETE FROM users").await.unwrap();
    let sent = |context: &RequestContext| -> Vec<String> {
        let word = |text: String| text.split(' ').next().unwrap().to_owned();
        context.statements().into_iter().map(|statement| word(statement.statement)).collect()
    };
    let insert = traced();
    store.users.insert(&insert, &somebody(1)).await.unwrap();
    let [statement] = &insert.statements()[..] else { panic!("{:?}", insert.statements()) };
    assert!(statement.statement.starts_with("INSERT INTO "), "{}", statement.statement);
    assert_eq!(statement.parameters[..7], ["text", "text", "text", "text", "text", "text", "integer"]);
    assert!(statement.duration > Duration::ZERO);

    let find = traced();
    store.users.find(&find, somebody(1).id).await.unwrap();
    let [statement] = &find.statements()[..] else { panic!("{:?}", find.statements()) };
    assert!(statement.statement.contains(placeholder), "{}", statement.statement);
    let list = traced();
    store
        .users
        .list(&list, &UserQuery { role: Some(Role::User), after: Some(somebody(0).id), limit: 5 })
        .await
        .unwrap();
    assert_eq!(sent(&list), ["SELECT"]);

    let update = traced();
    store.users.update(&update, &User { version: 2, ..somebody(1) }, 1).await.unwrap();
    assert_eq!(sent(&update), ["UPDATE"]);
    let conflict = traced();
    assert!(store.users.update(&conflict, &User { version: 2, ..somebody(1) }, 1).await.is_err());
    assert_eq!(sent(&conflict), ["UPDATE", "SELECT"]);
    for number in [2, 3] {
        store.users.insert(&context(), &admin(number)).await.unwrap();
    }
    let delete = traced();
    store.users.delete(&delete, admin(2).id, 1).await.unwrap();
    assert_eq!(sent(&delete), ["DELETE", "SELECT", "BEGIN", "SELECT", "DELETE", "COMMIT"]);
    let last = traced();
    assert!(matches!(store.users.delete(&last, admin(3).id, 1).await, Err(StoreError::LastAdmin)));
    assert_eq!(sent(&last), ["DELETE", "SELECT", "BEGIN", "SELECT", "ROLLBACK"]);

    for context in [insert, find, list, update, conflict, delete, last] {
        for statement in context.statements() {
            for value in ["example.com", &somebody(1).name, &somebody(1).id.to_string(), "argon2"] {
                assert!(!statement.statement.contains(value), "{}", statement.statement);
            }
        }
    }
    let silent = context();
    store.users.find(&silent, somebody(1).id).await.unwrap();
    assert!(silent.statements().is_empty());
}

/// A database with the tables of `store-diesel`, as its scripts make them.
pub async fn made_by_the_other_orm<K: Kind>(url: &str, scripts: &[&str]) -> DatabaseConnection {
    open::<K>(url).await.store.close().await;
    let made = raw(url).await;
    let empty = "DROP TABLE order_lines, orders, products, users, seaql_migrations";
    for script in [empty].iter().chain(scripts) {
        made.execute_unprepared(script).await.unwrap();
    }
    made
}

/// As the first version left it, with users alone.
pub async fn a_database_of_the_first_version_is_brought_up_to_date_by_many_at_once<K: Kind>() {
    let database = database::<K>();
    let store = open::<K>(&database.url).await;
    let (customer, lamp) = (shop::customer(1), shop::product(1, 5));
    store.users.insert(&context(), &customer).await.unwrap();
    store.store.close().await;
    let old = raw(&database.url).await;
    for undo in [
        "DROP TABLE order_lines, orders, products",
        "DELETE FROM seaql_migrations WHERE version <> 'm20260101_000001_create_users'",
    ] {
        old.execute_unprepared(undo).await.unwrap();
    }
    let start = |_| {
        let url = database.url.clone();
        tokio::spawn(async move {
            let options = StoreOptions { connections: 1, timeout: Duration::from_secs(10) };
            K::open(&url, options).await.map_err(|error| error.to_string())?.store.close().await;
            Ok::<_, String>(())
        })
    };
    for started in (0..8).map(start).collect::<Vec<_>>() {
        started.await.unwrap().unwrap();
    }
    let store = open::<K>(&database.url).await;
    store.products.insert(&context(), &lamp).await.unwrap();
    let order = shop::order(&customer, &[(&lamp, 2)]);
    store.orders.place(&context(), &order).await.unwrap();
    assert_eq!(store.orders.find(&context(), order.id).await.unwrap(), Some(order));
    assert_eq!(texts(&database.url, "SELECT version FROM seaql_migrations").await.len(), 4);
}

pub async fn an_order_that_is_dropped_anywhere_is_placed_as_a_whole_or_not_at_all<K: Kind>() {
    let database = database::<K>();
    let options = StoreOptions { connections: 1, timeout: LIMIT };
    let store = K::open(&format!("{}?statement-cache-capacity=0", database.url), options).await.unwrap();
    let other = open::<K>(&database.url).await;
    shop::what_is_dropped_anywhere_happens_as_a_whole_or_not_at_all(&store, &other).await;
}

pub async fn orders_are_whole_after_kill_9_and_the_books_balance<K: Kind>() {
    let mut server = Own::<K>::start(&[]);
    let store = open::<K>(&server.url()).await;
    let (customer, one, two) = (shop::customer(1), shop::product(1, 100_000), shop::product(2, 100_000));
    shop::given(&store, &customer, &[&one, &two]).await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let place = |number: i64| {
        let (orders, acknowledged) = (store.orders.clone(), acknowledged.clone());
        let lines = if number % 2 == 0 { [(&one, 3), (&two, 1)] } else { [(&two, 2), (&one, 1)] };
        let order = shop::order(&customer, &lines);
        tokio::spawn(async move {
            let placed = orders.place(&context(), &order).await;
            acknowledged.fetch_add(usize::from(placed.is_ok()), Ordering::Relaxed);
            (order, placed)
        })
    };
    let placings: Vec<_> = (0..100).map(place).collect();
    soon(async || acknowledged.load(Ordering::Relaxed) >= 20).await;
    tokio::task::block_in_place(|| server.kill_and_restart());
    soon(async || store.users.find(&context(), customer.id).await.is_ok()).await;
    let (mut placed, mut failed) = (0, 0);
    for placing in placings {
        let (order, outcome) = placing.await.unwrap();
        let found = store.orders.find(&context(), order.id).await.unwrap();
        match outcome {
            Ok(()) => {
                assert_eq!(found, Some(order));
                placed += 1;
            }
            Err(_) => {
                assert!(found.is_none() || found == Some(order), "{found:?}");
                failed += 1;
            }
        }
    }
    assert!(placed >= 20 && failed > 0, "{placed} placed and {failed} failed");
    shop::the_books_balance(&store, &[&customer], &[&one, &two]).await;
    store.orders.place(&context(), &shop::order(&customer, &[(&one, 1), (&two, 1)])).await.unwrap();
    nothing_in_use(&store).await;
}

/// Somebody locks in another order than the store, and has more to lose: it is the store's transaction that is given up.
pub async fn what_the_database_gave_up_for_another_transaction_is_tried_again<K: Kind>() {
    let database = database::<K>();
    let store = K::open(&database.url, StoreOptions { timeout: Duration::from_secs(20), ..OPTIONS }).await.unwrap();
    let (customer, one, two) = (shop::customer(1), shop::product(1, 100), shop::product(2, 100));
    shop::given(&store, &customer, &[&one, &two]).await;
    for number in 3..60 {
        store.products.insert(&context(), &shop::product(number, 1)).await.unwrap();
    }
    let other = raw(&database.url).await.begin().await.unwrap();
    for condition in [format!("id > '{}'", two.id), format!("id = '{}'", two.id)] {
        other.execute_unprepared(&format!("UPDATE products SET name = 'Other' WHERE {condition}")).await.unwrap();
    }
    let placing = {
        let (orders, context) = (store.orders.clone(), traced());
        let order = shop::order(&customer, &[(&two, 1), (&one, 1)]);
        tokio::spawn(async move { (orders.place(&context, &order).await, context.statements()) })
    };
    let free = format!("SELECT id FROM products WHERE id = '{}' FOR UPDATE SKIP LOCKED", one.id);
    soon(async || texts(&database.url, &free).await.is_empty()).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let lower = format!("UPDATE products SET name = 'Other' WHERE id = '{}'", one.id);
    other.execute_unprepared(&lower).await.unwrap();
    other.commit().await.unwrap();
    let (placed, sent) = placing.await.unwrap();
    placed.unwrap();
    assert_eq!(sent.iter().filter(|statement| statement.statement == "BEGIN").count(), 2, "{sent:?}");
    assert_eq!(shop::orders_of(&store, &customer).await.len(), 1);
    shop::the_books_balance(&store, &[&customer], &[&one, &two]).await;
}

/// What a start that fails says.
pub async fn refusal<K: Kind>(url: &str) -> String {
    let error = K::open(url, OPTIONS).await.err().expect("it was opened");
    let said = format!("{error} {error:?}");
    assert!(!said.contains("secret"), "{said}");
    error.to_string()
}

/// The first column of what the driver alone reads.
pub async fn texts(url: &str, sql: &str) -> Vec<String> {
    let backend = if url.starts_with("mysql") { DbBackend::MySql } else { DbBackend::Postgres };
    let rows = raw(url).await.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Twenty who read one user and change it: one succeeds, and the others are told that it has changed.
pub async fn two_who_change_one_user_meet_a_conflict<K: Kind>(url: &str) {
    let store = open::<K>(url).await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    let change = |number: u64| {
        let users = store.users.clone();
        let after = User { name: format!("Ren\u{e9}e \u{1f468} {number}"), version: 2, ..somebody(1) };
        tokio::spawn(async move { users.update(&context(), &after, 1).await })
    };
    let mut succeeded = 0;
    for changed in (0..20).map(change).collect::<Vec<_>>() {
        match changed.await.unwrap() {
            Ok(()) => succeeded += 1,
            Err(StoreError::VersionConflict) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(succeeded, 1);
    let found = store.users.find(&context(), somebody(1).id).await.unwrap().unwrap();
    assert!(found.name.starts_with("Ren\u{e9}e \u{1f468} "), "{}", found.name);
}

/// A certificate for `localhost`, and whoever signed it.
pub struct Certificates {
    _folder: TempDir,
    pub authority: std::path::PathBuf,
    pub certificate: std::path::PathBuf,
    pub key: std::path::PathBuf,
}

impl Certificates {
    pub fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |arguments: &str| {
            let mut program = Command::new("openssl");
            program.args(arguments.split(' ')).current_dir(folder.path());
            let made = program.output().expect("openssl is not installed: run `infra/services install`");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        };
        std::fs::write(folder.path().join("names"), "subjectAltName=DNS:localhost\n").unwrap();
        openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -keyout ca.key -out ca.crt");
        openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr");
        openssl(
            "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -set_serial 1 -days 2 -extfile names -out server.crt",
        );
        let at = |name: &str| folder.path().join(name);
        Self { authority: at("ca.crt"), certificate: at("server.crt"), key: at("server.key"), _folder: folder }
    }
}
