//! What is Redis' own: its set-up, the keys of users, the query log, TLS. Orders are in `orders.rs`, faults in `faults.rs`,
//! the rest in `contract.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use redis::AsyncCommands as _;
use shared::domain::{Role, User, UserId};
use shared::repository::{Repositories, StoreError, StoreOptions, UserQuery};
use shared::store_contract::{database_url, options};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use support::{DURABLE, Server, all, context, digest, free_port, open, somebody, traced, try_open};

/// Keys of a test's own on the development server.
async fn own() -> (String, Repositories) {
    let url = database_url("REDIS_URL", store_redis::development_url);
    let store = store_redis::open(&url, options(2)).await.unwrap();
    (url, store)
}

async fn refusal(url: &str) -> String {
    let opened = try_open(url, 1, 5_000).await;
    opened.err().expect("it was opened").to_string()
}

#[tokio::test]
async fn a_server_that_would_lose_what_it_acknowledged_is_refused() {
    let server = Server::start(&["--appendonly", "no"]).await;
    let check = async |set: &str, options: &str, expected: &[&str]| {
        server.command(set).await;
        let url = format!("{}{options}", server.url());
        match expected {
            [] => open(&url, 1, 5_000).await.store.close().await,
            _ => {
                let told = refusal(&url).await;
                assert!(expected.iter().all(|expected| told.contains(expected)), "{set} {options}: {told}");
            }
        }
    };
    let no_log = ["no append-only file", "`CONFIG SET appendonly yes`", "--appendonly yes --appendfsync always"];
    check("CONFIG SET appendonly no", "", &no_log).await;
    check("CONFIG SET appendonly no", "?durability=everysec", &no_log).await;
    check("CONFIG SET appendonly no", "?durability=unchecked", &[]).await;
    let everysec = ["appendfsync is everysec", "`CONFIG SET appendfsync always`", "?durability=everysec"];
    check("CONFIG SET appendonly yes", "", &everysec).await;
    check("CONFIG SET appendonly yes", "?durability=everysec", &[]).await;
    check("CONFIG SET appendfsync no", "?durability=everysec", &["appendfsync is no"]).await;
    check("CONFIG SET appendfsync always", "", &[]).await;
    let on_rewrite = ["no-appendfsync-on-rewrite is yes", "`CONFIG SET no-appendfsync-on-rewrite no`"];
    check("CONFIG SET no-appendfsync-on-rewrite yes", "", &on_rewrite).await;
    check("CONFIG SET no-appendfsync-on-rewrite no", "", &[]).await;
    let eviction = ["maxmemory-policy is allkeys-lru", "`CONFIG SET maxmemory-policy noeviction`"];
    check("CONFIG SET maxmemory-policy allkeys-lru", "", &eviction).await;
    check("CONFIG SET maxmemory-policy allkeys-lru", "?durability=unchecked", &eviction).await;
}

#[tokio::test]
async fn where_config_is_forbidden_only_a_durability_that_info_shows_is_accepted() {
    let server = Server::start(&DURABLE).await;
    server.command("ACL SETUSER guest on >word ~{stackdiff}:* +@all -config").await;
    let url = server.url().replace("//", "//guest:word@");
    let told = refusal(&url).await;
    assert!(told.contains("does not tell its appendfsync") && told.contains("?durability=everysec"), "{told}");
    let store = open(&format!("{url}?durability=everysec"), 1, 5_000).await;
    // Scripts touch nothing beyond the keys of the prefix.
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    assert_eq!(all(&store).await, [somebody(1)]);
    assert!(store.users.find_by_email(&context(), &somebody(1).email_key()).await.unwrap().is_some());
    server.command("CONFIG SET appendonly no").await;
    assert!(refusal(&format!("{url}?durability=everysec")).await.contains("no append-only file"));
}

#[tokio::test]
async fn a_replica_is_refused() {
    let primary = Server::start(&DURABLE).await;
    let replica = Server::start(&DURABLE).await;
    replica.command(&format!("REPLICAOF 127.0.0.1 {}", primary.port)).await;
    let told = refusal(&replica.url()).await;
    assert!(told.contains("it is a replica") && told.contains("primary"), "{told}");
}

#[tokio::test]
async fn keys_of_another_program_or_another_layout_are_refused() {
    let server = Server::start(&DURABLE).await;
    let (mut raw, url) = (server.raw().await, server.url());
    let _: () = raw.set("{stackdiff}:users", "something").await.unwrap();
    assert!(refusal(&url).await.contains("a string where a zset should be"));
    assert!(refusal(&url).await.contains("another ?prefix="));
    let _: () = raw.del("{stackdiff}:users").await.unwrap();
    let _: () = raw.set("{stackdiff}:layout", "3").await.unwrap();
    assert!(refusal(&url).await.contains("another layout"));
    open(&format!("{url}?prefix=other"), 1, 5_000).await;
    let _: () = raw.del("{stackdiff}:layout").await.unwrap();
    open(&url, 1, 5_000).await;
}

#[tokio::test]
async fn a_url_is_refused_in_words_that_name_no_password() {
    let told = |url: &'static str| async move { refusal(url).await };
    for url in [
        "",
        "redis",
        "postgres://me:secret@127.0.0.1/0",
        "redis://me:secret@",
        "redis://me:secret@127.0.0.1/zero",
        "redis://me:secret@127.0.0.1/0?prefx=a",
        "redis://me:secret@127.0.0.1/0?prefix=",
        "redis://me:secret@127.0.0.1/0?prefix={a}",
        "redis://me:secret@127.0.0.1/0?prefix=a*",
        "redis://me:secret@127.0.0.1/0?durability=secret",
        "redis://me:secret@127.0.0.1/0?cacert=a.pem",
        "rediss://me:secret@127.0.0.1/0#insecure",
    ] {
        let told = told(url).await;
        assert!(told.contains("redis://127.0.0.1:6379/0?prefix=stackdiff") && !told.contains("secret"), "{told}");
    }
    let told = told("rediss://me:secret@127.0.0.1:1/0?cacert=/nowhere/a.pem").await;
    assert!(told.contains("?cacert=") && !told.contains("secret"), "{told}");
    let url = format!("redis://me:secret@127.0.0.1:{}/0", free_port());
    let told = refusal(&url).await;
    assert!(told.contains("is Redis running there? `infra/services up redis` starts one on this machine"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let server = Server::start(&DURABLE).await;
    server.command("ACL SETUSER guest on >word ~* +@all").await;
    let told = refusal(&server.url().replace("//", "//guest:secret@")).await;
    assert!(told.contains("check the user and the password") && !told.contains("secret"), "{told}");
    server.command("CONFIG SET requirepass word").await;
    let told = refusal(&server.url()).await;
    assert!(told.contains("check the user and the password"), "{told}");
    open(&server.url().replace("//", "//:word@"), 1, 5_000).await;
}

#[tokio::test]
async fn removing_takes_the_keys_of_one_prefix_and_no_others() {
    let (url, store) = own().await;
    let (other_url, other) = own().await;
    for number in 0..1_200 {
        store.users.insert(&context(), &somebody(number)).await.unwrap();
    }
    other.users.insert(&context(), &somebody(1)).await.unwrap();
    store_redis::remove(&url, options(1)).await.unwrap();
    assert_eq!(all(&store).await, []);
    assert_eq!(store.users.find(&context(), somebody(7).id).await.unwrap(), None);
    assert_eq!(all(&other).await, [somebody(1)]);
    // What is not there is no error.
    store_redis::remove(&url, options(1)).await.unwrap();
    store_redis::remove(&other_url, options(1)).await.unwrap();
}

#[tokio::test]
async fn each_operation_is_one_round_trip_and_the_log_names_no_values() {
    let server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 1, 5_000).await;
    let changed = "5 {stackdiff}:user:<id> {stackdiff}:users {stackdiff}:users:role:user {stackdiff}:users:role:admin \
                   {stackdiff}:users:by-email";
    let user = somebody(1);
    let after = User { version: 2, ..user.clone() };
    let fields = ["text", "text", "text", "text", "text", "text", "integer", "integer", "integer", "integer"];

    let context = traced();
    store.users.insert(&context, &user).await.unwrap();
    store.users.find(&context, user.id).await.unwrap().unwrap();
    store.users.find_by_email(&context, &user.email_key()).await.unwrap().unwrap();
    let query = UserQuery { role: Some(Role::User), after: Some(UserId::from_bytes([0; 16])), limit: 10 };
    assert_eq!(store.users.list(&context, &query).await.unwrap().len(), 1);
    store.users.update(&context, &after, 1).await.unwrap();
    store.users.update(&context, &after, 1).await.unwrap_err();
    store.users.delete(&context, user.id, 2).await.unwrap();
    store.store.ping(&context).await.unwrap();

    let [insert, find, find_by_email, list, update, refused, delete, ping] = &context.statements()[..] else {
        panic!("{:#?}", context.statements())
    };
    assert_eq!(insert.statement, format!("EVALSHA insert_user.lua {changed} ? ? ? ? ? ? ? ? ? ?"));
    assert_eq!(insert.parameters, [&["text"][..], &fields].concat());
    assert_eq!((&*find.statement, &*find.parameters), ("HGETALL {stackdiff}:user:<id>", &["text"][..]));
    assert_eq!(find_by_email.statement, "EVALSHA_RO find_user_by_email.lua 1 {stackdiff}:users:by-email ? ?");
    assert_eq!(find_by_email.parameters, ["text", "text"]);
    assert_eq!(list.statement, "EVALSHA_RO list.lua 1 {stackdiff}:users:role:user ? ? ? ?");
    assert_eq!(list.parameters, ["text", "text", "text", "integer"]);
    assert_eq!(update.statement, format!("EVALSHA update_user.lua {changed} ? ? ? ? ? ? ? ? ? ? ?"));
    assert_eq!(update.parameters, [&["text"][..], &fields, &["integer"]].concat());
    assert_eq!(refused.statement, update.statement);
    let changed = changed.replacen('5', "6", 1);
    assert_eq!(delete.statement, format!("EVALSHA delete_user.lua {changed} {{stackdiff}}:user:<id>:orders ? ?"));
    assert_eq!(delete.parameters, ["text", "text", "text", "integer"]);
    assert_eq!((&*ping.statement, &*ping.parameters), ("PING", &[][..]));
    assert!(context.statements().iter().all(|statement| statement.duration > Duration::ZERO));
    for value in [&*user.id.to_string(), &user.name, &user.email, user.password_hash.as_phc()] {
        assert!(!format!("{:?}", context.statements()).contains(value), "{value}");
    }
}

#[tokio::test]
async fn a_script_that_redis_has_forgotten_is_loaded_again_and_the_log_says_so() {
    let server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 1, 5_000).await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    server.command("SCRIPT FLUSH").await;
    let context = traced();
    assert!(store.users.find_by_email(&context, &somebody(1).email_key()).await.unwrap().is_some());
    store.users.find_by_email(&context, &somebody(1).email_key()).await.unwrap();
    let sent: Vec<_> = context.statements().into_iter().map(|statement| statement.statement).collect();
    let find_by_email = "EVALSHA_RO find_user_by_email.lua 1 {stackdiff}:users:by-email ? ?";
    assert_eq!(sent, [find_by_email, "SCRIPT LOAD find_user_by_email.lua", find_by_email, find_by_email]);
}

#[tokio::test]
async fn data_that_this_program_cannot_have_written_is_an_internal_fault_that_quotes_nothing() {
    let server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 1, 5_000).await;
    let mut raw = server.raw().await;
    let key = format!("{{stackdiff}}:user:{}", somebody(1).id);
    let check = |result: Result<String, StoreError>, field: &str| {
        let Err(StoreError::Internal(source)) = result else { panic!("{field}: {result:?}") };
        assert!(source.to_string().contains(field) && !source.to_string().contains("garbage"), "{source}");
    };
    for field in ["id", "email_key", "role", "version", "credentials_version", "created_at", "updated_at"] {
        store.users.insert(&context(), &somebody(1)).await.unwrap();
        let _: () = raw.hset(&key, field, "garbage").await.unwrap();
        let query = UserQuery { role: None, after: None, limit: 10 };
        check(store.users.list(&context(), &query).await.map(|users| format!("{users:?}")), field);
        check(store.users.find(&context(), somebody(1).id).await.map(|user| format!("{user:?}")), field);
        let _: () = raw.hdel(&key, field).await.unwrap();
        check(store.users.find(&context(), somebody(1).id).await.map(|user| format!("{user:?}")), field);
        redis::cmd("FLUSHDB").exec_async(&mut raw).await.unwrap();
    }
    // A number that is not written as this program writes it: scripts would not find its version equal.
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    let _: () = raw.hset(&key, "version", "01").await.unwrap();
    check(store.users.find(&context(), somebody(1).id).await.map(|user| format!("{user:?}")), "version");
    // Not UTF-8.
    let _: () = raw.hset(&key, "name", b"\xff".as_slice()).await.unwrap();
    check(store.users.find(&context(), somebody(1).id).await.map(|user| format!("{user:?}")), "");
    // Listed and named, and not there.
    let _: () = raw.del(&key).await.unwrap();
    let found = store.users.find_by_email(&context(), &somebody(1).email_key()).await;
    check(found.map(|user| format!("{user:?}")), "");
    // A role that is none ends a change before its first write.
    redis::cmd("FLUSHDB").exec_async(&mut raw).await.unwrap();
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    let _: () = raw.hset(&key, "role", "garbage").await.unwrap();
    check(store.users.delete(&context(), somebody(1).id, 1).await.map(|()| String::new()), "role");
    let there: bool = raw.exists(&key).await.unwrap();
    assert!(there);
}

#[tokio::test]
async fn a_key_of_another_type_ends_a_change_before_its_first_write() {
    let server = Server::start(&[&DURABLE[..], &["--enable-debug-command", "yes"]].concat()).await;
    let store = open(&server.url(), 1, 5_000).await;
    let admin = |number| User { role: Role::Admin, ..somebody(number) };
    let demoted = User { version: 2, email: "moved@example.com".to_owned(), ..somebody(1) };
    for key in ["users", "users:role:user", "users:role:admin", "users:by-email"] {
        for change in ["insert user", "insert admin", "update", "delete"] {
            // These do not touch the key.
            if [("users:role:admin", "insert user"), ("users:role:user", "insert admin"), ("users", "update")]
                .contains(&(key, change))
            {
                continue;
            }
            for number in 0..3 {
                store.users.insert(&context(), &admin(number)).await.unwrap();
            }
            server.command(&format!("SET {{stackdiff}}:{key} garbage")).await;
            let before = digest(&server).await;
            let changed = match change {
                "insert user" => store.users.insert(&context(), &somebody(8)).await,
                "insert admin" => store.users.insert(&context(), &admin(8)).await,
                "update" => store.users.update(&context(), &demoted, 1).await,
                _ => store.users.delete(&context(), somebody(1).id, 1).await,
            };
            assert!(matches!(changed, Err(StoreError::Internal(_))), "{change}, {key}: {changed:?}");
            assert!(digest(&server).await == before, "{change} left something behind with {key}");
            server.command("FLUSHDB").await;
        }
    }
}

#[tokio::test]
async fn two_stores_see_each_others_writes() {
    let (url, one) = own().await;
    let other = store_redis::open(&url, options(1)).await.unwrap();
    one.users.insert(&context(), &somebody(1)).await.unwrap();
    assert_eq!(other.users.find(&context(), somebody(1).id).await.unwrap(), Some(somebody(1)));
    other.users.delete(&context(), somebody(1).id, 1).await.unwrap();
    assert_eq!(one.users.find(&context(), somebody(1).id).await.unwrap(), None);
    store_redis::remove(&url, options(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_opened_when_they_are_needed_and_shared_when_there_are_no_more() {
    let server = Server::start(&DURABLE).await;
    let store = open(&server.url(), 3, 5_000).await;
    assert_eq!(store.store.pool().size, 1);
    let finds: Vec<_> = (0..100)
        .map(|number| {
            let users = store.users.clone();
            tokio::spawn(async move { users.find(&context(), somebody(number).id).await })
        })
        .collect();
    for find in finds {
        assert_eq!(find.await.unwrap().unwrap(), None);
    }
    let pool = store.store.pool();
    assert_eq!((pool.size, pool.in_use, pool.waiting), (3, 0, 0));
}

/// Certificates of a test's own: an authority that signs for 127.0.0.1, and another one that signs for nobody.
fn certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        let output = command.current_dir(folder).args(arguments.split(' ')).output();
        let output = output.expect("openssl is not there: run `infra/services install`");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    for name in ["ca", "other"] {
        openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {name}.key -out {name}.pem -days 2 \
             -subj /CN={name}"
        ));
    }
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout redis.key -out redis.csr -subj /CN=redis",
    );
    std::fs::write(folder.join("extensions"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
    openssl(
        "x509 -req -in redis.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out redis.pem -extfile extensions",
    );
}

#[tokio::test]
async fn tls_verifies_who_the_server_is() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let tls_port = free_port();
    let (port, cert, key, ca) = (tls_port.to_string(), path("redis.pem"), path("redis.key"), path("ca.pem"));
    let tls = ["--tls-port", &port, "--tls-cert-file", &cert, "--tls-key-file", &key, "--tls-ca-cert-file", &ca];
    let _server = Server::start(&[&DURABLE[..], &tls, &["--tls-auth-clients", "no"]].concat()).await;

    let url = format!("rediss://127.0.0.1:{tls_port}/0");
    let store = open(&format!("{url}?cacert={ca}"), 2, 5_000).await;
    store.users.insert(&context(), &somebody(1)).await.unwrap();
    assert_eq!(all(&store).await, [somebody(1)]);
    // Neither the system's authorities nor another one signed for it.
    for options in [String::new(), format!("?cacert={}", path("other.pem"))] {
        let told = refusal(&format!("{url}{options}")).await;
        assert!(told.to_lowercase().contains("certificate"), "{told}");
    }
    let plain = StoreOptions { connections: 1, timeout: Duration::from_secs(1) };
    assert!(store_redis::open(&format!("redis://127.0.0.1:{tls_port}/0"), plain).await.is_err());
}
