//! What is MongoDB's own: the data layout, the query log, transactions. The rest is in `contract.rs`, `orders.rs`,
//! `opening.rs` and `outages.rs`.
//!
//! Longer than 200 lines, because what a call sends is looked at command by command.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod fixtures;

use fixtures::{TestDatabase, admin, all, context, documents, sent, somebody, traced};
use futures_util::TryStreamExt;
use mongodb::bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype};
use shared::context::RequestContext;
use shared::domain::{EmailKey, PasswordHash, Role, Timestamp, User};
use shared::repository::{StoreError, UserQuery};
use std::time::Duration;

#[tokio::test]
async fn a_user_is_one_document_with_types_of_its_own() {
    let database = TestDatabase::new();
    let (store, raw) = (database.open().await, database.raw().await);
    let user = User { created_at: Timestamp::from_millis(1).unwrap(), ..somebody(1) };
    store.users.insert(&context(), &user).await.unwrap();
    let id = Binary { subtype: BinarySubtype::Uuid, bytes: user.id.as_bytes().to_vec() };
    let expected = doc! {
        "_id": id,
        "name": &user.name,
        "email": &user.email,
        "passwordHash": user.password_hash.as_phc(),
        "role": "user",
        "version": 1_i64,
        "credentialsVersion": 1_i64,
        "createdAt": DateTime::from_millis(1),
        "updatedAt": DateTime::from_millis(user.updated_at.as_millis()),
    };
    assert_eq!(documents(&raw, "users").await, [expected]);
    assert_eq!(documents(&raw, "guards").await, [doc! { "_id": "last_admin", "changes": 0_i64 }]);
}

#[tokio::test]
async fn each_read_is_a_range_of_an_index() {
    let database = TestDatabase::new();
    let (store, raw) = (database.open().await, database.raw().await);
    for number in 0..30 {
        store.users.insert(&context(), &somebody(number)).await.unwrap();
    }
    raw.run_command(doc! { "profile": 2 }).await.unwrap();
    let after = Some(somebody(10).id);
    let of_role = UserQuery { role: Some(Role::User), after, limit: 5 };
    assert_eq!(store.users.list(&context(), &of_role).await.unwrap().len(), 5);
    assert_eq!(store.users.list(&context(), &UserQuery { role: None, ..of_role }).await.unwrap().len(), 5);
    store.users.find(&context(), somebody(20).id).await.unwrap().unwrap();
    store.users.find_by_email(&context(), &EmailKey::of("USER20@example.com")).await.unwrap().unwrap();
    raw.run_command(doc! { "profile": 0 }).await.unwrap();

    let profile = raw.collection::<Document>("system.profile");
    let profile = profile.find(doc! { "command.find": "users" });
    let profile: Vec<Document> = profile.sort(doc! { "ts": 1 }).await.unwrap().try_collect().await.unwrap();
    let plans: Vec<_> = profile.iter().map(|entry| entry.get_str("planSummary").unwrap()).collect();
    let [role, id] = ["IXSCAN { role: 1, _id: 1 }", "IXSCAN { _id: 1 }"];
    // A look-up by `_id` alone has a plan of its own; with a collation it would have none.
    assert_eq!(plans, [role, id, "IDHACK", "IXSCAN { email: 1 }"]);
    let examined: Vec<_> = profile.iter().map(|entry| entry.get_i32("docsExamined").unwrap()).collect();
    assert_eq!(examined, [5, 5, 1, 1], "no document is looked at in vain");
}

#[tokio::test]
async fn addresses_are_the_same_when_their_keys_are() {
    let database = TestDatabase::new();
    let store = database.open().await;
    let mut keys = Vec::new();
    for (number, character) in (0..).zip('!'..='~') {
        let user = User { email: format!("x{character}x@example.com"), ..somebody(number) };
        let inserted = store.users.insert(&context(), &user).await;
        let key = user.email_key();
        if keys.contains(&key) {
            assert!(matches!(inserted, Err(StoreError::EmailTaken)), "{key:?}: {inserted:?}");
        } else {
            inserted.unwrap_or_else(|error| panic!("{key:?}: {error:?}"));
            keys.push(key);
        }
    }
    assert_eq!(keys.len(), 94 - 26);
    for key in keys {
        let found = store.users.find_by_email(&context(), &key).await.unwrap().unwrap();
        assert_eq!(found.email_key(), key);
    }
}

#[tokio::test]
async fn an_address_that_the_collation_could_confuse_is_not_kept_and_not_found() {
    let database = TestDatabase::new();
    let store = database.open().await;
    for email in ["\u{ff41}da@example.com", "a\u{ad}da@example.com", "\u{fb01}@example.com", "a\u{1}@example.com", ""] {
        let user = User { email: email.to_owned(), ..somebody(1) };
        let inserted = store.users.insert(&context(), &user).await;
        assert!(matches!(inserted, Err(StoreError::Internal(_))), "{email:?}: {inserted:?}");
        assert!(!format!("{inserted:?}").contains("argon2id"), "{inserted:?}");
    }
    assert_eq!(store.users.list(&context(), &all()).await.unwrap(), []);
    let ada = User { email: "Ada@example.com".into(), ..somebody(1) };
    store.users.insert(&context(), &ada).await.unwrap();
    for (typed, expected) in [
        ("\u{ff41}da@example.com", None),
        ("a\u{ad}da@example.com", None),
        ("\u{e4}da@example.com", None),
        ("ADA@example.com", Some(ada)),
    ] {
        assert_eq!(store.users.find_by_email(&context(), &EmailKey::of(typed)).await.unwrap(), expected, "{typed:?}");
    }
}

#[tokio::test]
async fn data_that_this_program_cannot_have_written_is_an_internal_fault() {
    let database = TestDatabase::new();
    let (store, raw) = (database.open().await, database.raw().await);
    for (field, value) in [
        ("role", Bson::from("sesame")),
        ("role", Bson::Null),
        ("createdAt", DateTime::from_millis(i64::MAX).into()),
        ("updatedAt", Bson::from("sesame")),
        ("version", Bson::from("sesame")),
        ("name", Bson::from(7)),
        ("passwordHash", Bson::from(doc! { "sesame": 1 })),
        ("extra", Bson::from("sesame")),
    ] {
        store.users.insert(&context(), &somebody(1)).await.unwrap();
        let users = raw.collection::<Document>("users");
        let change = users.update_one(doc! {}, doc! { "$set": { field: value } });
        change.bypass_document_validation(true).await.unwrap();
        let listed = store.users.list(&context(), &all()).await;
        let Err(StoreError::Internal(source)) = listed else { panic!("{field}: {listed:?}") };
        let told = source.to_string();
        assert!(told.starts_with(&format!("users.{field} holds")), "{told}");
        assert!(!format!("{source:?}").contains("sesame"), "{source:?}");
        raw.collection::<Document>("users").delete_many(doc! {}).await.unwrap();
    }
    let users = raw.collection("users");
    users.insert_one(doc! { "_id": "sesame" }).bypass_document_validation(true).await.unwrap();
    assert!(matches!(store.users.list(&context(), &all()).await, Err(StoreError::Internal(_))));
}

#[tokio::test]
async fn commands_are_recorded_without_values_for_the_request_that_sent_them() {
    let database = TestDatabase::new();
    let store = database.open().await;
    let user = User { password_hash: PasswordHash::from_phc("$sesame".into()), ..somebody(1) };
    let (one, other) = (traced(), traced());
    let (inserted, found) = tokio::join!(store.users.insert(&one, &user), store.users.find(&other, somebody(2).id));
    inserted.unwrap();
    assert_eq!(found.unwrap(), None);

    let [insert] = &one.statements()[..] else { panic!("{:?}", one.statements()) };
    let document = concat!(
        r#"{ "_id": "uuid", "name": "string", "email": "string", "passwordHash": "string", "role": "string", "#,
        r#""version": "long", "credentialsVersion": "long", "createdAt": "date", "updatedAt": "date" }"#
    );
    assert!(insert.statement.starts_with(r#"{ "insert": "users", "#), "{}", insert.statement);
    assert!(insert.statement.contains(&format!(r#""documents": [{document}]"#)), "{}", insert.statement);
    assert!(insert.statement.contains(r#""writeConcern": { "w": "majority", "j": true }"#), "{}", insert.statement);
    assert_eq!(insert.parameters, ["uuid", "string", "string", "string", "string", "long", "long", "date", "date"]);
    assert!(insert.duration > Duration::ZERO);
    for noise in ["lsid", "comment", "clusterTime", "txnNumber", "example.com", "sesame", &user.name] {
        assert!(!insert.statement.contains(noise), "{}", insert.statement);
    }

    let [find] = &other.statements()[..] else { panic!("{:?}", other.statements()) };
    assert_eq!(
        find.statement,
        r#"{ "find": "users", "limit": 1, "filter": { "_id": "uuid" }, "readConcern": { "level": "majority" } }"#
    );
    assert_eq!(find.parameters, ["uuid"]);

    let silent = context();
    store.users.find(&silent, user.id).await.unwrap();
    assert!(silent.statements().is_empty());
}

#[tokio::test]
async fn a_call_takes_as_many_round_trips_as_are_told() {
    let database = TestDatabase::new();
    let store = database.open().await;
    let calls = traced();
    for number in 0..150 {
        store.users.insert(&context(), &somebody(number)).await.unwrap();
    }
    store.users.insert(&calls, &admin(200)).await.unwrap();
    assert_eq!(sent(&calls), ["insert"]);
    let check = async |expected: &[&str], call: &dyn Fn(RequestContext) -> Running| {
        let context = traced();
        call(context.clone()).await;
        assert_eq!(sent(&context), expected);
    };
    let users = store.users.clone();
    let users = &users;
    check(&["find"], &|context| {
        let users = users.clone();
        Box::pin(async move { assert_eq!(users.list(&context, &all()).await.unwrap().len(), 151) })
    })
    .await;
    check(&["find"], &|context| {
        let users = users.clone();
        Box::pin(async move { drop(users.find_by_email(&context, &EmailKey::of("user1@example.com")).await.unwrap()) })
    })
    .await;
    let renamed = User { name: "Another".into(), version: 2, ..somebody(1) };
    let update = |user: User, expected: &'static str| {
        move |context: RequestContext| -> Running {
            let (users, user) = (users.clone(), user.clone());
            Box::pin(async move {
                let updated = users.update(&context, &user, 1).await;
                assert_eq!(updated.map_or_else(|error| format!("{error:?}"), |()| "Ok".into()), expected);
            })
        }
    };
    check(&["update"], &update(renamed.clone(), "Ok")).await;
    check(&["update", "find"], &update(renamed, "VersionConflict")).await;
    let demoted = User { role: Role::User, version: 2, ..admin(200) };
    let look = ["update", "find", "update", "find"];
    check(&[&look[..], &["find", "abortTransaction"]].concat(), &update(demoted.clone(), "LastAdmin")).await;
    store.users.insert(&context(), &admin(201)).await.unwrap();
    check(&[&look[..], &["update", "commitTransaction"]].concat(), &update(demoted, "Ok")).await;
    let calls = traced();
    store.users.delete(&calls, somebody(2).id, 1).await.unwrap();
    store.store.ping(&calls).await.unwrap();
    assert_eq!(sent(&calls), ["delete", "ping"]);
}

type Running = std::pin::Pin<Box<dyn Future<Output = ()>>>;

#[tokio::test(flavor = "multi_thread")]
async fn admins_who_remove_each_other_through_several_stores_leave_one() {
    let database = TestDatabase::new();
    let stores = [database.open().await, database.open().await, database.open().await];
    for round in 0..5 {
        let admins: Vec<_> = (0..9).map(|number| admin(round * 9 + number)).collect();
        for admin in &admins {
            stores[0].users.insert(&context(), admin).await.unwrap();
        }
        for left in stores[0].users.list(&context(), &all()).await.unwrap() {
            if !admins.contains(&left) {
                stores[0].users.delete(&context(), left.id, left.version).await.unwrap();
            }
        }
        let lose = |(number, admin): (usize, User)| {
            let users = stores[number % 3].users.clone();
            let demoted = User { role: Role::User, version: 2, ..admin.clone() };
            tokio::spawn(async move {
                match number % 2 {
                    0 => users.delete(&context(), admin.id, 1).await,
                    _ => users.update(&context(), &demoted, 1).await,
                }
            })
        };
        let mut refused = 0;
        for lost in admins.into_iter().enumerate().map(lose).collect::<Vec<_>>() {
            match lost.await.unwrap() {
                Ok(()) => {}
                Err(StoreError::LastAdmin) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(refused, 1);
        let admins = UserQuery { role: Some(Role::Admin), ..all() };
        assert_eq!(stores[1].users.list(&context(), &admins).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn without_the_guard_no_admin_is_taken_away() {
    let database = TestDatabase::new();
    let (store, raw) = (database.open().await, database.raw().await);
    for number in 0..2 {
        store.users.insert(&context(), &admin(number)).await.unwrap();
    }
    raw.collection::<Document>("guards").delete_many(doc! {}).await.unwrap();
    let deleted = store.users.delete(&context(), admin(0).id, 1).await;
    assert!(matches!(deleted, Err(StoreError::Internal(_))), "{deleted:?}");
    database.open().await.users.delete(&context(), admin(0).id, 1).await.unwrap();
}

#[tokio::test]
async fn what_one_store_acknowledged_another_reads() {
    let database = TestDatabase::new();
    let (one, other) = (database.open().await, database.open().await);
    for number in 0..100 {
        one.users.insert(&context(), &somebody(number)).await.unwrap();
        assert_eq!(other.users.find(&context(), somebody(number).id).await.unwrap(), Some(somebody(number)));
        other.users.delete(&context(), somebody(number).id, 1).await.unwrap();
        assert_eq!(one.users.find(&context(), somebody(number).id).await.unwrap(), None);
    }
}
