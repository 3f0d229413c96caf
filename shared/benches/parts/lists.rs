//! Lists: the query with its cursor, the page, and its JSON.

use criterion::{BatchSize, Criterion};
use shared::context::RequestContext;
use shared::demo;
use shared::domain::User;
use shared::dto::{ListProductsQuery, ListUsersQuery, UserResponse};
use shared::paging::{Page, take_cursor};
use shared::query::{Query, QueryParameters};

pub fn page(criterion: &mut Criterion) {
    let context = RequestContext::internal("bench");
    let cursor = page_of(users()).next.unwrap();
    let first = "limit=20".to_owned();
    let next = format!("limit=20&role=user&after={cursor}");
    let failing = "a=1&limit=x&after=&role=&limit=2".to_owned();
    let category = "limit=100&category=Home%20%26%20Garden".to_owned();
    assert!(ListUsersQuery::read(&context, Some(&next)).unwrap().after.is_some());
    assert!(ListUsersQuery::read(&context, Some(&failing)).is_err());
    assert!(ListProductsQuery::read(&context, Some(&category)).is_ok());

    let mut group = criterion.benchmark_group("lists");
    for (name, query) in [("first-page", &first), ("next-page", &next), ("4-failing-parameters", &failing)] {
        group.bench_function(format!("query/{name}"), |bencher| {
            bencher.iter(|| ListUsersQuery::read(&context, Some(query)));
        });
    }
    group.bench_function("query/category", |bencher| {
        bencher.iter(|| ListProductsQuery::read(&context, Some(&category)));
    });

    let cursor = format!("after={cursor}");
    group.bench_function("cursor", |bencher| {
        bencher.iter(|| take_cursor(&mut QueryParameters::parse(Some(&cursor))));
    });
    group.bench_function("page-of-20", |bencher| {
        let made = |users| {
            let page = page_of(users);
            (page.link(), page)
        };
        // Few at a time: they must come from the cache, as from a store that has just answered.
        bencher.iter_batched(users, made, BatchSize::NumIterations(20));
    });
    let page = page_of(users());
    group.bench_function("page-of-20-as-json", |bencher| bencher.iter(|| serde_json::to_vec(&page)));
    group.finish();
}

/// A page, and the one more that says that there is a next page.
fn users() -> Vec<User> {
    (1..=21).map(|number| demo::user(number, demo::unusable_hash())).collect()
}

fn page_of(users: Vec<User>) -> Page<UserResponse> {
    Page::of(users, 20, "/api/users", Some(("role", "user")), |user| user.id.as_bytes())
}
