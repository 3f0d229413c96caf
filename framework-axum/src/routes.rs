//! Every path of the contract with its handlers. axum answers `HEAD` wherever there is a `GET`, and adds `Allow` to
//! what the fallback for other methods answers.

use crate::{handlers, middleware, problems};
use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use shared::app::App;
use tower_http::catch_panic::CatchPanicLayer;

/// The routes, with the layers that surround each of them; the last one added is the outermost. What surrounds the router
/// itself is added in [`crate::serve`].
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/api/hello", get(handlers::hello::show))
        .route("/api/auth/register", post(handlers::auth::register))
        .route("/api/auth/login", post(handlers::auth::login))
        .route("/api/auth/me", get(handlers::auth::me))
        .route("/api/users", get(handlers::users::list).post(handlers::users::create))
        .route(
            "/api/users/{id}",
            get(handlers::users::find)
                .put(handlers::users::replace)
                .patch(handlers::users::update)
                .delete(handlers::users::delete),
        )
        .route("/api/users/{id}/orders", get(handlers::orders::list))
        .route("/api/products", get(handlers::products::list).post(handlers::products::create))
        .route(
            "/api/products/{id}",
            get(handlers::products::find).put(handlers::products::replace).delete(handlers::products::delete),
        )
        .route("/api/orders", post(handlers::orders::create))
        .route("/api/orders/{id}", get(handlers::orders::find).patch(handlers::orders::update))
        .route("/api/reports/sales", get(handlers::reports::sales))
        .route("/health/live", get(handlers::system::live))
        .route("/health/ready", get(handlers::system::ready))
        .route("/metrics", get(handlers::system::metrics))
        .route("/openapi.json", get(handlers::system::openapi))
        .route("/docs", get(handlers::system::docs))
        .route("/docs/{file}", get(handlers::system::docs_file))
        .route("/problems/{slug}", get(handlers::system::problem))
        .route("/trace/{request_id}", get(handlers::system::trace))
        .fallback(problems::not_found)
        .method_not_allowed_fallback(problems::method_not_allowed)
        .layer(CatchPanicLayer::custom(problems::panicked))
        .layer(from_fn(middleware::note_route))
        .with_state(app)
}
