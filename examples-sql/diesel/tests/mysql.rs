//! What the store makes of MySQL: faults of the server and the way to it, set-ups that are refused, TLS.
//!
//! Longer than 400 lines because each set-up needs a server of its own.

#![cfg(feature = "mysql")]
#![allow(clippy::unwrap_used)]

mod servers;
mod shop;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};
use servers::{Process, Proxy, context, faults, free_port, is_root, program, run, user};
use shared::domain::User;
use shared::repository::{Repositories, StoreError, StoreOptions, UserQuery};
use shared::store_contract::{database_url, options};
use std::process::Command;
use std::time::Duration;
use store_diesel::mysql::{development_url, open, remove};
use tempfile::TempDir;

const SHORT: StoreOptions = StoreOptions { connections: 4, timeout: Duration::from_millis(1_200) };
/// For what must succeed, however busy the machine is.
const PATIENT: StoreOptions = StoreOptions { connections: 4, timeout: Duration::from_secs(10) };

/// A database of a test's own on the server that all tests share. Removed at the end of a test that succeeds.
struct Database {
    url: String,
    store: Repositories,
}

impl Database {
    async fn new(options: StoreOptions) -> Self {
        let url = database_url("MYSQL_URL", development_url);
        let store = open(&url, options).await.unwrap();
        Self { url, store }
    }

    async fn end(self) {
        self.store.store.close().await;
        remove(&self.url, options(1)).await.unwrap();
    }
}

/// A connection beside the store's.
async fn connect(url: &str) -> Conn {
    Conn::new(Opts::from_url(url).unwrap()).await.unwrap()
}

/// A server of a test's own.
struct Server {
    folder: TempDir,
    port: u16,
}

impl Server {
    fn new() -> Self {
        let server = Self { folder: tempfile::tempdir().unwrap(), port: free_port() };
        let mut install = server.command("mariadb-install-db");
        run(install.args(["--auth-root-authentication-method=normal", "--skip-test-db"]));
        server
    }

    /// A program of MariaDB, which wants to be told if it may run as root.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program(name));
        command.arg("--no-defaults").arg(format!("--datadir={}", self.folder.path().join("data").display()));
        // A server that starts removes what it takes for its own leftovers in the folder for temporary files.
        command.env("TMPDIR", self.folder.path());
        if is_root() {
            command.arg("--user=root");
        }
        command
    }

    async fn start(&self, settings: &[&str]) -> Process {
        let at = |name: &str, file: &str| format!("--{name}={}", self.folder.path().join(file).display());
        let mut command = self.command("mariadbd");
        command.args([at("socket", "socket"), at("pid-file", "pid"), format!("--port={}", self.port)]);
        // Anybody may come in and do anything: it is this test's.
        command.args(["--bind-address=127.0.0.1", "--skip-grant-tables", "--innodb-buffer-pool-size=16M"]);
        command.args(settings);
        let process = Process::start(&mut command, None);
        servers::wait_for(self.port).await;
        process
    }

    fn url(&self) -> String {
        format!("mysql://me@127.0.0.1:{}/stackdiff_test", self.port)
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

#[tokio::test]
async fn connections_that_the_server_closed_while_there_was_nothing_to_do_cost_no_call() {
    let database = Database::new(SHORT).await;
    let proxy = Proxy::start(servers::port(&database.url)).await;
    let store = open(&servers::with_port(&database.url, proxy.port), SHORT).await.unwrap();
    store.store.ping(&context()).await.unwrap();
    proxy.cut().await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    store.store.ping(&context()).await.unwrap();
    store.store.close().await;
    database.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_calls_disturb_nobody() {
    let database = Database::new(options(4)).await;
    faults::calls_that_are_dropped(&database.store).await;
    let mut beside = connect(&database.url).await;
    let busy = "SELECT count(*) FROM information_schema.PROCESSLIST WHERE db = DATABASE() AND command <> 'Sleep'";
    assert_eq!(beside.query_first::<u64, _>(busy).await.unwrap(), Some(1), "nobody but who asks");
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
    let beside = tokio::sync::Mutex::new(connect(&database.url).await);
    let run = async |statement: &str| beside.lock().await.query_drop(statement).await.unwrap();
    let deadlocks = async || {
        let ask = "SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'";
        beside.lock().await.query_first::<(String, u64), _>(ask).await.unwrap().unwrap().1
    };
    let before = deadlocks().await;
    let hold = || async {
        run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await;
        run("BEGIN").await;
        // The address in the unique index, which the next statement alone does not lock.
        run("SELECT 1 FROM users WHERE email_key = 'user-2@example.com' FOR UPDATE").await;
        run("UPDATE users SET name = 'held' WHERE email_key <> 'user-1@example.com'").await;
    };
    let cross = || async {
        run("UPDATE users SET name = 'held' WHERE email_key = 'user-1@example.com'").await;
        run("COMMIT").await;
    };
    faults::a_deadlock(&database.store, hold, cross).await;
    assert!(deadlocks().await > before);
    database.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_in_a_deadlock_is_placed_in_the_end() {
    let database = Database::new(options(4)).await;
    let beside = tokio::sync::Mutex::new(connect(&database.url).await);
    let run = async |statement: &str| beside.lock().await.query_drop(statement).await.unwrap();
    let deadlocks = async || {
        let ask = "SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'";
        beside.lock().await.query_first::<(String, u64), _>(ask).await.unwrap().unwrap().1
    };
    let before = deadlocks().await;
    let name = |number| format!("UPDATE products SET name = 'held' WHERE id = '{}'", shop::product(number).id);
    let hold = || async {
        run("BEGIN").await;
        // So that it has more to lose than the order.
        run("UPDATE users SET name = 'held' WHERE email_key <> 'user-1@example.com'").await;
        run(&name(2)).await;
    };
    let cross = || async {
        run(&name(1)).await;
        run("COMMIT").await;
    };
    faults::an_order_in_a_deadlock(&database.store, hold, cross).await;
    assert!(deadlocks().await > before);
    database.end().await;
}

#[tokio::test]
async fn a_call_waits_for_a_connection_no_longer_than_its_limit() {
    let database = Database::new(StoreOptions { connections: 1, ..SHORT }).await;
    database.store.users.insert(&context(), &user(1)).await.unwrap();
    let mut holder = connect(&database.url).await;
    holder.query_drop("BEGIN").await.unwrap();
    holder.query_drop("SELECT 1 FROM users FOR UPDATE").await.unwrap();
    faults::a_pool_that_is_exhausted(&database.store).await;
    holder.query_drop("ROLLBACK").await.unwrap();
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
        let url = database_url("MYSQL_URL", development_url);
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
    let mut beside = connect(&database.url).await;
    for statement in [
        "DROP TABLE order_lines, orders, products",
        "DELETE FROM __diesel_schema_migrations WHERE version > '20260101000000'",
    ] {
        beside.query_drop(statement).await.unwrap();
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
    let mut beside = connect(&database.url).await;
    beside.query_drop("INSERT INTO users VALUES ('no uuid', 'n', 'e', 'e', 'h', 'user', 1, 1, 1, 1)").await.unwrap();
    let query = UserQuery { role: None, after: None, limit: 10 };
    let found = database.store.users.list(&context(), &query).await;
    assert!(
        matches!(&found, Err(StoreError::Internal(source)) if source.to_string().contains("users.id")),
        "{found:?}"
    );
    let role = "INSERT INTO users VALUES ('x', 'n', 'e', 'f', 'h', 'root', 1, 1, 1, 1)";
    assert!(beside.query_drop(role).await.is_err(), "the database keeps such a role out itself");
    database.end().await;
}

#[tokio::test]
async fn an_update_that_finds_everything_as_it_was_is_an_update() {
    let database = Database::new(options(1)).await;
    database.store.users.insert(&context(), &user(1)).await.unwrap();
    // MySQL counts the rows that it changed, unless it is told to count those that it found.
    database.store.users.update(&context(), &user(1), 1).await.unwrap();
    let cut_off = User { name: "x".repeat(70_000), version: 2, ..user(1) };
    let refused = database.store.users.update(&context(), &cut_off, 1).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "nothing is cut off to make it fit: {refused:?}");
    assert_eq!(database.store.users.find(&context(), user(1).id).await.unwrap(), Some(user(1)));
    database.end().await;
}

#[tokio::test]
async fn a_server_that_does_not_wait_for_its_disk_is_refused() {
    let server = Server::new();
    let check = async |settings: &[&str], expected: &[&str]| {
        let process = server.start(settings).await;
        faults::check_refused(open(&server.url(), SHORT).await, expected);
        drop(process);
    };
    let flush = ["innodb_flush_log_at_trx_commit", "would not survive a power cut"];
    check(&["--innodb-flush-log-at-trx-commit=2"], &flush).await;
    check(&["--log-bin=log", "--server-id=1"], &["sync_binlog is not 1", "set sync_binlog = 1"]).await;
    let statements = ["--log-bin=log", "--server-id=1", "--sync-binlog=1", "--binlog-format=STATEMENT"];
    check(&statements, &["binlog_format is STATEMENT", "set binlog_format = ROW"]).await;
    let _process = server.start(&["--log-bin=log", "--server-id=1", "--sync-binlog=1"]).await;
    let store = open(&server.url(), SHORT).await.unwrap();
    store.users.insert(&context(), &user(1)).await.unwrap();
}

#[tokio::test]
async fn tables_that_are_not_this_programs_are_refused_and_left_alone() {
    let database = Database::new(options(1)).await;
    let mut beside = connect(&database.url).await;
    beside.query_drop("ALTER TABLE products ENGINE = MyISAM").await.unwrap();
    faults::check_refused(open(&database.url, options(1)).await, &["products is kept by MyISAM", "ENGINE = InnoDB"]);
    beside.query_drop("DROP TABLE order_lines, orders, products, users, __diesel_schema_migrations").await.unwrap();
    beside.query_drop("CREATE TABLE users (id integer PRIMARY KEY, nick text)").await.unwrap();
    faults::check_refused(open(&database.url, options(1)).await, &["another program"]);
    beside.query_drop("SELECT nick FROM users").await.unwrap();
    beside.query_drop("DROP TABLE users, products, __diesel_schema_migrations").await.unwrap();
    beside.query_drop("CREATE TABLE products (id integer PRIMARY KEY, nick text)").await.unwrap();
    faults::check_refused(open(&database.url, options(1)).await, &["Unknown column", "another program"]);
    beside.query_drop("SELECT nick FROM products").await.unwrap();
    database.end().await;
}

#[tokio::test]
async fn urls_that_are_wrong_are_refused_without_their_password() {
    for url in [
        "",
        "postgres://me:secret@host/db",
        "mysql://me:secret@host",
        "mysql://me:secret@host/",
        "mysql://me:secret@host/db?requiressl=true",
        "mysql://me:secret@host/db?require_ssl=perhaps",
        "mysql://me:secret@host/db?ssl_ca=but-no-require_ssl.pem",
    ] {
        faults::check_refused(open(url, SHORT).await, &["DATABASE_URL must look like mysql://", "require_ssl"]);
    }
    let nobody = format!("mysql://me:secret@127.0.0.1:{}/db", free_port());
    let expected = ["refused", "is MySQL running there", "infra/services up mysql", "mysql://...@127.0.0.1"];
    faults::check_refused(open(&nobody, SHORT).await, &expected);
    let server = database_url("MYSQL_URL", development_url);
    let not_let_in = format!("mysql://nobody-here:secret@127.0.0.1:{}/stackdiff_x", servers::port(&server));
    faults::check_refused(open(&not_let_in, SHORT).await, &["Access denied", "the password in --database-url"]);
}

#[tokio::test]
async fn certificates_are_checked_if_tls_is_required() {
    let server = Server::new();
    servers::make_certificates(server.folder.path());
    let file = |name: &str| server.folder.path().join(name).display().to_string();
    let (certificate, key) =
        (format!("--ssl-cert={}", file("server.pem")), format!("--ssl-key={}", file("server.key")));
    let _process = server.start(&[&certificate, &key]).await;
    // The certificate is for "localhost" and not for the address.
    let at = |host: &str, options: &str| format!("mysql://me@{host}:{}/stackdiff_test?{options}", server.port);
    let (ours, other) = (format!("ssl_ca={}", file("ca.pem")), format!("ssl_ca={}", file("other.pem")));
    let check = async |url: String, works: bool| {
        let opened = open(&url, SHORT).await;
        assert_eq!(opened.is_ok(), works, "{url}: {:?}", opened.err());
    };
    check(at("127.0.0.1", ""), true).await;
    check(at("localhost", &format!("require_ssl=true&{ours}")), true).await;
    check(at("localhost", &format!("require_ssl=true&{other}")), false).await;
    check(at("localhost", "require_ssl=true&ssl_ca=not-there.pem"), false).await;
    check(at("127.0.0.1", &format!("require_ssl=true&{ours}")), false).await;
    check(at("127.0.0.1", "require_ssl=true&verify_ca=false"), true).await;
    // No certificate of the system's is this one's.
    check(at("localhost", "require_ssl=true"), false).await;
    let mut beside = connect(&at("127.0.0.1", "")).await;
    let (_, count): (String, u64) =
        beside.query_first("SHOW GLOBAL STATUS LIKE 'Ssl_finished_accepts'").await.unwrap().unwrap();
    assert!(count >= 2, "encrypted, and not only allowed: {count}");
}
