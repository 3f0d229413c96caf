//! Opening and closing a database, and what is said about one that cannot be opened.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod fixtures;

use fixtures::{TestDatabase, all, context, given, order, product, somebody, traced, word};
use mongodb::bson::{DateTime, Document, Uuid, doc};
use shared::domain::{Role, User};
use shared::repository::{StoreError, StoreOptions};
use shared::store_contract::options;
use std::time::{Duration, Instant};

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

/// What the version before products and orders kept: its validator knows no `hasOrders`, and its documents are these.
async fn of_the_version_with_users_only(raw: &mongodb::Database, user: &User) {
    let properties = doc! {
        "_id": { "bsonType": "binData" },
        "name": { "bsonType": "string", "minLength": 0 },
        "email": { "bsonType": "string", "pattern": "^[!-~]+$" },
        "passwordHash": { "bsonType": "string", "minLength": 0 },
        "role": { "enum": ["user", "admin"] },
        "version": { "bsonType": "long" },
        "credentialsVersion": { "bsonType": "long" },
        "createdAt": { "bsonType": "date" },
        "updatedAt": { "bsonType": "date" },
    };
    let required: Vec<String> = properties.keys().cloned().collect();
    let rules =
        doc! { "bsonType": "object", "required": required, "additionalProperties": false, "properties": properties };
    raw.create_collection("users").validator(doc! { "$jsonSchema": rules }).await.unwrap();
    let document = doc! {
        "_id": Uuid::from_bytes(*user.id.as_bytes()),
        "name": &user.name,
        "email": &user.email,
        "passwordHash": user.password_hash.as_phc(),
        "role": user.role.as_str(),
        "version": user.version,
        "credentialsVersion": user.credentials_version,
        "createdAt": DateTime::from_millis(user.created_at.as_millis()),
        "updatedAt": DateTime::from_millis(user.updated_at.as_millis()),
    };
    raw.collection::<Document>("users").insert_one(document).await.unwrap();
    let guard = doc! { "_id": "last_admin", "changes": 7_i64 };
    raw.collection::<Document>("guards").insert_one(guard).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_users_only_is_brought_up_to_date_by_several_at_once() {
    let database = TestDatabase::new();
    let customer = User { role: Role::User, ..somebody(1) };
    of_the_version_with_users_only(&database.raw().await, &customer).await;
    let open = |_| {
        let url = database.url.clone();
        tokio::spawn(async move { store_mongodb::open(&url, options(2)).await })
    };
    let mut stores = Vec::new();
    for opened in (0..6).map(open).collect::<Vec<_>>() {
        stores.push(opened.await.unwrap().unwrap());
    }
    let lamp = product("LAMP-1", 10);
    given(&stores[0], &somebody(2), &[&lamp]).await;
    stores[1].orders.place(&context(), &order(&customer, &[(&lamp, 1)])).await.unwrap();
    assert_eq!(stores[2].users.list(&context(), &all()).await.unwrap(), [customer.clone(), somebody(2)]);
    assert_eq!(word(stores[3].users.delete(&context(), customer.id, 1).await), "HasOrders");
    stores[3].users.delete(&context(), somebody(2).id, 1).await.unwrap();
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
    let (store, lamp) = (database.open().await, product("LAMP-1", 10));
    given(&store, &somebody(1), &[&lamp]).await;
    store.orders.place(&context(), &order(&somebody(1), &[(&lamp, 1)])).await.unwrap();
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
