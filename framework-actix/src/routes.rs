//! Every path of the contract with its handlers. A resource lists its methods in `Allow` when it is asked for another.
//! The attribute macros (`#[get("/api/hello")]`) make a resource for each handler, with the method as its guard: there,
//! another method finds no resource at all and is answered 404.

use crate::{handlers, middleware, problems};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::guard;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{Error, Resource, Route};

/// The routes, with the middleware that surrounds each of them; [`middleware::observe`] surrounds them all.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/api/hello").route(get().to(handlers::hello::show)))
        .service(resource("/api/auth/register").route(web::post().to(handlers::auth::register)))
        .service(resource("/api/auth/login").route(web::post().to(handlers::auth::login)))
        .service(resource("/api/auth/me").route(private(get().to(handlers::auth::me))))
        .service(
            resource("/api/users")
                .route(private(get().to(handlers::users::list)))
                .route(private(web::post().to(handlers::users::create))),
        )
        .service(
            resource("/api/users/{id}")
                .route(private(get().to(handlers::users::find)))
                .route(private(web::put().to(handlers::users::replace)))
                .route(private(web::patch().to(handlers::users::update)))
                .route(private(web::delete().to(handlers::users::delete))),
        )
        .service(resource("/api/users/{id}/orders").route(private(get().to(handlers::orders::list))))
        .service(
            resource("/api/products")
                .route(get().to(handlers::products::list))
                .route(private(web::post().to(handlers::products::create))),
        )
        .service(
            resource("/api/products/{id}")
                .route(get().to(handlers::products::find))
                .route(private(web::put().to(handlers::products::replace)))
                .route(private(web::delete().to(handlers::products::delete))),
        )
        .service(resource("/api/orders").route(private(web::post().to(handlers::orders::create))))
        .service(
            resource("/api/orders/{id}")
                .route(private(get().to(handlers::orders::find)))
                .route(private(web::patch().to(handlers::orders::update))),
        )
        .service(resource("/api/reports/sales").route(private(get().to(handlers::reports::sales))))
        .service(resource("/health/live").route(get().to(handlers::system::live)))
        .service(resource("/health/ready").route(get().to(handlers::system::ready)))
        .service(resource("/metrics").route(get().to(handlers::system::metrics)))
        .service(resource("/openapi.json").route(get().to(handlers::system::openapi)))
        .service(resource("/docs").route(get().to(handlers::system::docs)))
        .service(resource("/docs/{file}").route(get().to(handlers::system::docs_file)))
        .service(resource("/problems/{slug}").route(get().to(handlers::system::problem)))
        .service(resource("/trace/{request_id}").route(get().to(handlers::system::trace)))
        .default_service(web::route().to(problems::not_found));
}

/// A resource whose panics are answered. This cannot surround the whole application: the answer needs the request, and
/// actix's router panics itself at a request of which there is a clone.
fn resource(
    path: &str,
) -> Resource<impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()>>
{
    web::resource(path).wrap(from_fn(middleware::catch_panic))
}

/// `GET`, and `HEAD` with it: actix drops the body of such an answer, but routes it nowhere by itself.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A route that needs a token.
fn private(route: Route) -> Route {
    route.wrap(from_fn(middleware::authenticate))
}
