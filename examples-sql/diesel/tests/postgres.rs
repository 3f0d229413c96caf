//! What the store makes of PostgreSQL: faults of the server and the way to it, set-ups that are refused, TLS.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used)]

mod servers;
mod shop;

use servers::{Process, Proxy, context, faults, free_port, is_root, program, run, user, wait_for};
use shared::repository::{Repositories, StoreError, StoreOptions, UserQuery};
use shared::store_contract::{database_url, options};
use std::process::Command;
use std::time::Duration;
use store_diesel::postgres::{development_url, open, remove};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

const SHORT: StoreOptions = StoreOptions { connections: 4, timeout: Duration::from_millis(1_000) };
/// For what must succeed, however busy the machine is.
const PATIENT: StoreOptions = StoreOptions { connections: 4, timeout: Duration::from_secs(10) };

/// A database of a test's own on the server that all tests share. Removed at the end of a test that succeeds.
struct Database {
    url: String,
    store: Repositories,
}

impl Database {
    async fn new(options: StoreOptions) -> Self {
        let url = database_url("POSTGRES_URL", development_url);
        let store = open(&url, options).await.unwrap();
        Self { url, store }
    }

    async fn end(self) {
        self.store.store.close().await;
        remove(&self.url, options(1)).await.unwrap();
    }
}

/// A connection beside the store's.
async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A server of a test's own.
struct Server {
    folder: TempDir,
    port: u16,
}

impl Server {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Self { folder, port: free_port() };
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(server.folder.path()));
        }
        let data = server.data();
        run(server
            .command("initdb")
            .args(["-U", "me", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale", "C"])
            .arg(data));
        server
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// A program of PostgreSQL, which root may not run as root.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(if is_root() { "runuser".into() } else { program(name) });
        if is_root() {
            command.args(["-u", "postgres", "--"]).arg(program(name));
        }
        command.current_dir(self.folder.path());
        command
    }

    async fn start(&self, settings: &[&str]) -> Process {
        // What a killed server leaves behind.
        let _ = std::fs::remove_file(self.data().join("postmaster.pid"));
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        command.args(["-c", "unix_socket_directories=", "-c", "shared_buffers=16MB"]);
        command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        let process = Process::start(&mut command, Some(self.data().join("postmaster.pid")));
        wait_for(self.port).await;
        // It listens before it lets anybody in.
        let url = format!("postgres://me@127.0.0.1:{}/postgres?sslmode=disable", self.port);
        while tokio_postgres::connect(&url, NoTls).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        process
    }

    fn url(&self) -> String {
        format!("postgres://me@127.0.0.1:{}/stackdiff_test", self.port)
    }
}

#[tokio::test]
async fn a_server_that_hangs_holds_up_no_call_longer_than_its_limit() {
    let server = Server::new();
    let process = server.start(&[]).await;
    let store = open(&server.url(), SHORT).await.unwrap();
    faults::a_server_that_hangs(&store, &process).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_the_death_of_the_server() {
    let server = Server::new();
    let process = server.start(&[]).await;
    let store = open(&server.url(), SHORT).await.unwrap();
    faults::a_server_that_is_killed(&store, process, || server.start(&[])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_survive_the_death_of_the_server_as_a_whole_or_not_at_all() {
    let server = Server::new();
    let process = server.start(&[]).await;
    let store = open(&server.url(), SHORT).await.unwrap();
    faults::a_server_that_is_killed_while_orders_are_placed(&store, process, || server.start(&[])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_costs_at_most_the_call_on_it() {
    let database = Database::new(SHORT).await;
    let proxy = Proxy::start(servers::port(&database.url)).await;
    let store = open(&servers::with_port(&database.url, proxy.port), PATIENT).await.unwrap();
    faults::a_way_that_is_cut(&store, &proxy).await;
    store.store.close().await;
    database.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_calls_disturb_nobody() {
    let database = Database::new(StoreOptions { connections: 4, ..options(4) }).await;
    faults::calls_that_are_dropped(&database.store).await;
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'";
    let busy: i64 = connect(&database.url).await.query_one(sessions, &[]).await.unwrap().get(0);
    assert_eq!(busy, 1, "nobody but who asks");
    database.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_placings_have_happened_as_a_whole_or_not_at_all() {
    let database = Database::new(options(4)).await;
    faults::placings_that_are_dropped(&database.store).await;
    database.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_tried_again() {
    let database = Database::new(options(4)).await;
    let beside = connect(&database.url).await;
    let hold = || async {
        beside
            .batch_execute("BEGIN; UPDATE users SET name = 'held' WHERE email_key <> 'user-1@example.com'")
            .await
            .unwrap();
    };
    let cross = || async {
        beside.batch_execute("UPDATE users SET name = 'held' WHERE email_key = 'user-1@example.com'").await.unwrap();
        beside.batch_execute("COMMIT").await.unwrap();
    };
    faults::a_deadlock(&database.store, hold, cross).await;
    let ask = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    drop(beside);
    // The server counts a session's when that ends.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let deadlocks: i64 = connect(&database.url).await.query_one(ask, &[]).await.unwrap().get(0);
    assert_eq!(deadlocks, 1);
    database.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_in_a_deadlock_is_placed_in_the_end() {
    let database = Database::new(options(4)).await;
    let beside = connect(&database.url).await;
    let name = |number| format!("UPDATE products SET name = 'held' WHERE id = '{}'", shop::product(number).id);
    let hold = || async { beside.batch_execute(&format!("BEGIN; {}", name(2))).await.unwrap() };
    let cross = || async { beside.batch_execute(&format!("{}; COMMIT", name(1))).await.unwrap() };
    faults::an_order_in_a_deadlock(&database.store, hold, cross).await;
    drop(beside);
    // The server counts a session's when that ends.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let ask = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let deadlocks: i64 = connect(&database.url).await.query_one(ask, &[]).await.unwrap().get(0);
    assert_eq!(deadlocks, 1);
    database.end().await;
}

#[tokio::test]
async fn a_call_waits_for_a_connection_no_longer_than_its_limit() {
    let database = Database::new(StoreOptions { connections: 1, ..SHORT }).await;
    database.store.users.insert(&context(), &user(1)).await.unwrap();
    let holder = connect(&database.url).await;
    holder.batch_execute("BEGIN; SELECT 1 FROM users FOR UPDATE").await.unwrap();
    faults::a_pool_that_is_exhausted(&database.store).await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    faults::recovery(&database.store).await;
    database.end().await;
}

#[tokio::test]
async fn each_operation_is_one_round_trip_but_for_the_last_admin() {
    let database = Database::new(options(2)).await;
    faults::round_trips(&database.store).await;
    database.end().await;
}

#[tokio::test]
async fn what_a_shop_does_is_a_constant_number_of_round_trips() {
    let database = Database::new(options(2)).await;
    faults::round_trips_of_a_shop(&database.store).await;
    database.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_open_one_new_database_at_once_all_come_up() {
    for _ in 0..3 {
        let url = database_url("POSTGRES_URL", development_url);
        let open_one = |number: u64| {
            let url = url.clone();
            tokio::spawn(async move {
                let store = open(&url, options(1)).await.unwrap();
                store.users.insert(&context(), &user(number)).await.unwrap();
                store
            })
        };
        let mut stores = Vec::new();
        for opening in (0..8).map(open_one).collect::<Vec<_>>() {
            stores.push(opening.await.unwrap());
        }
        assert_eq!(servers::emails(stores.first().unwrap()).await.len(), 8);
        for store in stores {
            store.store.close().await;
        }
        remove(&url, options(1)).await.unwrap();
        // Not there is no error.
        remove(&url, options(1)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_the_first_version_is_brought_up_to_date_by_many_at_once() {
    let database = Database::new(options(1)).await;
    database.store.users.insert(&context(), &user(1)).await.unwrap();
    database.store.store.close().await;
    let beside = connect(&database.url).await;
    for statement in [
        "DROP TABLE order_lines, orders, products",
        "DELETE FROM __diesel_schema_migrations WHERE version > '20260101000000'",
    ] {
        beside.batch_execute(statement).await.unwrap();
    }
    let open_one = |number: u64| {
        let url = database.url.clone();
        tokio::spawn(async move {
            let store = open(&url, options(1)).await.unwrap();
            store.products.insert(&context(), &shop::product(number)).await.unwrap();
            store.orders.place(&context(), &shop::order(&user(1), &[(number, 1)])).await.unwrap();
            store
        })
    };
    let mut stores = Vec::new();
    for opening in (1..=8).map(open_one).collect::<Vec<_>>() {
        stores.push(opening.await.unwrap());
    }
    assert_eq!(shop::orders_of(stores.first().unwrap(), &user(1)).await.len(), 8);
    for store in stores {
        store.store.close().await;
    }
    database.end().await;
}

#[tokio::test]
async fn rows_that_this_program_does_not_write_are_an_internal_error() {
    let database = Database::new(options(1)).await;
    let beside = connect(&database.url).await;
    let row = "INSERT INTO users VALUES ('no uuid', 'n', 'e', 'e', 'h', 'user', 1, 1, 1, 1)";
    beside.batch_execute(row).await.unwrap();
    let query = UserQuery { role: None, after: None, limit: 10 };
    let found = database.store.users.list(&context(), &query).await;
    assert!(
        matches!(&found, Err(StoreError::Internal(source)) if source.to_string().contains("users.id")),
        "{found:?}"
    );
    let role = "INSERT INTO users VALUES ('x', 'n', 'e', 'f', 'h', 'root', 1, 1, 1, 1)";
    assert!(beside.batch_execute(role).await.is_err(), "the database keeps such a role out itself");
    database.end().await;
}

#[tokio::test]
async fn a_server_that_does_not_wait_for_its_disk_is_refused_or_made_to() {
    let server = Server::new();
    let process = server.start(&["fsync=off"]).await;
    faults::check_refused(open(&server.url(), SHORT).await, &["fsync is off", "set fsync = on"]);
    drop(process);
    let _process = server.start(&["synchronous_commit=off", "default_transaction_isolation=serializable"]).await;
    let store = open(&server.url(), SHORT).await.unwrap();
    store.users.insert(&context(), &user(1)).await.unwrap();
    let beside = connect(&format!("{}?sslmode=disable", server.url())).await;
    let flushed = "SELECT pg_current_wal_insert_lsn() = pg_current_wal_flush_lsn()";
    let flushed: bool = beside.query_one(flushed, &[]).await.unwrap().get(0);
    assert!(flushed, "an acknowledged insert is on the disk although the server's default is not to wait");
}

#[tokio::test]
async fn another_programs_table_of_users_is_refused_and_left_alone() {
    let database = Database::new(options(1)).await;
    let beside = connect(&database.url).await;
    let other = "DROP TABLE order_lines, orders, products, users, __diesel_schema_migrations; \
                 CREATE TABLE users (id integer PRIMARY KEY, nick text)";
    beside.batch_execute(other).await.unwrap();
    faults::check_refused(open(&database.url, options(1)).await, &["does not exist", "another program"]);
    assert!(beside.batch_execute("SELECT nick FROM users").await.is_ok());
    let other = "DROP TABLE IF EXISTS users, products, __diesel_schema_migrations; \
                 CREATE TABLE products (id integer PRIMARY KEY, nick text)";
    beside.batch_execute(other).await.unwrap();
    faults::check_refused(open(&database.url, options(1)).await, &["does not exist", "another program"]);
    assert!(beside.batch_execute("SELECT nick FROM products").await.is_ok());
    database.end().await;
}

#[tokio::test]
async fn urls_that_are_wrong_are_refused_without_their_password() {
    for url in [
        "",
        "mysql://me:secret@host/db",
        "postgres://me:secret@host",
        "postgres:///db?password=secret",
        "host=me password=secret dbname=db",
        "postgres://me:secret@host/db?sslmode=verify-all",
        "postgres://me:secret@host/db?sslmod=require",
    ] {
        faults::check_refused(open(url, SHORT).await, &["DATABASE_URL must look like postgres://", "verify-full"]);
    }
    let nobody = format!("postgres://me:secret@127.0.0.1:{}/db", free_port());
    let expected = ["refused", "is PostgreSQL running there", "infra/services up postgres", "postgres://...@127.0.0.1"];
    faults::check_refused(open(&nobody, SHORT).await, &expected);
    let no_file = "postgres://me:secret@127.0.0.1/db?sslmode=verify-full&sslrootcert=not-there.pem";
    faults::check_refused(open(no_file, SHORT).await, &["not-there.pem", "sslrootcert"]);
}

#[tokio::test]
async fn certificates_are_checked_as_sslmode_says() {
    let server = Server::new();
    servers::make_certificates(server.folder.path());
    let file = |name: &str| server.folder.path().join(name).display().to_string();
    if is_root() {
        run(Command::new("chown").args(["postgres".to_owned(), file("server.key"), file("server.pem")]));
    }
    let (certificate, key) =
        (format!("ssl_cert_file={}", file("server.pem")), format!("ssl_key_file={}", file("server.key")));
    let _process = server.start(&["ssl=on", &certificate, &key]).await;
    // The certificate is for "localhost" and not for the address.
    let at = |host: &str, options: &str| format!("postgres://me@{host}:{}/stackdiff_test?{options}", server.port);
    let (ours, other) = (format!("sslrootcert={}", file("ca.pem")), format!("sslrootcert={}", file("other.pem")));
    let check = async |url: String, is_encrypted: Option<bool>| {
        let opened = open(&url, SHORT).await;
        assert_eq!(opened.is_ok(), is_encrypted.is_some(), "{url}: {:?}", opened.err());
        if let Some(is_encrypted) = is_encrypted {
            let ask = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                       WHERE datname = 'stackdiff_test' AND usename = 'me'";
            let store = opened.unwrap();
            store.store.ping(&context()).await.unwrap();
            let beside = connect(&format!("postgres://me@127.0.0.1:{}/postgres?sslmode=disable", server.port)).await;
            let encrypted: bool = beside.query_one(ask, &[]).await.unwrap().get(0);
            assert_eq!(encrypted, is_encrypted, "{url}");
            store.store.close().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    check(at("127.0.0.1", "sslmode=disable"), Some(false)).await;
    check(at("127.0.0.1", ""), Some(true)).await;
    check(at("127.0.0.1", "sslmode=require"), Some(true)).await;
    check(at("127.0.0.1", &format!("sslmode=require&{ours}")), Some(true)).await;
    check(at("127.0.0.1", &format!("sslmode=require&{other}")), None).await;
    check(at("127.0.0.1", &format!("sslmode=verify-ca&{ours}")), Some(true)).await;
    check(at("127.0.0.1", &format!("sslmode=verify-ca&{other}")), None).await;
    check(at("127.0.0.1", &format!("sslmode=verify-full&{ours}")), None).await;
    check(at("localhost", &format!("sslmode=verify-full&{ours}")), Some(true)).await;
    // No certificate of the system's is this one's.
    check(at("localhost", "sslmode=verify-full"), None).await;
}
