//! actix-web with Diesel as actix-web's own example has it: the handler moves the query to the blocking pool with
//! `web::block`, and there takes a connection out of an r2d2 pool.
//!
//! The example opens a file as SQLite opens it by default. Here each connection is given what the variants' have: the
//! write-ahead log, foreign keys, and `busy_timeout`, without which half of the writes at 64 connections end with "database is
//! locked".

use super::Settings;
use super::actions;
use super::bodies::{CreateProduct, HELLO, ListUsers, UpdateUser};
use crate::database::{pragma, sqlite};
use crate::failure::{BoxError, Failure};
use crate::process;
use actix_web::error::ErrorInternalServerError;
use actix_web::{App, HttpResponse, HttpServer, Responder, get, patch, post, rt, web};
use diesel::SqliteConnection;
use diesel::connection::SimpleConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Error, Pool};
use shared::repository::Synchronous;

type DbPool = Pool<ConnectionManager<SqliteConnection>>;

pub fn serve(settings: &Settings) -> Result<(), Failure> {
    rt::System::new().block_on(async {
        let pool = pool(settings)?;
        let service = move || {
            App::new()
                .app_data(web::Data::new(pool.clone()))
                .service(hello)
                .service(list)
                .service(create)
                .service(find)
                .service(update)
        };
        let server = HttpServer::new(service).workers(settings.workers).tcp_nodelay(true).bind(settings.listen);
        let server = server.map_err(|source| Failure::Listen { listen: settings.listen, source })?;
        server.addrs().into_iter().for_each(process::tell);
        server.run().await.map_err(|error| Failure::Ended(error.into()))
    })
}

fn pool(settings: &Settings) -> Result<DbPool, Failure> {
    let (path, synchronous) = sqlite(&settings.database_url)?;
    let customizer = Box::new(Customizer { synchronous });
    let pool = Pool::builder().max_size(settings.pool_size).connection_customizer(customizer);
    pool.build(ConnectionManager::new(path.to_string_lossy())).map_err(Failure::database)
}

struct Customizer {
    synchronous: Synchronous,
}

impl std::fmt::Debug for Customizer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Customizer")
    }
}

impl CustomizeConnection<SqliteConnection, Error> for Customizer {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), Error> {
        // First the time limit, so that the others wait for a lock, too.
        let pragmas = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;";
        connection.batch_execute(pragmas).map_err(Error::QueryError)?;
        connection.batch_execute(pragma(self.synchronous)).map_err(Error::QueryError)
    }
}

#[get("/api/hello")]
async fn hello() -> impl Responder {
    web::Json(HELLO)
}

#[get("/api/users")]
async fn list(pool: web::Data<DbPool>, query: web::Query<ListUsers>) -> actix_web::Result<impl Responder> {
    let page = web::block(move || Ok::<_, BoxError>(actions::list(&mut *pool.get()?, &query)?));
    Ok(web::Json(page.await?.map_err(ErrorInternalServerError)?))
}

#[post("/api/products")]
async fn create(pool: web::Data<DbPool>, new: web::Json<CreateProduct>) -> actix_web::Result<impl Responder> {
    let product = web::block(move || Ok::<_, BoxError>(actions::create(&mut *pool.get()?, new.into_inner())?));
    Ok(HttpResponse::Created().json(product.await?.map_err(ErrorInternalServerError)?))
}

#[get("/api/users/{id}")]
async fn find(pool: web::Data<DbPool>, id: web::Path<String>) -> actix_web::Result<impl Responder> {
    let user = web::block(move || Ok::<_, BoxError>(actions::find(&mut *pool.get()?, &id)?));
    Ok(match user.await?.map_err(ErrorInternalServerError)? {
        Some(user) => HttpResponse::Ok().json(user),
        None => HttpResponse::NotFound().finish(),
    })
}

#[patch("/api/users/{id}")]
async fn update(
    pool: web::Data<DbPool>,
    id: web::Path<String>,
    change: web::Json<UpdateUser>,
) -> actix_web::Result<impl Responder> {
    let user = web::block(move || Ok::<_, BoxError>(actions::update(&mut *pool.get()?, &id, change.into_inner())?));
    Ok(match user.await?.map_err(ErrorInternalServerError)? {
        Some(user) => HttpResponse::Ok().json(user),
        None => HttpResponse::NotFound().finish(),
    })
}
