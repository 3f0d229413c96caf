//! Rocket with Diesel as Rocket's own example has it: `rocket_sync_db_pools`, which takes a connection out of an r2d2 pool and
//! runs the query on the blocking pool.
//!
//! That crate sets up the connections itself: write-ahead log, foreign keys, a `busy_timeout` of one second. `synchronous` is
//! what SQLite has by default, which is FULL, as the variants have it.

use super::Settings;
use super::actions;
use super::bodies::{CreateProduct, HELLO, Hello, ListUsers, Page, Product, UpdateUser, User};
use crate::database::sqlite;
use crate::failure::Failure;
use crate::process;
use diesel::SqliteConnection;
use rocket::config::{Config, LogLevel};
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::response::Debug;
use rocket::response::status::Created;
use rocket::serde::json::Json;
use rocket::{get, patch, post, routes};
use rocket_sync_db_pools::database;
use shared::repository::Synchronous;
use std::net::SocketAddr;

#[database("stackdiff")]
struct Connection(SqliteConnection);

type Outcome<T> = Result<T, Debug<diesel::result::Error>>;

pub async fn serve(settings: &Settings) -> Result<(), Failure> {
    let listening = AdHoc::on_liftoff("say where it listens", |rocket| {
        process::tell(SocketAddr::new(rocket.config().address, rocket.config().port));
        Box::pin(async {})
    });
    let rocket = rocket::custom(config(settings)?).attach(Connection::fairing()).attach(listening);
    let rocket = rocket.mount("/", routes![hello, list, create, find, update]);
    rocket.launch().await.map(drop).map_err(|error| Failure::Ended(error.to_string().into()))
}

/// What a `Rocket.toml` would say. Rocket runs on the runtime that it is given, which has as many threads as it should.
fn config(settings: &Settings) -> Result<Figment, Failure> {
    let (address, port) = (settings.listen.ip(), settings.listen.port());
    let config = Config { address, port, workers: settings.workers, log_level: LogLevel::Off, ..Config::default() };
    let (path, synchronous) = sqlite(&settings.database_url)?;
    if synchronous != Synchronous::Full {
        return Err(Failure::Setting(
            "rocket_sync_db_pools sets up its connections itself: leave out ?synchronous=normal",
        ));
    }
    let figment = Figment::from(config).merge(("databases.stackdiff.url", path.to_string_lossy()));
    Ok(figment.merge(("databases.stackdiff.pool_size", settings.pool_size)))
}

#[get("/api/hello")]
async fn hello() -> Json<Hello> {
    Json(HELLO)
}

#[get("/api/users?<limit>&<after>")]
async fn list(connection: Connection, limit: Option<u32>, after: Option<String>) -> Outcome<Json<Page>> {
    let query = ListUsers::new(limit, after);
    Ok(Json(connection.run(move |connection| actions::list(connection, &query)).await?))
}

#[post("/api/products", data = "<new>")]
async fn create(connection: Connection, new: Json<CreateProduct>) -> Outcome<Created<Json<Product>>> {
    let product = connection.run(move |connection| actions::create(connection, new.into_inner())).await?;
    Ok(Created::new(format!("/api/products/{}", product.id)).body(Json(product)))
}

#[get("/api/users/<id>")]
async fn find(connection: Connection, id: String) -> Outcome<Option<Json<User>>> {
    Ok(connection.run(move |connection| actions::find(connection, &id)).await?.map(Json))
}

#[patch("/api/users/<id>", data = "<change>")]
async fn update(connection: Connection, id: String, change: Json<UpdateUser>) -> Outcome<Option<Json<User>>> {
    let user = connection.run(move |connection| actions::update(connection, &id, change.into_inner())).await?;
    Ok(user.map(Json))
}
