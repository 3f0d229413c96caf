//! What the store makes of DynamoDB: the requests it sends, and what happens when their answers do not come.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod inside;

use aws_sdk_dynamodb::types::AttributeValue;
use inside::proxy::Proxy;
use inside::{Table, all, context, traced, user, within};
use shared::domain::{EmailKey, Role, User};
use shared::repository::{OpenError, Repositories, StoreError, UserQuery};
use shared::store_contract::options;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

fn changed(user: &User, change: impl FnOnce(&mut User)) -> User {
    let mut user = user.clone();
    user.version += 1;
    change(&mut user);
    user
}

async fn soon(mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(10), "not so after ten seconds");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A table, and a store that reaches it through a proxy.
async fn behind_a_proxy(seconds: u64, connections: usize) -> (Table, Proxy, Repositories) {
    let table = Table::new();
    let proxy = Proxy::to(table.server()).await;
    let store = store_dynamodb::open(&table.through(proxy.address), within(seconds, connections)).await.unwrap();
    (table, proxy, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_that_are_opened_at_once_without_a_table_all_come_up() {
    let table = Table::new();
    let start = |number: u64| {
        let url = table.url.clone();
        tokio::spawn(async move {
            let store = store_dynamodb::open(&url, options(2)).await.unwrap();
            store.users.insert(&context(), &user(number)).await.unwrap();
        })
    };
    for running in (0..8).map(start).collect::<Vec<_>>() {
        running.await.unwrap();
    }
    assert_eq!(all(&table.open().await).await, (0..8).map(user).collect::<Vec<_>>());
    table.remove().await;
}

#[tokio::test]
async fn a_table_is_removed_with_everything_in_it_also_twice() {
    let table = Table::new();
    let store = table.open().await;
    store.users.insert(&context(), &user(1)).await.unwrap();
    for _ in 0..2 {
        store_dynamodb::remove(&table.url, options(1)).await.unwrap();
    }
    assert!(matches!(store.store.ping(&context()).await, Err(StoreError::Unavailable(_))));
    assert_eq!(all(&table.open().await).await, []);
    // The store that was open before sees the new table.
    store.store.ping(&context()).await.unwrap();
    table.remove().await;
}

#[tokio::test]
async fn the_query_log_holds_requests_and_types_but_no_values() {
    let table = Table::new();
    let store = table.open().await;
    let log = traced();
    let secret = User { name: "Hidden \"name\"".to_owned(), email: "hidden@example.com".to_owned(), ..user(1) };
    let renamed = changed(&secret, |user| user.name.push('!'));
    let moved = changed(&renamed, |user| user.email = "hidden.too@example.com".to_owned());
    let promoted = changed(&moved, |user| user.role = Role::Admin);
    // Each with the requests that it takes.
    store.users.insert(&log, &secret).await.unwrap();
    let mut expected = vec!["TransactWriteItems"];
    store.users.find(&log, secret.id).await.unwrap().unwrap();
    expected.push("GetItem");
    store.users.find_by_email(&log, &secret.email_key()).await.unwrap().unwrap();
    expected.push("Query");
    for role in [None, Some(Role::User)] {
        for limit in [1, 2] {
            let query = UserQuery { role, after: Some(user(0).id), limit };
            assert_eq!(store.users.list(&log, &query).await.unwrap(), std::slice::from_ref(&secret));
            expected.push("Query");
        }
    }
    store.users.update(&log, &renamed, 1).await.unwrap();
    expected.push("PutItem");
    store.users.update(&log, &moved, 2).await.unwrap();
    expected.extend(["PutItem", "TransactWriteItems"]);
    store.users.update(&log, &promoted, 3).await.unwrap();
    expected.extend(["PutItem", "TransactWriteItems"]);
    store.users.update(&log, &promoted, 3).await.unwrap_err();
    expected.push("PutItem");
    store.users.delete(&log, secret.id, 3).await.unwrap_err();
    expected.push("GetItem");
    store.users.delete(&log, secret.id, 4).await.unwrap_err();
    expected.extend(["GetItem", "TransactWriteItems"]);
    store.store.ping(&log).await.unwrap();
    expected.push("GetItem");

    let statements = log.statements();
    let operations: Vec<_> = statements.iter().map(|one| one.statement.split(' ').next().unwrap()).collect();
    assert_eq!(operations, expected);
    for one in &statements {
        let shown = format!("{one:?}");
        let values = ["idden", "argon", &secret.id.to_string(), "example.com", "1735"];
        assert!(!values.iter().any(|value| shown.contains(value)), "{shown}");
        assert!(one.duration > Duration::ZERO && one.duration < Duration::from_secs(10), "{shown}");
    }
    let find =
        format!(r#"GetItem {{"ConsistentRead":true,"Key":{{"pk":"S","sk":"S"}},"TableName":"{}"}}"#, table.name());
    assert_eq!((statements[1].statement.as_str(), statements[1].parameters.as_slice()), (&*find, &["string"; 2][..]));
    // The hook goes with the request.
    store.users.find(&context(), secret.id).await.unwrap();
    assert_eq!(log.statements().len(), statements.len());
    table.remove().await;
}

#[tokio::test]
async fn a_transaction_whose_answer_is_lost_is_sent_again_and_done_once() {
    let (table, proxy, store) = behind_a_proxy(10, 2).await;
    let log = traced();
    proxy.lose_answer_to("TransactWriteItems");
    store.users.insert(&log, &user(1)).await.unwrap();
    assert_eq!(log.statements().len(), 2);
    store.users.insert(&context(), &User { role: Role::Admin, ..user(2) }).await.unwrap();
    let log = traced();
    let moved = changed(&user(1), |user| user.role = Role::Admin);
    proxy.lose_answer_to("TransactWriteItems");
    store.users.update(&log, &moved, 1).await.unwrap();
    assert_eq!(log.statements().len(), 3);
    // Two admins were counted, not three: one can go, and not the other.
    store.users.delete(&context(), user(2).id, 1).await.unwrap();
    assert!(matches!(store.users.delete(&context(), user(1).id, 2).await, Err(StoreError::LastAdmin)));
    assert_eq!(all(&store).await, [moved]);
    table.remove().await;
}

#[tokio::test]
async fn an_ordinary_change_whose_answer_is_lost_is_not_sent_again() {
    let (table, proxy, store) = behind_a_proxy(10, 2).await;
    store.users.insert(&context(), &user(1)).await.unwrap();
    let log = traced();
    let after = changed(&user(1), |user| user.name = "Another".to_owned());
    proxy.lose_answer_to("PutItem");
    let updated = store.users.update(&log, &after, 1).await;
    assert!(matches!(updated, Err(StoreError::Unavailable(_))), "{updated:?}");
    assert_eq!(log.statements().len(), 1);
    assert_eq!(store.users.find(&context(), after.id).await.unwrap(), Some(after));
    table.remove().await;
}

#[tokio::test]
async fn a_read_whose_answer_is_lost_is_sent_again() {
    let (table, proxy, store) = behind_a_proxy(10, 2).await;
    store.users.insert(&context(), &user(1)).await.unwrap();
    proxy.lose_answer_to("GetItem");
    assert_eq!(store.users.find(&context(), user(1).id).await.unwrap(), Some(user(1)));
    table.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_cut_lose_and_double_nothing() {
    let (table, proxy, store) = behind_a_proxy(10, 8).await;
    let insert = |number: u64| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut acknowledged = BTreeSet::new();
            for step in 0..20 {
                let user = user(number * 20 + step);
                match store.users.insert(&context(), &user).await {
                    Ok(()) => drop(acknowledged.insert(user.id)),
                    Err(StoreError::Unavailable(_) | StoreError::TimedOut) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
            acknowledged
        })
    };
    let running: Vec<_> = (0..6).map(insert).collect();
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        proxy.cut();
    }
    let mut acknowledged = BTreeSet::new();
    for running in running {
        acknowledged.extend(running.await.unwrap());
    }
    let there: BTreeSet<_> = all(&store).await.into_iter().map(|user| user.id).collect();
    assert!(acknowledged.is_subset(&there), "{} acknowledged, {} there", acknowledged.len(), there.len());
    proxy.cut();
    store.users.insert(&context(), &user(1_000)).await.unwrap();
    assert_eq!(store.store.pool().in_use, 0);
    table.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_costs_each_call_its_time_limit_at_most() {
    let (table, proxy, store) = behind_a_proxy(1, 2).await;
    store.users.insert(&context(), &user(1)).await.unwrap();
    proxy.hold();
    let started = Instant::now();
    let call = |number: u64| {
        let store = store.clone();
        tokio::spawn(async move {
            match number % 3 {
                0 => store.users.find(&context(), user(1).id).await.map(drop),
                1 => store.users.insert(&context(), &user(number)).await,
                _ => store.users.update(&context(), &changed(&user(1), |_| {}), 1).await,
            }
        })
    };
    let running: Vec<_> = (2..20).map(call).collect();
    soon(|| store.store.pool().waiting == 16).await;
    assert_eq!(store.store.pool().in_use, 2);
    let mut ends = Vec::new();
    for running in running {
        ends.push(running.await.unwrap().unwrap_err());
    }
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert!(ends.iter().all(|end| matches!(end, StoreError::TimedOut | StoreError::Overloaded)), "{ends:?}");
    assert!(ends.iter().any(|end| matches!(end, StoreError::Overloaded)), "{ends:?}");
    proxy.pass();
    store.store.ping(&context()).await.unwrap();
    let pool = store.store.pool();
    assert_eq!((pool.in_use, pool.waiting), (0, 0));
    table.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_given_up_anywhere_leave_the_store_as_it_was() {
    let table = Table::new();
    let store = store_dynamodb::open(&table.url, options(2)).await.unwrap();
    for number in 0..60 {
        let (given_up, kept) = (user(2 * number), user(2 * number + 1));
        let limit = Duration::from_micros(200 * number);
        let _ = tokio::time::timeout(limit, store.users.insert(&context(), &given_up)).await;
        let _ = tokio::time::timeout(limit / 2, store.users.find(&context(), given_up.id)).await;
        store.users.insert(&context(), &kept).await.unwrap();
        // It happened or did not, as a whole, and nobody is given the answer to another question.
        assert_eq!(store.users.find(&context(), kept.id).await.unwrap(), Some(kept));
        let found = store.users.find_by_email(&context(), &given_up.email_key()).await.unwrap();
        assert!(found.is_none() || found == Some(given_up));
    }
    soon(|| store.store.pool().in_use == 0).await;
    assert_eq!(store.store.pool().waiting, 0);
    table.remove().await;
}

#[tokio::test]
async fn an_address_that_no_index_can_hold_is_nobodys() {
    let table = Table::new();
    let store = table.open().await;
    for typed in [String::new(), "a".repeat(1_024), "a".repeat(1_025), "a".repeat(100_000)] {
        assert_eq!(store.users.find_by_email(&context(), &EmailKey::of(&typed)).await.unwrap(), None);
    }
    table.remove().await;
}

#[tokio::test]
async fn a_page_that_is_larger_than_an_answer_may_be_takes_several() {
    let table = Table::new();
    let store = table.open().await;
    let large = |number| User { name: "n".repeat(300_000), ..user(number) };
    for number in 0..8 {
        store.users.insert(&context(), &large(number)).await.unwrap();
    }
    let log = traced();
    for role in [None, Some(Role::User)] {
        let query = UserQuery { role, after: None, limit: 7 };
        let listed = store.users.list(&log, &query).await.unwrap();
        assert!(listed == (0..7).map(large).collect::<Vec<_>>(), "{} listed", listed.len());
    }
    assert!(log.statements().len() > 2, "{}", log.statements().len());
    table.remove().await;
}

#[tokio::test]
async fn items_that_this_program_does_not_write_are_an_internal_error() {
    let table = Table::new();
    let (store, client) = (table.open().await, table.client());
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: &str| AttributeValue::N(number.to_owned());
    for (name, value) in [
        ("version", number("1.5")),
        ("created_at", number("99999999999999999")),
        ("role", text("owner")),
        ("name", number("1")),
        ("role_id", text("admin#x")),
        ("email_key", text("hidden@example.com")),
    ] {
        store.users.insert(&context(), &user(1)).await.unwrap();
        let update = client.update_item().table_name(table.name());
        let update = update.key("pk", text("USERS")).key("sk", text(&user(1).id.to_string()));
        let update = update.update_expression("SET #name = :value").expression_attribute_names("#name", name);
        update.expression_attribute_values(":value", value).send().await.unwrap();
        let found = store.users.find(&context(), user(1).id).await;
        let Err(StoreError::Internal(source)) = found else { panic!("{name}: {found:?}") };
        assert!(source.to_string().contains(name) && !source.to_string().contains("hidden"), "{source}");
        let all = UserQuery { role: None, after: None, limit: 10 };
        assert!(matches!(store.users.list(&context(), &all).await, Err(StoreError::Internal(_))));
        store_dynamodb::remove(&table.url, options(1)).await.unwrap();
        table.open().await;
    }
    table.remove().await;
}

#[tokio::test]
async fn a_table_of_another_program_is_refused() {
    use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
    let table = Table::new();
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build().unwrap();
    let id = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S);
    let creation = table.client().create_table().table_name(table.name()).billing_mode(BillingMode::PayPerRequest);
    creation.key_schema(key).attribute_definitions(id.build().unwrap()).send().await.unwrap();
    let Err(error @ OpenError::Database { .. }) = store_dynamodb::open(&table.url, options(1)).await else {
        panic!("it was opened");
    };
    let told = error.to_string();
    assert!(told.contains("other keys than pk and sk") && told.contains("choose another table"), "{told}");
    table.remove().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_what_to_do() {
    // The discard port, where nothing listens.
    let url = "dynamodb://local/stackdiff_test?endpoint=http://127.0.0.1:9";
    let started = Instant::now();
    for error in [
        store_dynamodb::open(url, options(1)).await.map(drop).unwrap_err(),
        store_dynamodb::remove(url, options(1)).await.unwrap_err(),
    ] {
        let told = error.to_string();
        assert!(
            told.starts_with("cannot open dynamodb://local/stackdiff_test?endpoint=http://127.0.0.1:9: "),
            "{told}"
        );
        assert!(told.contains("refused") && told.contains("`infra/services up dynamodb`"), "{told}");
    }
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn an_endpoint_that_does_not_speak_tls_is_not_spoken_to_without() {
    let table = Table::new();
    let url = table.url.replace("http://", "https://");
    let told = store_dynamodb::open(&url, within(5, 1)).await.map(drop).unwrap_err().to_string();
    assert!(told.starts_with("cannot open dynamodb://local/") && !told.contains("placeholder"), "{told}");
}

#[tokio::test]
async fn a_store_that_was_closed_has_finished_what_it_had_accepted() {
    let (table, proxy, store) = behind_a_proxy(10, 1).await;
    proxy.hold();
    let insert = |number| {
        let store = store.clone();
        tokio::spawn(async move { store.users.insert(&context(), &user(number)).await })
    };
    let running: Vec<_> = (0..5).map(insert).collect();
    soon(|| store.store.pool().waiting == 4).await;
    let closing = tokio::spawn({
        let store = store.clone();
        async move { store.store.close().await }
    });
    tokio::task::yield_now().await;
    proxy.pass();
    closing.await.unwrap();
    for running in running {
        running.await.unwrap().unwrap();
    }
    assert!(matches!(store.store.ping(&context()).await, Err(StoreError::Unavailable(_))));
    assert_eq!(all(&table.open().await).await.len(), 5);
    table.remove().await;
}
