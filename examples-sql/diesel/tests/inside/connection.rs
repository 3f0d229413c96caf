//! Of the connections, what the repositories alone cannot show: jobs that fail, panic or are cancelled.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::{Database, QUEUE, Synchronous, failure};
use crate::schema::users;
use crate::sqlite::orders::Orders;
use crate::sqlite::products::Products;
use crate::sqlite::users::write_failure;
use diesel::connection::SimpleConnection;
use diesel::prelude::{QueryDsl, RunQueryDsl};
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use shared::context::RequestContext;
use shared::demo;
use shared::repository::{OrderRepository, ProductRepository, Store, StoreError};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

#[path = "../../tests/shop/mod.rs"]
mod shop;

struct Fixture {
    database: Arc<Database>,
    context: RequestContext,
    _folder: tempfile::TempDir,
}

async fn fixture(readers: usize) -> Fixture {
    waiting_for(Synchronous::Full, readers).await
}

async fn waiting_for(synchronous: Synchronous, readers: usize) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path().join("users.db"), synchronous, readers).await.unwrap();
    let context = RequestContext::new("test".into(), "/".into(), Duration::from_secs(5), true);
    Fixture { database: Arc::new(database), context, _folder: folder }
}

type Written = tokio::task::JoinHandle<Result<(), StoreError>>;

impl Fixture {
    /// Starts a write, and waits until it is in the queue or at work.
    async fn write(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<(), StoreError> + Send + 'static,
    ) -> Written {
        let (database, context) = (self.database.clone(), self.context.clone());
        self.queue(async move { database.write(&context, work).await }).await
    }

    /// The same for a single statement.
    async fn write_one(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<(), StoreError> + Send + 'static,
    ) -> Written {
        let (database, context) = (self.database.clone(), self.context.clone());
        self.queue(async move { database.write_one(&context, work).await }).await
    }

    async fn queue(&self, write: impl Future<Output = Result<(), StoreError>> + Send + 'static) -> Written {
        let before = self.database.pool();
        let running = tokio::spawn(write);
        while !running.is_finished() && self.database.pool() == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        running
    }

    /// Keeps the writer busy until the sender is dropped, so that what is written meanwhile becomes one batch.
    async fn hold_the_writer(&self) -> (mpsc::Sender<()>, Written) {
        let (release, held) = mpsc::channel::<()>();
        let (begin, begun) = tokio::sync::oneshot::channel();
        let held = self.write(move |_| {
            let _ = begin.send(());
            let _ = held.recv();
            Ok(())
        });
        let held = held.await;
        begun.await.unwrap();
        (release, held)
    }

    async fn ids(&self) -> Vec<String> {
        let read = |connection: &mut SqliteConnection| users::table.select(users::id).order(users::id).load(connection);
        self.database.read(&self.context, move |connection| read(connection).map_err(failure)).await.unwrap()
    }
}

fn insert(number: u64) -> impl FnOnce(&mut SqliteConnection) -> Result<(), StoreError> + Send + 'static {
    move |connection| {
        let row = crate::schema::UserRow::from(&demo::user(number, demo::unusable_hash()));
        diesel::insert_into(users::table).values(&row).execute(connection).map(drop).map_err(write_failure)
    }
}

fn id(number: u64) -> String {
    demo::user(number, demo::unusable_hash()).id.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_fail_or_panic_do_not_undo_the_others_of_their_batch() {
    let fixture = fixture(1).await;
    let (release, held) = fixture.hold_the_writer().await;
    let first = fixture.write(insert(1)).await;
    let taken = fixture.write(insert(1)).await;
    let refused = fixture.write(|connection| insert(2)(connection).and(Err(StoreError::LastAdmin))).await;
    let panicked = fixture.write(|connection| insert(3)(connection).map(|()| panic!("on purpose"))).await;
    let failed = fixture.write(|connection| connection.batch_execute("SELECT nothing").map_err(failure)).await;
    let last = fixture.write(insert(4)).await;
    drop(release);

    held.await.unwrap().unwrap();
    first.await.unwrap().unwrap();
    assert!(matches!(taken.await.unwrap(), Err(StoreError::EmailTaken)));
    assert!(matches!(refused.await.unwrap(), Err(StoreError::LastAdmin)));
    assert!(matches!(panicked.await.unwrap(), Err(StoreError::Internal(_))));
    assert!(matches!(failed.await.unwrap(), Err(StoreError::Unavailable(_))));
    last.await.unwrap().unwrap();
    assert_eq!(fixture.ids().await, [id(1), id(4)]);

    fixture.database.write(&fixture.context, insert(5)).await.unwrap();
    assert_eq!(fixture.ids().await, [id(1), id(4), id(5)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_refused_undoes_itself_alone() {
    let fixture = fixture(1).await;
    let (release, held) = fixture.hold_the_writer().await;
    let first = fixture.write_one(insert(1)).await;
    let taken = fixture.write_one(insert(1)).await;
    // One that failed within its savepoint stands between them.
    let panicked = fixture.write(|connection| insert(2)(connection).map(|()| panic!("on purpose"))).await;
    let last = fixture.write_one(insert(3)).await;
    drop(release);
    held.await.unwrap().unwrap();
    first.await.unwrap().unwrap();
    assert!(matches!(taken.await.unwrap(), Err(StoreError::EmailTaken)));
    assert!(matches!(panicked.await.unwrap(), Err(StoreError::Internal(_))));
    last.await.unwrap().unwrap();
    assert_eq!(fixture.ids().await, [id(1), id(3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_fails_undoes_its_batch() {
    let fixture = fixture(1).await;
    let ended_inside = |connection: &mut SqliteConnection| {
        connection.batch_execute("ROLLBACK").map_err(failure)?;
        connection.batch_execute("SELECT nothing").map_err(failure)
    };
    let panicking = |connection: &mut SqliteConnection| insert(2)(connection).map(|()| panic!("on purpose"));
    for is_panic in [true, false] {
        let (release, held) = fixture.hold_the_writer().await;
        let first = fixture.write(insert(1)).await;
        let breaker = match is_panic {
            true => fixture.write_one(panicking).await,
            false => fixture.write_one(ended_inside).await,
        };
        let last = fixture.write_one(insert(3)).await;
        drop(release);
        held.await.unwrap().unwrap();
        for job in [first, breaker, last] {
            assert!(matches!(job.await.unwrap(), Err(StoreError::Unavailable(_))));
        }
        assert_eq!(fixture.ids().await, Vec::<String>::new());
    }
    fixture.database.write_one(&fixture.context, insert(4)).await.unwrap();
    assert_eq!(fixture.ids().await, [id(4)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_are_refused_do_not_undo_their_neighbours() {
    let fixture = fixture(1).await;
    let (orders, products) = (Orders::new(fixture.database.clone()), Products::new(fixture.database.clone()));
    let orders = Arc::new(orders);
    let customer = demo::user(1, demo::unusable_hash());
    fixture.database.write(&fixture.context, insert(1)).await.unwrap();
    for number in [1, 2] {
        products.insert(&fixture.context, &shop::product(number)).await.unwrap();
    }
    let all = shop::STOCK;
    let nobody = demo::user(9, demo::unusable_hash());
    let batch = [
        (shop::order(&customer, &[(1, 1)]), "Ok"),
        (shop::order(&customer, &[(2, 5), (1, all)]), "OutOfStock"),
        (shop::order(&nobody, &[(2, 5), (1, 7)]), "CustomerGone"),
        (shop::order(&customer, &[(2, all), (1, all - 1)]), "Ok"),
        (shop::order(&customer, &[(1, 1)]), "OutOfStock"),
    ];
    let (release, held) = fixture.hold_the_writer().await;
    let mut placing = Vec::new();
    for (order, expected) in batch.clone() {
        let (orders, context, waiting) = (orders.clone(), fixture.context.clone(), fixture.database.pool().waiting);
        placing.push((tokio::spawn(async move { orders.place(&context, &order).await }), expected));
        while fixture.database.pool().waiting == waiting {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    drop(release);
    held.await.unwrap().unwrap();
    for (placing, expected) in placing {
        let word = placing.await.unwrap().map_or_else(|error| format!("{error:?}"), |()| "Ok".to_owned());
        assert!(word.starts_with(expected), "{word} instead of {expected}");
    }
    for (number, version) in [(1, 3), (2, 2)] {
        let product = products.find(&fixture.context, shop::product(number).id).await.unwrap().unwrap();
        assert_eq!((product.stock, product.version), (0, version));
    }
    for (order, expected) in batch {
        let found = orders.find(&fixture.context, order.id).await.unwrap();
        assert_eq!(found, (expected == "Ok").then_some(order));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connection_enforces_references() {
    let fixture = fixture(1).await;
    let ask = |connection: &mut SqliteConnection| {
        diesel::dsl::sql::<BigInt>("PRAGMA foreign_keys").get_result::<i64>(connection).map_err(failure)
    };
    assert_eq!(fixture.database.read(&fixture.context, ask).await.unwrap(), 1);
    assert_eq!(fixture.database.write(&fixture.context, ask).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_waits_for_what_the_url_says() {
    for (synchronous, expected) in [(Synchronous::Normal, 1), (Synchronous::Full, 2)] {
        let fixture = waiting_for(synchronous, 1).await;
        let ask = |connection: &mut SqliteConnection| {
            diesel::dsl::sql::<BigInt>("PRAGMA synchronous").get_result::<i64>(connection).map_err(failure)
        };
        assert_eq!(fixture.database.write(&fixture.context, ask).await.unwrap(), expected, "{synchronous:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_transaction_ended_inside_fails_as_a_whole() {
    let fixture = fixture(1).await;
    let (release, held) = fixture.hold_the_writer().await;
    let first = fixture.write(insert(1)).await;
    // What SQLite does by itself when the disk is full.
    let breaker = fixture.write(|connection| {
        connection.batch_execute("ROLLBACK").map_err(failure)?;
        connection.batch_execute("SELECT nothing").map_err(failure)
    });
    let breaker = breaker.await;
    let last = fixture.write(insert(2)).await;
    drop(release);
    held.await.unwrap().unwrap();
    for job in [first, breaker, last] {
        assert!(matches!(job.await.unwrap(), Err(StoreError::Unavailable(_))));
    }
    assert_eq!(fixture.ids().await, Vec::<String>::new());
    fixture.database.write(&fixture.context, insert(3)).await.unwrap();
    assert_eq!(fixture.ids().await, [id(3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_full_database_what_is_acknowledged_is_there_and_nothing_else() {
    let fixture = fixture(1).await;
    let (release, held) = fixture.hold_the_writer().await;
    let first = fixture.write(insert(1)).await;
    let too_much = fixture.write(|connection| {
        // Takes no page more than there are; a new connection knows nothing of it.
        connection.batch_execute("PRAGMA max_page_count = 1").map_err(failure)?;
        (100..200).try_for_each(|number| insert(number)(connection))
    });
    let too_much = too_much.await;
    let last = fixture.write(insert(2)).await;
    drop(release);
    held.await.unwrap().unwrap();
    let failed = too_much.await.unwrap().unwrap_err();
    let source = std::error::Error::source(&failed).unwrap().to_string();
    assert!(matches!(failed, StoreError::Unavailable(_)) && source.contains("full"), "{source}");
    let mut expected = Vec::new();
    for (number, job) in [(1, first), (2, last)] {
        expected.extend(job.await.unwrap().is_ok().then(|| id(number)));
    }
    assert_eq!(fixture.ids().await, expected);
    fixture.database.write(&fixture.context, insert(3)).await.unwrap();
    expected.push(id(3));
    assert_eq!(fixture.ids().await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_alone_leaves_no_transaction_open() {
    let fixture = fixture(1).await;
    for round in 0..3 {
        let panics = fixture.database.write(&fixture.context, |connection| -> Result<(), _> {
            insert(1)(connection).map(|()| panic!("on purpose"))
        });
        assert!(matches!(panics.await, Err(StoreError::Internal(_))));
        let refused =
            |connection: &mut SqliteConnection| insert(1)(connection).and(Err::<(), _>(StoreError::LastAdmin));
        assert!(matches!(fixture.database.write(&fixture.context, refused).await, Err(StoreError::LastAdmin)));
        fixture.database.write(&fixture.context, insert(2 + round)).await.unwrap();
    }
    assert_eq!(fixture.ids().await, [id(2), id(3), id(4)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_panics_costs_nobody_else_the_reader() {
    let fixture = fixture(1).await;
    for _ in 0..3 {
        let read = fixture.database.read(&fixture.context, |_| -> Result<(), _> { panic!("on purpose") });
        assert!(matches!(read.await, Err(StoreError::Internal(_))));
        assert_eq!(fixture.ids().await, Vec::<String>::new());
    }
    assert_eq!(fixture.database.pool().in_use, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_does_not_write() {
    let fixture = fixture(1).await;
    let written = fixture.database.read(&fixture.context, insert(1)).await;
    assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
    assert_eq!(fixture.ids().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_cancelled_callers_are_skipped() {
    let fixture = fixture(1).await;
    let (release, held) = fixture.hold_the_writer().await;
    let ran = Arc::new(AtomicBool::new(false));
    let flag = ran.clone();
    let cancelled = fixture.write(move |connection| {
        flag.store(true, Ordering::SeqCst);
        insert(1)(connection)
    });
    let cancelled = cancelled.await;
    cancelled.abort();
    assert!(cancelled.await.unwrap_err().is_cancelled());
    drop(release);
    held.await.unwrap().unwrap();
    fixture.database.write(&fixture.context, insert(2)).await.unwrap();
    assert!(!ran.load(Ordering::SeqCst));
    assert_eq!(fixture.ids().await, [id(2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_told_at_once() {
    let fixture = fixture(1).await;
    let (release, held) = fixture.hold_the_writer().await;
    let mut queued = Vec::new();
    for _ in 0..QUEUE {
        queued.push(fixture.write(|_| Ok(())).await);
    }
    let pool = fixture.database.pool();
    assert_eq!((pool.size, pool.in_use, pool.waiting), (2, 1, QUEUE));
    let one_more = fixture.database.write(&fixture.context, |_| Ok(()));
    assert!(matches!(one_more.await, Err(StoreError::Overloaded)));
    // Readers have a queue of their own.
    assert_eq!(fixture.ids().await, Vec::<String>::new());
    drop(release);
    held.await.unwrap().unwrap();
    for job in queued {
        job.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn close_finishes_what_is_queued_and_refuses_what_comes_later() {
    let fixture = fixture(1).await;
    let (release, held) = fixture.hold_the_writer().await;
    let queued = fixture.write(insert(1)).await;
    let database = fixture.database.clone();
    let closing = tokio::spawn(async move { database.close().await });
    while fixture.database.pool().size > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let late = fixture.database.write(&fixture.context, insert(2));
    assert!(matches!(late.await, Err(StoreError::Unavailable(_))));
    drop(release);
    held.await.unwrap().unwrap();
    queued.await.unwrap().unwrap();
    closing.await.unwrap();
    assert!(matches!(fixture.database.ping(&fixture.context).await, Err(StoreError::Unavailable(_))));
    // A second time is no harm.
    fixture.database.close().await;
}
