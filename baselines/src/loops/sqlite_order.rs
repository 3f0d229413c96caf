//! An order of three lines into SQLite, written by hand with rusqlite: what `store-diesel` does in one transaction, on the one
//! connection that can write, with `synchronous = FULL` unless the URL says otherwise, one order after the other.
//!
//! | in the transaction | by |
//! | --- | --- |
//! | the customer is there | the foreign key |
//! | there is enough of each product, which is taken, and its version raised | a conditional `UPDATE` for each line |
//! | the order and its lines | an `INSERT` each |
//!
//! It looks at nothing before it writes, as a program may that has the file to itself, so it is shorter than the store's. What
//! the order costs is `shared`'s pure function, so that both write the same rows.
//!
//! With `--group`, so many orders are committed together, each in a savepoint: as the store's writer does with those that have
//! queued meanwhile. A group is done when its last order is on the disk, so each of its orders took that long.

use super::Settings;
use super::ids::Ids;
use super::measured::{Measured, on_threads};
use super::sqlite_read::texts;
use crate::database::{pragma, sqlite};
use crate::failure::{BoxError, Failure};
use chrono::Utc;
use rusqlite::{Connection, params};
use shared::domain::price;
use uuid::Uuid;

/// As the store's writer has them.
const PRAGMAS: &str = "PRAGMA busy_timeout = 2000; PRAGMA foreign_keys = ON;";

const TAKE: &str = "UPDATE products SET stock = stock - ?2, version = version + 1 WHERE id = ?1 AND stock >= ?2";

const INSERT_ORDER: &str = "INSERT INTO orders (id, customer_id, status, subtotal_cents, discount_cents, total_cents, \
                            idempotency_key, version, created_at, updated_at) \
                            VALUES (?1, ?2, 'pending', ?3, ?4, ?5, NULL, 1, ?6, ?6)";

const INSERT_LINE: &str = "INSERT INTO order_lines (order_id, position, product_id, name, category, unit_price_cents, \
                           quantity, total_cents, revenue_cents) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

/// The lines of an order, each of one unit: the benchmark's own workload.
const LINES: usize = 3;
const QUANTITY: i64 = 1;

pub fn run(settings: &Settings) -> Result<Measured, Failure> {
    let (path, synchronous) = sqlite(&settings.database_url)?;
    let connection = Connection::open(path).map_err(Failure::database)?;
    connection.execute_batch(PRAGMAS).map_err(Failure::database)?;
    connection.execute_batch(pragma(synchronous)).map_err(Failure::database)?;
    let products = Product::all(&connection)?;
    if products.len() < LINES {
        return Err(Failure::Database("there are fewer products than an order has lines".into()));
    }
    let customers = match Ids::of_file(settings)? {
        Some(ids) => ids,
        None => Ids::of(texts(&connection, "SELECT id FROM users")?)?,
    };
    let group = settings.group.get();
    let make = move || Ok(move || place(&connection, &products, &customers, group));
    on_threads(settings, vec![make])
}

/// What an order copies of a product. It is read once: a service reads it for each order, which is not the store's part.
struct Product {
    id: String,
    name: String,
    category: String,
    price_cents: i64,
}

impl Product {
    fn all(connection: &Connection) -> Result<Vec<Self>, Failure> {
        let statement = connection.prepare("SELECT id, name, category, price_cents FROM products");
        let mut statement = statement.map_err(Failure::database)?;
        let products = statement.query_map([], |row| {
            Ok(Self { id: row.get(0)?, name: row.get(1)?, category: row.get(2)?, price_cents: row.get(3)? })
        });
        products.map_err(Failure::database)?.collect::<Result<_, _>>().map_err(Failure::database)
    }
}

/// Commits so many orders, all or none.
fn place(connection: &Connection, products: &[Product], customers: &Ids, group: usize) -> Result<u64, BoxError> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let placed = if group == 1 {
        place_one(connection, products, customers)
    } else {
        (0..group).try_for_each(|_| {
            connection.prepare_cached("SAVEPOINT one")?.execute([])?;
            place_one(connection, products, customers)?;
            connection.prepare_cached("RELEASE one")?.execute([])?;
            Ok(())
        })
    };
    let end = if placed.is_ok() { "COMMIT" } else { "ROLLBACK" };
    connection.prepare_cached(end)?.execute([])?;
    placed.map(|()| u64::try_from(group).unwrap_or(u64::MAX))
}

fn place_one(connection: &Connection, products: &[Product], customers: &Ids) -> Result<(), BoxError> {
    let lines = fastrand::choose_multiple(products, LINES);
    let prices: Vec<(i64, i64)> = lines.iter().map(|product| (product.price_cents, QUANTITY)).collect();
    let (priced, id, now) = (price(&prices), Uuid::now_v7().to_string(), Utc::now().timestamp_millis());

    let mut take = connection.prepare_cached(TAKE)?;
    for product in &lines {
        if take.execute(params![product.id, QUANTITY])? == 0 {
            return Err(format!("product {} is sold out", product.id).into());
        }
    }
    let order = params![id, customers.any(), priced.subtotal_cents, priced.discount_cents, priced.total_cents, now];
    connection.prepare_cached(INSERT_ORDER)?.execute(order)?;
    let mut insert = connection.prepare_cached(INSERT_LINE)?;
    for ((position, product), revenue_cents) in (0_i64..).zip(&lines).zip(&priced.revenues) {
        let Product { id: product_id, name, category, price_cents } = product;
        let total_cents = price_cents * QUANTITY;
        let line = params![id, position, product_id, name, category, price_cents, QUANTITY, total_cents, revenue_cents];
        insert.execute(line)?;
    }
    Ok(())
}
