//! Tokens: by themselves, and as a request's header is checked.

use super::at_once;
use async_trait::async_trait;
use criterion::{BatchSize, Criterion};
use shared::context::RequestContext;
use shared::demo;
use shared::domain::{EmailKey, Timestamp, User, UserId};
use shared::passwords::Passwords;
use shared::problem::Problem;
use shared::repository::{StoreError, UserQuery, UserRepository};
use shared::services::AuthService;
use shared::tokens::{LIFETIME_SECONDS, TokenError, Tokens};
use std::sync::Arc;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

pub fn check(criterion: &mut Criterion) {
    let user = demo::user(1, demo::unusable_hash());
    let tokens = new_tokens(SECRET);
    let now = Timestamp::now();
    let long_ago = Timestamp::from_millis(now.as_millis() - (LIFETIME_SECONDS + 60) * 1_000).unwrap();
    let good = tokens.issue(&user, now).unwrap();
    let expired = tokens.issue(&user, long_ago).unwrap();
    let forged = new_tokens(b"another secret of thirty-two bytes!!").issue(&user, now).unwrap();
    assert!(tokens.verify(&good).is_ok());
    assert_eq!(tokens.verify(&expired).unwrap_err(), TokenError::Expired);
    assert_eq!(tokens.verify(&forged).unwrap_err(), TokenError::Invalid);

    let mut group = criterion.benchmark_group("tokens");
    group.bench_function("issue", |bencher| bencher.iter(|| tokens.issue(&user, now)));
    // A good one is remembered: what its first request costs is another figure than what the next ones do.
    let first = |tokens: &mut Tokens| tokens.verify(&good);
    group.bench_function("verify/first", |bencher| {
        bencher.iter_batched_ref(|| new_tokens(SECRET), first, BatchSize::SmallInput);
    });
    for (name, token) in [("again", &good), ("expired", &expired), ("forged", &forged), ("none", &String::new())] {
        group.bench_function(format!("verify/{name}"), |bencher| bencher.iter(|| tokens.verify(token)));
    }

    // The time limit for the store is tokio's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let auth = AuthService::new(Arc::new(OneUser(user)), Arc::new(Passwords::start(1).unwrap()), tokens);
    let context = RequestContext::internal("bench");
    let authenticate = |header: &str| at_once(auth.authenticate(&context, Some(header)));
    let header = |token: &str| format!("Bearer {token}");
    assert!(authenticate(&header(&good)).is_ok());
    assert!(matches!(authenticate(&header(&expired)), Err(Problem::TokenExpired)));
    assert!(matches!(authenticate(&header(&forged)), Err(Problem::TokenInvalid)));
    for (name, token) in [("again", &good), ("expired", &expired), ("forged", &forged)] {
        let header = header(token);
        group.bench_function(format!("authenticate/{name}"), |bencher| bencher.iter(|| authenticate(&header)));
    }
    group.finish();
}

fn new_tokens(secret: &[u8]) -> Tokens {
    Tokens::new(secret, "issuer", "audience")
}

/// A store that knows one user and answers at once.
struct OneUser(User);

#[async_trait]
impl UserRepository for OneUser {
    async fn list(&self, _context: &RequestContext, _query: &UserQuery) -> Result<Vec<User>, StoreError> {
        Ok(vec![self.0.clone()])
    }

    async fn insert(&self, _context: &RequestContext, _user: &User) -> Result<(), StoreError> {
        Err(StoreError::EmailTaken)
    }

    async fn find(&self, _context: &RequestContext, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(Some(self.0.clone()).filter(|user| user.id == id))
    }

    async fn find_by_email(&self, _context: &RequestContext, email_key: &EmailKey) -> Result<Option<User>, StoreError> {
        Ok(Some(self.0.clone()).filter(|user| user.email_key() == *email_key))
    }

    async fn update(&self, _context: &RequestContext, _user: &User, _expected_version: i64) -> Result<(), StoreError> {
        Err(StoreError::VersionConflict)
    }

    async fn delete(&self, _context: &RequestContext, _id: UserId, _expected_version: i64) -> Result<(), StoreError> {
        Err(StoreError::VersionConflict)
    }
}
