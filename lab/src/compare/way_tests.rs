//! Tests of [`super::way`], on the sources that were compiled in.

use crate::compare::library::Library;
use crate::compare::library::tests::embedded;
use crate::compare::source::Kind;
use crate::compare::way::{Part, way};
use std::collections::BTreeSet;

fn parts(library: &Library, operation: &str, framework: &str, store: &str) -> Vec<Part> {
    let entry = library.entry_named(operation).unwrap();
    way(library, entry, library.crate_named(framework).unwrap(), library.crate_named(store).unwrap())
}

fn titles(parts: &[Part]) -> Vec<&str> {
    parts.iter().flat_map(|part| &part.stops).map(|stop| stop.title).collect()
}

#[test]
fn a_request_that_changes_something_meets_every_stop() {
    let library = embedded();
    for framework in ["axum", "actix", "rocket"] {
        let parts = parts(library, "users.create", framework, "diesel-sqlite");
        assert_eq!(
            titles(&parts),
            ["Route", "Authenticate", "Validate", "Handler", "Service", "Repository", "Store", "Database"]
        );
        let stops: Vec<_> = parts.iter().flat_map(|part| &part.stops).collect();
        let statuses = |index: usize| stops[index].refusals.iter().map(|kind| kind.status).collect::<Vec<_>>();
        assert_eq!(statuses(1), [401, 401, 401]);
        assert_eq!(statuses(2), [400, 408, 413, 415, 422]);
        assert_eq!(statuses(4), [403, 409]);
        assert!(!statuses(6).is_empty() && statuses(6).iter().all(|status| *status == 503));
        let checked: Vec<&str> = stops[2].places.iter().map(|place| place.name.as_str()).collect();
        assert!(checked.contains(&"body::read") && checked.contains(&"CreateUserRequest"), "{checked:?}");
        assert!(stops[0].places.iter().any(|place| place.location.contains("/routes.rs:")));
    }
}

#[test]
fn a_request_that_needs_less_meets_less() {
    let library = embedded();
    assert_eq!(titles(&parts(library, "hello.show", "axum", "memory")), ["Route", "Handler", "Service"]);
    assert_eq!(titles(&parts(library, "contract.openapi", "rocket", "memory")), ["Route", "Handler"]);
    assert_eq!(
        titles(&parts(library, "products.find", "axum", "memory")).join(" "),
        "Route Validate Handler Service Repository Store Database",
        "without a token"
    );
    let login = titles(&parts(library, "auth.login", "actix", "memory")).join(" ");
    assert_eq!(login, "Route Validate Handler Service Repository Store Database");
}

/// Whatever the operation: a problem leaves the way at exactly one stop, only a defect at any; and every link leads
/// somewhere.
#[test]
fn every_refusal_has_its_stop_and_every_place_its_code() {
    let library = embedded();
    let mut seen = BTreeSet::new();
    for entry in &library.entries {
        for framework in library.of_kind(Kind::Framework) {
            for store in library.of_kind(Kind::Store) {
                let parts = way(library, entry, framework, store);
                let stops = || parts.iter().flat_map(|part| &part.stops);
                let mut left: Vec<_> = stops().flat_map(|stop| &stop.refusals).map(|kind| kind.slug).collect();
                let problems = entry.operation.problems().into_iter().filter(|problem| problem.status != 500);
                let mut all: Vec<_> = problems.map(|problem| problem.slug).collect();
                left.sort_unstable();
                all.sort_unstable();
                assert_eq!(left, all, "{} in {}", entry.operation.id, framework.side.name);
                for place in stops().flat_map(|stop| &stop.places).filter(|place| seen.insert(place.href.clone())) {
                    let shown = match place.href.strip_prefix("/code/file/") {
                        Some(file) => {
                            let path = file.split('#').next().unwrap();
                            library.crates.iter().any(|crate_| crate_.file(path).is_some())
                        }
                        None => {
                            let address = place.href.strip_prefix("/code/").unwrap();
                            let (subject, columns) = address.split_once("?columns=").unwrap();
                            let crates = library.columns_named(&[columns]).unwrap();
                            let found = library.columns(library.subject(subject).unwrap(), &crates);
                            !found.columns[0].functions.is_empty()
                        }
                    };
                    assert!(shown, "{}", place.href);
                }
            }
        }
    }
}

/// Whatever an order is placed with: who reads the page sees what is asked for, in which order, and what can be refused.
#[test]
fn placing_an_order_goes_through_the_helpers_of_the_service_to_every_repository() {
    let library = embedded();
    let parts = parts(library, "orders.create", "rocket", "redis");
    let stops: Vec<_> = parts.iter().flat_map(|part| &part.stops).collect();
    let stop = |title: &str| *stops.iter().find(|stop| stop.title == title).unwrap();
    let places = |title: &str| stop(title).places.iter().map(|place| place.name.as_str()).collect::<Vec<_>>();
    let slugs = |title: &str| stop(title).refusals.iter().map(|kind| kind.slug).collect::<Vec<_>>();
    assert!(places("Validate").contains(&"CreateOrderRequest"), "{:?}", places("Validate"));
    let service = places("Service");
    assert_eq!(service[..3], ["OrderService::create", "OrderService::placed_before", "OrderService::place"]);
    assert!(service.contains(&"OrderService::products_of") && service.contains(&"AuthService::confirm"), "{service:?}");
    assert_eq!(
        places("Repository"),
        [
            "OrderRepository::find_by_key",
            "UserRepository::find",
            "ProductRepository::find_many",
            "OrderRepository::place"
        ]
    );
    assert!(places("Store").contains(&"scripts::place_order"), "{:?}", places("Store"));
    assert!(slugs("Validate").contains(&"validation") && !slugs("Validate").contains(&"idempotency-key-reused"));
    assert_eq!(slugs("Service"), ["insufficient-stock", "idempotency-key-reused"]);
}
