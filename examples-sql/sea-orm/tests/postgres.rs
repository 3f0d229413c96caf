//! What is PostgreSQL's: faults of a server and of the way to it, opening, the tables. The rest is in `contract.rs`.
#![cfg(all(unix, feature = "postgres"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod faults;
mod shop;
mod sibling;

use faults::{Kind, Own, database, open, raw, refusal, texts};
use sea_orm::ConnectionTrait as _;
use shared::repository::{OpenError, Repositories, StoreOptions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Postgres;

impl Kind for Postgres {
    const VARIABLE: &str = "POSTGRES_URL";

    fn development_url(database: &str) -> String {
        store_sea_orm::postgres::development_url(database)
    }

    async fn open(url: &str, options: StoreOptions) -> Result<Repositories, OpenError> {
        store_sea_orm::postgres::open(url, options).await
    }

    async fn remove(url: &str, options: StoreOptions) -> Result<(), OpenError> {
        store_sea_orm::postgres::remove(url, options).await
    }

    fn initialise(folder: &Path) {
        give_to_postgres(folder);
        let mut program = as_postgres("initdb");
        program.arg("--pgdata").arg(folder.join("data"));
        // The encoding is what `LANG=C` gives: a database made in it must be UTF-8 nonetheless.
        program.args(["--username=stackdiff", "--auth=trust", "--no-sync", "--locale=C", "--encoding=SQL_ASCII"]);
        assert!(program.output().unwrap().status.success(), "initdb failed");
    }

    fn program(folder: &Path, port: u16, options: &[&str]) -> Command {
        let mut program = as_postgres("postgres");
        program.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""]);
        program.args(options.iter().flat_map(|option| ["-c", option]));
        program
    }

    fn own_url(port: u16) -> String {
        format!("postgres://stackdiff@127.0.0.1:{port}/stackdiff_own")
    }
}

/// The user and group that PostgreSQL runs as if the tests run as root, which it refuses.
fn postgres_instead_of_root() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> u32 {
        let printed = Command::new("id").args(arguments).output().unwrap().stdout;
        String::from_utf8(printed).unwrap().trim().parse().expect("there is no user `postgres`")
    };
    (id(&["-u"]) == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])))
}

/// A program of PostgreSQL. Not by `runuser`: the server must be this process' own child, to be waited for.
fn as_postgres(name: &str) -> Command {
    let mut program = Command::new(installed(name));
    program.current_dir("/");
    if let Some((user, group)) = postgres_instead_of_root() {
        program.uid(user).gid(group);
    }
    program
}

/// Gives a file or folder to whom the server runs as.
fn give_to_postgres(path: &Path) {
    if let Some((user, group)) = postgres_instead_of_root() {
        std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
    }
}

/// Debian keeps these out of the PATH.
fn installed(name: &str) -> PathBuf {
    let of_debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = of_debian.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut paths = folders.iter().rev().map(|folder| folder.join(name));
    paths.find(|path| path.is_file()).expect("PostgreSQL is not installed: run `infra/services install`")
}

macro_rules! cases {
    ($($name:ident $(($arguments:expr))?;)+) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            faults::$name::<Postgres>($($arguments)?).await;
        })+
    };
}

cases! {
    calls_in_flight_end_while_the_server_hangs_and_it_is_used_again;
    what_was_acknowledged_survives_kill_9_and_the_store_finds_the_server_again;
    after_a_cut_each_caller_fails_once_at_most_and_nothing_is_lost;
    connections_that_stall_for_good_are_given_up;
    a_pool_whose_connections_stall_while_they_are_busy_has_all_its_places_again;
    stores_that_open_at_once_on_no_database_all_come_up;
    who_waits_for_a_connection_in_vain_is_told_in_time;
    an_error_that_comes_after_its_call_was_given_up_costs_the_pool_no_place;
    calls_dropped_anywhere_give_nobody_a_wrong_answer;
    a_write_that_is_cancelled_anywhere_happens_as_a_whole_or_not_at_all;
    admins_who_delete_each_other_by_several_stores_leave_one;
    each_operation_sends_what_the_documentation_says("\"id\" = $1");
    a_database_of_the_first_version_is_brought_up_to_date_by_many_at_once;
    an_order_that_is_dropped_anywhere_is_placed_as_a_whole_or_not_at_all;
    orders_are_whole_after_kill_9_and_the_books_balance;
    what_the_database_gave_up_for_another_transaction_is_tried_again;
    data_that_this_program_cannot_have_written_is_an_internal_fault(&[
        "ALTER TABLE users DROP CONSTRAINT IF EXISTS users_role_check;UPDATE users SET role = 'secret'",
        "UPDATE users SET id = upper(id)",
        "UPDATE users SET created_at = 9223372036854775807",
        "ALTER TABLE users ALTER COLUMN name DROP NOT NULL;UPDATE users SET name = NULL",
    ]);
}

#[tokio::test]
async fn a_url_that_is_wrong_is_refused_without_its_password() {
    for url in [
        "",
        "mysql://me:secret@host/db",
        "postgres://me:secret@host",
        "postgres://me:secret@host/",
        "postgres://me:secret@host:port/db",
        "postgres://me:secret@host/db?sslmode=secret",
    ] {
        let said = refusal::<Postgres>(url).await;
        assert!(said.contains("postgres://user:password@host:5432/stackdiff"), "{url}: {said}");
    }
    let said = refusal::<Postgres>("postgres://me:secret@host/db?sslmode=disable&ssl_password=secret").await;
    assert!(said.contains("`ssl_password`"), "{said}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_at_once_with_what_to_do() {
    let started = std::time::Instant::now();
    let said = refusal::<Postgres>("postgres://me:secret@127.0.0.1:1/db").await;
    assert!(said.starts_with("cannot open postgres://...@127.0.0.1:1/db: "), "{said}");
    assert!(
        said.ends_with("is PostgreSQL running there? `infra/services up postgres` starts one on this machine"),
        "{said}"
    );
    assert!(started.elapsed() < faults::OPTIONS.timeout, "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_may_lose_what_it_acknowledged_is_refused() {
    let database = database::<Postgres>();
    open::<Postgres>(&database.url).await.store.close().await;
    let name = database.url.rsplit('/').next().unwrap();
    let raw = raw(&database.url).await;
    raw.execute_unprepared(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await.unwrap();
    let said = refusal::<Postgres>(&database.url).await;
    assert!(said.contains("set `synchronous_commit = on`"), "{said}");

    let server = Own::<Postgres>::start(&["fsync=off"]);
    let said = refusal::<Postgres>(&server.url()).await;
    assert!(said.contains("set `fsync = on`"), "{said}");
}

#[tokio::test]
async fn defaults_of_a_database_do_not_change_what_a_store_does() {
    let database = database::<Postgres>();
    open::<Postgres>(&database.url).await.store.close().await;
    let name = database.url.rsplit('/').next().unwrap();
    let raw = raw(&database.url).await;
    for setting in ["default_transaction_isolation = 'serializable'", "client_encoding = 'latin1'"] {
        raw.execute_unprepared(&format!("ALTER DATABASE {name} SET {setting}")).await.unwrap();
    }
    faults::two_who_change_one_user_meet_a_conflict::<Postgres>(&database.url).await;
}

#[tokio::test]
async fn the_tables_are_as_the_other_orm_expects() {
    let database = database::<Postgres>();
    open::<Postgres>(&database.url).await;
    let columns = "SELECT column_name || ' ' || data_type || ' ' || coalesce(collation_name, '') || ' ' || is_nullable \
                   FROM information_schema.columns WHERE table_name = 'users' ORDER BY ordinal_position";
    let expected = [
        "id text C NO",
        "name text  NO",
        "email text  NO",
        "email_key text C NO",
        "password_hash text  NO",
        "role text  NO",
        "version bigint  NO",
        "credentials_version bigint  NO",
        "created_at bigint  NO",
        "updated_at bigint  NO",
    ];
    assert_eq!(texts(&database.url, columns).await, expected);
    let indexes = "SELECT regexp_replace(indexdef, ' ON .* USING btree', '') FROM pg_indexes \
                   WHERE tablename = 'users' ORDER BY 1";
    let expected = [
        "CREATE INDEX users_role_id (role, id)",
        "CREATE UNIQUE INDEX users_email_key (email_key)",
        "CREATE UNIQUE INDEX users_pkey (id)",
    ];
    assert_eq!(texts(&database.url, indexes).await, expected);
    let refused = "INSERT INTO users VALUES ('', '', '', '', '', 'root', 1, 1, 0, 0)";
    let refused = raw(&database.url).await.execute_unprepared(refused).await;
    assert!(refused.unwrap_err().to_string().contains("check constraint"));

    let theirs = faults::database::<Postgres>();
    faults::made_by_the_other_orm::<Postgres>(&theirs.url, &sibling::POSTGRES).await;
    let tables = "('products', 'orders', 'order_lines')";
    for (sql, count) in [
        (
            format!(
                "SELECT concat_ws(' ', table_name, column_name, data_type, collation_name, is_nullable) \
                 FROM information_schema.columns WHERE table_name IN {tables} ORDER BY table_name, ordinal_position"
            ),
            29,
        ),
        (format!("SELECT indexdef FROM pg_indexes WHERE tablename IN {tables} ORDER BY 1"), 9),
        (
            format!(
                "SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint \
                 WHERE conrelid::regclass::text IN {tables} AND contype <> 'n' ORDER BY 1"
            ),
            9,
        ),
    ] {
        let ours = texts(&database.url, &sql).await;
        assert_eq!(ours, texts(&theirs.url, &sql).await);
        assert_eq!(ours.len(), count, "{ours:?}");
    }
}

#[tokio::test]
async fn a_database_that_the_other_orm_made_opens() {
    let database = database::<Postgres>();
    let made = faults::made_by_the_other_orm::<Postgres>(&database.url, &sibling::POSTGRES).await;
    for script in sibling::ROWS {
        made.execute_unprepared(script).await.unwrap();
    }
    let store = open::<Postgres>(&database.url).await;
    sibling::the_rows_are_read(&store).await;
    store.store.close().await;

    made.execute_unprepared(
        "DROP TABLE order_lines, orders, products, users; CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT)",
    )
    .await
    .unwrap();
    let said = refusal::<Postgres>(&database.url).await;
    assert!(said.contains("it belongs to another program"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_verified_if_the_url_says_so() {
    let certificates = faults::Certificates::make();
    let server = Own::<Postgres>::start(&[]);
    let data = server.folder.path().join("data");
    for (file, name) in [(&certificates.certificate, "server.crt"), (&certificates.key, "server.key")] {
        std::fs::copy(file, data.join(name)).unwrap();
        std::fs::set_permissions(data.join(name), PermissionsExt::from_mode(0o600)).unwrap();
        give_to_postgres(&data.join(name));
    }
    let admin = raw(&server.url().replace("stackdiff_own", "postgres")).await;
    for sql in ["ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"] {
        admin.execute_unprepared(sql).await.unwrap();
    }
    let url = |host: &str, options: &str| server.url().replace("127.0.0.1", host) + "?" + options;
    let authority = format!("sslrootcert={}", certificates.authority.display());
    faults::soon(async || Postgres::open(&url("localhost", "sslmode=require"), faults::OPTIONS).await.is_ok()).await;
    open::<Postgres>(&url("localhost", &format!("sslmode=verify-full&{authority}"))).await;
    let said = refusal::<Postgres>(&url("localhost", "sslmode=verify-full")).await;
    assert!(said.contains("look at sslmode and sslrootcert"), "{said}");
    let said = refusal::<Postgres>(&url("127.0.0.1", &format!("sslmode=verify-full&{authority}"))).await;
    assert!(said.contains("look at sslmode and sslrootcert"), "{said}");
}
