//! Every handler of the contract; its method and path stand above it. Rocket answers `HEAD` wherever there is a `GET`.

use crate::{handlers, middleware, problems};
use rocket::config::Config;
use rocket::http::Method;
use rocket::shield::Shield;
use rocket::{Build, Request, Rocket, Route, catchers};
use shared::app::App;

/// The methods of the contract, in the order of `Allow`.
const METHODS: [(Method, &str); 5] = [
    (Method::Get, "GET,HEAD"),
    (Method::Post, "POST"),
    (Method::Put, "PUT"),
    (Method::Patch, "PATCH"),
    (Method::Delete, "DELETE"),
];

/// The routes, with what Rocket runs around each of them.
pub fn routes(app: App, config: Config) -> Rocket<Build> {
    rocket::custom(config)
        .mount(
            "/",
            rocket::routes![
                handlers::hello::show,
                handlers::auth::register,
                handlers::auth::login,
                handlers::auth::me,
                handlers::users::list,
                handlers::users::create,
                handlers::users::find,
                handlers::users::replace,
                handlers::users::update,
                handlers::users::delete,
                handlers::products::list,
                handlers::products::create,
                handlers::products::find,
                handlers::products::replace,
                handlers::products::delete,
                handlers::orders::list,
                handlers::orders::create,
                handlers::orders::find,
                handlers::orders::update,
                handlers::reports::sales,
                handlers::system::live,
                handlers::system::ready,
                handlers::system::metrics,
                handlers::system::openapi,
                handlers::system::docs,
                handlers::system::docs_file,
                handlers::system::problem,
                handlers::system::trace,
            ],
        )
        .register("/", catchers![problems::not_found, problems::unknown_method, problems::panicked, problems::refused])
        // In place of the shield that Rocket attaches by itself: the contract names each security header.
        .attach(Shield::new())
        .attach(middleware::observe())
        .manage(app)
}

/// The routes for the path of `request`, whatever their method. Rocket's own router looks by method first, and so does
/// not tell a wrong method from an unknown path.
pub fn at<'r>(request: &'r Request<'_>) -> impl Iterator<Item = &'r Route> {
    let path = request.uri().path();
    let is_known = !shared::paths::has_empty_segment(path.as_str());
    request.rocket().routes().filter(move |route| {
        let (own, sent) = (route.uri.path().split('/').skip(1), path.segments());
        is_known
            && own.clone().count() == sent.len()
            && own.zip(sent).all(|(own, sent)| own.starts_with('<') || own == sent)
    })
}

/// `Allow` for the path of `request`, if a route has it.
pub fn allow(request: &Request<'_>) -> Option<String> {
    let allowed: Vec<&str> = METHODS
        .into_iter()
        .filter(|(method, _)| at(request).any(|route| route.method == *method))
        .map(|(_, text)| text)
        .collect();
    (!allowed.is_empty()).then(|| allowed.join(","))
}
