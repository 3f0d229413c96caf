//! Opening and closing a database, and what is said about one that cannot be opened.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use mongodb::Client;
use mongodb::bson::doc;
use shared::context::RequestContext;
use shared::demo::{unusable_hash, user};
use shared::domain::{Role, User};
use shared::repository::{Repositories, StoreError, StoreOptions, UserQuery};
use shared::store_contract::{database_url, options};
use std::time::{Duration, Instant};

/// A database of a test's own, removed at its end.
struct TestDatabase {
    url: String,
}

impl TestDatabase {
    fn new() -> Self {
        Self { url: database_url("MONGODB_URL", store_mongodb::development_url) }
    }

    async fn open(&self) -> Repositories {
        store_mongodb::open(&self.url, options(4)).await.unwrap()
    }

    async fn refusal(&self) -> String {
        store_mongodb::open(&self.url, options(4)).await.err().unwrap().to_string()
    }

    /// The database, by the driver alone.
    async fn raw(&self) -> mongodb::Database {
        Client::with_uri_str(&self.url).await.unwrap().default_database().unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let url = self.url.clone();
        let removed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(store_mongodb::remove(&url, options(1)))
        });
        if !std::thread::panicking() {
            removed.join().unwrap().unwrap();
        }
    }
}

fn context() -> RequestContext {
    RequestContext::internal("test")
}

fn traced() -> RequestContext {
    RequestContext::new("test".into(), "/".into(), Duration::from_secs(60), true)
}

fn somebody(number: u64) -> User {
    let mut user = user(number, unusable_hash());
    user.role = Role::User;
    user.email = format!("user{number}@example.com");
    user
}

fn all() -> UserQuery {
    UserQuery { role: None, after: None, limit: 1_000 }
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_that_are_opened_at_once_on_an_empty_database_all_come_up() {
    for _ in 0..3 {
        let database = TestDatabase::new();
        let open = |number| {
            let url = database.url.clone();
            tokio::spawn(async move {
                let store = store_mongodb::open(&url, options(2)).await?;
                store.users.insert(&context(), &somebody(number)).await.unwrap();
                store.store.close().await;
                Ok::<_, shared::repository::OpenError>(())
            })
        };
        for opened in (0..8).map(open).collect::<Vec<_>>() {
            opened.await.unwrap().unwrap();
        }
        assert_eq!(database.open().await.users.list(&context(), &all()).await.unwrap().len(), 8);
    }
}

#[tokio::test]
async fn a_collection_of_an_older_version_is_brought_up_to_date() {
    let database = TestDatabase::new();
    let raw = database.raw().await;
    raw.create_collection("users").validator(doc! { "name": { "$type": "string" } }).await.unwrap();
    let store = database.open().await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    let refused = raw.collection("users").insert_one(doc! { "name": "Ada" }).await.unwrap_err().to_string();
    assert!(refused.contains("121"), "{refused}");
    store.store.close().await;
    assert_eq!(database.open().await.users.list(&context(), &all()).await.unwrap(), [somebody(1)]);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused() {
    let database = TestDatabase::new();
    let raw = database.raw().await;
    let twice = [doc! { "email": "ada@example.com" }, doc! { "email": "ADA@example.com" }];
    raw.collection("users").insert_many(twice).await.unwrap();
    let refusal = database.refusal().await;
    assert!(refusal.contains("choose another database name"), "{refusal}");
    assert!(!refusal.contains("ada@"), "{refusal}");

    let database = TestDatabase::new();
    let raw = database.raw().await;
    let index = doc! { "createIndexes": "users", "indexes": [{ "key": { "email": 1 }, "name": "email" }] };
    raw.run_command(index).await.unwrap();
    let refusal = database.refusal().await;
    assert!(refusal.contains("choose another database name"), "{refusal}");
}

#[tokio::test]
async fn what_is_no_url_of_a_database_is_refused_without_its_password() {
    for url in [
        "",
        "mongodb://",
        "mongodb://127.0.0.1:42017",
        "mongodb://127.0.0.1:42017/",
        "mongodb://127.0.0.1:42017/?replicaSet=rs0",
        "mongodb://127.0.0.1:42017/admin",
        "mongodb://127.0.0.1:42017/a b",
        "mongodb://127.0.0.1:x/users",
        "mongodb://me:sec@ret@127.0.0.1/users",
        "mongodb://me:secret@127.0.0.1/users?tls=perhaps",
        "mongodb://me:secret@127.0.0.1/users?socketTimeoutMS=1",
        "postgres://me:secret@127.0.0.1/users",
    ] {
        for error in [
            store_mongodb::open(url, options(1)).await.err().unwrap(),
            store_mongodb::remove(url, options(1)).await.err().unwrap(),
        ] {
            let text = error.to_string();
            assert!(text.contains("must look like mongodb://127.0.0.1:27017/stackdiff?replicaSet=rs0"), "{text}");
            assert!(!format!("{error:?} {text}").contains("ret"), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_what_to_do() {
    let options = StoreOptions { connections: 1, timeout: Duration::from_secs(1) };
    let started = Instant::now();
    for url in ["mongodb://me:secret@127.0.0.1:9/users?replicaSet=rs0", "mongodb+srv://me:secret@host.invalid/users"] {
        let error = store_mongodb::open(url, options).await.err().unwrap();
        let text = error.to_string();
        assert!(text.contains("is MongoDB running there? `infra/services up mongodb`"), "{text}");
        assert!(!format!("{error:?} {text}").contains("secret"), "{error:?}");
    }
    let ca = "mongodb://127.0.0.1:9/users?tls=true&tlsCAFile=/nowhere.pem";
    let error = store_mongodb::open(ca, options).await.err().unwrap().to_string();
    assert!(error.contains("check `tls`, `tlsCAFile`"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_password_that_is_refused_is_not_told() {
    let database = TestDatabase::new();
    let url = database.url.replace("mongodb://", "mongodb://me:sesame@");
    let error = store_mongodb::open(&url, options(1)).await.err().unwrap();
    let text = error.to_string();
    assert!(text.contains("check the user, the password and `authSource`"), "{text}");
    assert!(!format!("{error:?} {text}").contains("sesame"), "{error:?}");
}

#[tokio::test]
async fn removing_what_is_not_there_is_no_error() {
    let database = TestDatabase::new();
    store_mongodb::remove(&database.url, options(1)).await.unwrap();
    database.open().await.users.insert(&context(), &somebody(1)).await.unwrap();
    store_mongodb::remove(&database.url, options(1)).await.unwrap();
    let names = database.raw().await.list_collection_names().await.unwrap();
    assert!(names.is_empty(), "{names:?}");
}

#[tokio::test]
async fn a_store_that_was_closed_has_no_connections_and_says_so() {
    let database = TestDatabase::new();
    let store = database.open().await;
    store.users.insert(&traced(), &somebody(1)).await.unwrap();
    assert!(store.store.pool().size >= 2, "{:?}", store.store.pool());
    store.store.close().await;
    let started = Instant::now();
    while store.store.pool().size > 0 {
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", store.store.pool());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((store.store.pool().in_use, store.store.pool().waiting), (0, 0));
    assert!(matches!(store.users.find(&context(), somebody(1).id).await, Err(StoreError::Unavailable(_))));
}
