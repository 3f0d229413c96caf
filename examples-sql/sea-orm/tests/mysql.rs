//! What is MySQL's and MariaDB's: faults of a server and of the way to it, opening, the tables. The rest is in
//! `contract.rs`.
#![cfg(all(unix, feature = "mysql"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod faults;
mod shop;
mod sibling;

use faults::{Kind, Own, database, open, raw, refusal, texts};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use shared::context::RequestContext;
use shared::domain::{OrderId, OrderStatus, ProductId, Role};
use shared::repository::{OpenError, OrderQuery, ProductQuery, Repositories, StoreOptions, UserQuery};
use std::path::{Path, PathBuf};
use std::process::Command;

struct MySql;

impl Kind for MySql {
    const VARIABLE: &str = "MYSQL_URL";

    fn development_url(database: &str) -> String {
        store_sea_orm::mysql::development_url(database)
    }

    async fn open(url: &str, options: StoreOptions) -> Result<Repositories, OpenError> {
        store_sea_orm::mysql::open(url, options).await
    }

    async fn remove(url: &str, options: StoreOptions) -> Result<(), OpenError> {
        store_sea_orm::mysql::remove(url, options).await
    }

    fn initialise(folder: &Path) {
        let mut program = Command::new(installed("mariadb-install-db"));
        program.arg("--no-defaults").arg(format!("--datadir={}", folder.join("data").display()));
        program.args(["--auth-root-authentication-method=normal", "--skip-test-db"]).args(as_this_user());
        let made = program.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    fn program(folder: &Path, port: u16, options: &[&str]) -> Command {
        let mut program = Command::new(installed("mariadbd"));
        program.arg("--no-defaults").arg(format!("--datadir={}", folder.join("data").display()));
        program.args([&format!("--port={port}"), "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=32M"]);
        for (option, name) in [("socket", "mysql.sock"), ("pid-file", "mysql.pid")] {
            program.arg(format!("--{option}={}", folder.join(name).display()));
        }
        program.args(as_this_user()).args(options.iter().map(|option| format!("--{option}")));
        program
    }

    fn own_url(port: u16) -> String {
        format!("mysql://root@127.0.0.1:{port}/stackdiff_own")
    }
}

/// It refuses to run as root unless that is said.
fn as_this_user() -> Option<&'static str> {
    let user = Command::new("id").arg("-u").output().unwrap().stdout;
    (user == b"0\n").then_some("--user=root")
}

fn installed(name: &str) -> PathBuf {
    let mut folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    folders.push("/usr/sbin".into());
    let mut paths = folders.iter().map(|folder| folder.join(name));
    paths.find(|path| path.is_file()).expect("MariaDB is not installed: run `infra/services install`")
}

macro_rules! cases {
    ($($name:ident $(($arguments:expr))?;)+) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            faults::$name::<MySql>($($arguments)?).await;
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
    each_operation_sends_what_the_documentation_says("`id` = ?");
    a_database_of_the_first_version_is_brought_up_to_date_by_many_at_once;
    an_order_that_is_dropped_anywhere_is_placed_as_a_whole_or_not_at_all;
    orders_are_whole_after_kill_9_and_the_books_balance;
    what_the_database_gave_up_for_another_transaction_is_tried_again;
    data_that_this_program_cannot_have_written_is_an_internal_fault(&[
        "ALTER TABLE users MODIFY role VARCHAR(9) NOT NULL;UPDATE users SET role = 'secret'",
        "UPDATE users SET id = upper(id)",
        "UPDATE users SET created_at = 9223372036854775807",
        "ALTER TABLE users MODIFY name VARCHAR(400);UPDATE users SET name = NULL",
    ]);
}

#[tokio::test]
async fn a_url_that_is_wrong_is_refused_without_its_password() {
    for url in [
        "",
        "postgres://me:secret@host/db",
        "mysql://me:secret@host",
        "mysql://me:secret@host/",
        "mysql://me:secret@host:port/db",
        "mysql://me:secret@host/db?ssl-mode=secret",
    ] {
        let said = refusal::<MySql>(url).await;
        assert!(said.contains("mysql://user:password@host:3306/stackdiff"), "{url}: {said}");
    }
    let said = refusal::<MySql>("mysql://me:secret@host/db?ssl-mode=DISABLED&ssl_password=secret").await;
    assert!(said.contains("`ssl_password`"), "{said}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_at_once_with_what_to_do() {
    let started = std::time::Instant::now();
    let said = refusal::<MySql>("mysql://me:secret@127.0.0.1:1/db").await;
    assert!(said.starts_with("cannot open mysql://...@127.0.0.1:1/db: "), "{said}");
    assert!(said.ends_with("is MySQL running there? `infra/services up mysql` starts one on this machine"), "{said}");
    assert!(started.elapsed() < faults::OPTIONS.timeout, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_user_or_password_that_is_wrong_is_told() {
    let url = database::<MySql>().url.replace("stackdiff@", "nobody:secret@");
    let said = refusal::<MySql>(&url).await;
    assert!(said.ends_with("look at user and password in --database-url"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_may_lose_what_it_acknowledged_is_refused() {
    let server = Own::<MySql>::start(&["innodb-flush-log-at-trx-commit=2"]);
    let said = refusal::<MySql>(&server.url()).await;
    assert!(said.contains("set `innodb_flush_log_at_trx_commit = 1`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn defaults_of_a_server_do_not_change_what_a_store_does() {
    let server = Own::<MySql>::start(&[
        "transaction-isolation=SERIALIZABLE",
        "sql-mode=ANSI",
        "character-set-server=latin1",
        "default-storage-engine=MyISAM",
        "lower-case-table-names=1",
    ]);
    faults::two_who_change_one_user_meet_a_conflict::<MySql>(&server.url()).await;
    let engine =
        "SELECT engine FROM information_schema.tables WHERE table_name = 'users' AND table_schema = DATABASE()";
    assert_eq!(texts(&server.url(), engine).await, ["InnoDB"]);
}

#[tokio::test]
async fn the_tables_are_as_the_other_orm_expects() {
    let database = database::<MySql>();
    open::<MySql>(&database.url).await;
    let columns = "SELECT concat(column_name, ' ', column_type, ' ', coalesce(collation_name, ''), ' ', is_nullable) \
                   FROM information_schema.columns WHERE table_name = 'users' AND table_schema = DATABASE() \
                   ORDER BY ordinal_position";
    // MySQL 8 says `bigint`, MariaDB tells a width that means nothing.
    let found: Vec<String> =
        texts(&database.url, columns).await.iter().map(|column| column.replace("bigint(20)", "bigint")).collect();
    let expected = [
        "id char(36) ascii_bin NO",
        "name varchar(400) utf8mb4_bin NO",
        "email varchar(254) utf8mb4_bin NO",
        "email_key varchar(254) utf8mb4_bin NO",
        "password_hash varchar(255) utf8mb4_bin NO",
        "role varchar(5) utf8mb4_bin NO",
        "version bigint  NO",
        "credentials_version bigint  NO",
        "created_at bigint  NO",
        "updated_at bigint  NO",
    ];
    assert_eq!(found, expected);
    let indexes = "SELECT concat(index_name, ' ', non_unique, ' ', group_concat(column_name ORDER BY seq_in_index)) \
                   FROM information_schema.statistics WHERE table_name = 'users' AND table_schema = DATABASE() \
                   GROUP BY index_name, non_unique ORDER BY index_name";
    let expected = ["PRIMARY 0 id", "users_email_key 0 email_key", "users_role_id 1 role,id"];
    assert_eq!(texts(&database.url, indexes).await, expected);
    let refused = "INSERT INTO users VALUES ('', '', '', '', '', 'root', 1, 1, 0, 0)";
    let refused = raw(&database.url).await.execute_unprepared(refused).await;
    assert!(refused.unwrap_err().to_string().contains("CONSTRAINT"));

    let theirs = faults::database::<MySql>();
    faults::made_by_the_other_orm::<MySql>(&theirs.url, &sibling::MYSQL).await;
    let [ours, theirs] = [raw(&database.url).await, raw(&theirs.url).await];
    for table in ["products", "orders", "order_lines"] {
        let made = async |database: &DatabaseConnection| {
            let show = Statement::from_string(DbBackend::MySql, format!("SHOW CREATE TABLE {table}"));
            let row = database.query_one_raw(show).await.unwrap().unwrap();
            row.try_get_by_index::<String>(1).unwrap()
        };
        assert_eq!(made(&ours).await, made(&theirs).await);
    }
}

#[tokio::test]
async fn a_page_of_some_begins_in_the_index_where_the_page_does() {
    let database = database::<MySql>();
    let store = open::<MySql>(&database.url).await;
    let raw = raw(&database.url).await;
    let id = |number: u64| faults::somebody(number).id;
    let mut rows = [Vec::new(), Vec::new(), Vec::new()];
    for number in 0..2_000_u64 {
        let (id, rare) = (id(number), number.is_multiple_of(100));
        let (role, category) = if rare { ("admin", "Rare") } else { ("user", "Lighting") };
        let (customer, status) = if rare { (1, "paid") } else { (2, "pending") };
        let customer = faults::somebody(customer).id;
        rows[0].push(format!("('{id}', '', '', '{number}', '', '{role}', 1, 1, 0, 0)"));
        rows[1].push(format!("('{id}', '{number}', '', '{category}', 1, 1, '{{}}', 1, 0, 0)"));
        rows[2].push(format!("('{id}', '{customer}', '{status}', 1, 0, 1, NULL, 1, 0, 0)"));
    }
    for (table, rows) in ["users", "products", "orders"].into_iter().zip(rows) {
        raw.execute_unprepared(&format!("INSERT INTO {table} VALUES {}", rows.join(", "))).await.unwrap();
        raw.execute_unprepared(&format!("ANALYZE TABLE {table}")).await.unwrap();
    }
    // The first statement that a call sends, with these values, reads a range of this index in its order.
    let check = async |context: RequestContext, values: &[&str], index: &str| {
        let statement = context.statements()[0].statement.clone();
        let sql = values.iter().fold(statement, |sql, value| sql.replacen('?', value, 1));
        let plan = Statement::from_string(DbBackend::MySql, format!("EXPLAIN {sql}"));
        let plan = raw.query_all_raw(plan).await.unwrap();
        let text = |column: &str| -> Vec<Option<String>> {
            plan.iter().map(|row| row.try_get::<Option<String>>("", column).unwrap()).collect()
        };
        let of_index =
            plan.iter().filter(|row| row.try_get::<Option<String>>("", "key").unwrap().as_deref() == Some(index));
        let kinds: Vec<String> = of_index.map(|row| row.try_get("", "type").unwrap()).collect();
        assert_eq!(kinds, ["range"], "{sql}: {:?} {:?}", text("key"), text("type"));
        assert!(text("Extra").iter().flatten().all(|extra| !extra.contains("filesort")), "{sql}: {:?}", text("Extra"));
    };
    let after = format!("'{}'", id(1_000));

    let context = faults::traced();
    store.users.list(&context, &UserQuery { role: Some(Role::User), after: Some(id(1_000)), limit: 20 }).await.unwrap();
    check(context, &["'user'", &after, "20"], "users_role_id").await;

    let context = faults::traced();
    let after_product = ProductId::parse(&id(1_000).to_string());
    let query = ProductQuery { category: Some("Lighting".to_owned()), after: after_product, limit: 20 };
    store.products.list(&context, &query).await.unwrap();
    check(context, &["'Lighting'", &after, "20"], "products_category_id").await;

    let customer = format!("'{}'", id(2));
    let after_order = OrderId::parse(&id(1_000).to_string());
    for (status, index) in [(None, "orders_customer_id_id"), (Some(OrderStatus::Pending), "orders_customer_status_id")]
    {
        let context = faults::traced();
        let query = OrderQuery { customer: id(2), status, after: after_order, limit: 20 };
        assert_eq!(store.orders.list(&context, &query).await.unwrap().len(), 20);
        let values: Vec<&str> =
            [customer.as_str()].into_iter().chain(status.map(|_| "'pending'")).chain([after.as_str(), "20"]).collect();
        check(context, &values, index).await;
    }
}

#[tokio::test]
async fn a_database_that_the_other_orm_made_opens() {
    let database = database::<MySql>();
    let made = faults::made_by_the_other_orm::<MySql>(&database.url, &sibling::MYSQL).await;
    for script in sibling::ROWS {
        made.execute_unprepared(script).await.unwrap();
    }
    let store = open::<MySql>(&database.url).await;
    sibling::the_rows_are_read(&store).await;
    store.store.close().await;

    made.execute_unprepared(
        "DROP TABLE order_lines, orders, products, users; CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT)",
    )
    .await
    .unwrap();
    let said = refusal::<MySql>(&database.url).await;
    assert!(said.contains("it belongs to another program"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_verified_if_the_url_says_so() {
    let certificates = faults::Certificates::make();
    let option = |name: &str, path: &Path| format!("{name}={}", path.display());
    let options = [
        option("ssl-ca", &certificates.authority),
        option("ssl-cert", &certificates.certificate),
        option("ssl-key", &certificates.key),
    ];
    let server = Own::<MySql>::start(&options.each_ref().map(String::as_str));
    let url = |host: &str, options: &str| server.url().replace("127.0.0.1", host) + "?" + options;
    let authority = option("ssl-ca", &certificates.authority);
    open::<MySql>(&url("localhost", "ssl-mode=REQUIRED")).await;
    open::<MySql>(&url("localhost", &format!("ssl-mode=VERIFY_IDENTITY&{authority}"))).await;
    let said = refusal::<MySql>(&url("localhost", "ssl-mode=VERIFY_IDENTITY")).await;
    assert!(said.contains("look at ssl-mode and ssl-ca"), "{said}");
    let said = refusal::<MySql>(&url("127.0.0.1", &format!("ssl-mode=VERIFY_IDENTITY&{authority}"))).await;
    assert!(said.contains("look at ssl-mode and ssl-ca"), "{said}");
}
