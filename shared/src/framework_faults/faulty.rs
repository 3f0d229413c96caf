//! A store with faults, for the tests beside.

use crate::context::RequestContext;
use crate::domain::{CategorySales, EmailKey, Order, OrderId, Product, ProductId, User, UserId};
use crate::repository::{OrderQuery, OrderRepository, PoolStatus, ProductQuery, ProductRepository, ReportRepository};
use crate::repository::{Repositories, SalesQuery, Store, StoreError, UserQuery, UserRepository};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// A store whose look for an address hangs for a while, and whose sign of life is a panic; otherwise it is empty.
struct Faulty;

/// All of its repositories.
pub(super) fn repositories() -> Repositories {
    Repositories {
        users: Arc::new(Faulty),
        products: Arc::new(Faulty),
        orders: Arc::new(Faulty),
        reports: Arc::new(Faulty),
        store: Arc::new(Faulty),
    }
}

#[async_trait]
impl UserRepository for Faulty {
    async fn list(&self, _: &RequestContext, _: &UserQuery) -> Result<Vec<User>, StoreError> {
        Ok(Vec::new())
    }

    async fn insert(&self, _: &RequestContext, _: &User) -> Result<(), StoreError> {
        Ok(())
    }

    async fn find(&self, _: &RequestContext, _: UserId) -> Result<Option<User>, StoreError> {
        Ok(None)
    }

    async fn find_by_email(&self, _: &RequestContext, _: &EmailKey) -> Result<Option<User>, StoreError> {
        tokio::time::sleep(Duration::from_millis(400)).await;
        Ok(None)
    }

    async fn update(&self, _: &RequestContext, _: &User, _: i64) -> Result<(), StoreError> {
        Ok(())
    }

    async fn delete(&self, _: &RequestContext, _: UserId, _: i64) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl ProductRepository for Faulty {
    async fn list(&self, _: &RequestContext, _: &ProductQuery) -> Result<Vec<Product>, StoreError> {
        Ok(Vec::new())
    }

    async fn insert(&self, _: &RequestContext, _: &Product) -> Result<(), StoreError> {
        Ok(())
    }

    async fn find(&self, _: &RequestContext, _: ProductId) -> Result<Option<Product>, StoreError> {
        Ok(None)
    }

    async fn find_many(&self, _: &RequestContext, _: &[ProductId]) -> Result<Vec<Product>, StoreError> {
        Ok(Vec::new())
    }

    async fn update(&self, _: &RequestContext, _: &Product, _: i64) -> Result<(), StoreError> {
        Ok(())
    }

    async fn delete(&self, _: &RequestContext, _: ProductId, _: i64) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl OrderRepository for Faulty {
    async fn list(&self, _: &RequestContext, _: &OrderQuery) -> Result<Vec<Order>, StoreError> {
        Ok(Vec::new())
    }

    async fn place(&self, _: &RequestContext, _: &Order) -> Result<(), StoreError> {
        Ok(())
    }

    async fn find(&self, _: &RequestContext, _: OrderId) -> Result<Option<Order>, StoreError> {
        Ok(None)
    }

    async fn find_by_key(&self, _: &RequestContext, _: UserId, _: &str) -> Result<Option<Order>, StoreError> {
        Ok(None)
    }

    async fn update(&self, _: &RequestContext, _: &Order, _: &Order) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl ReportRepository for Faulty {
    async fn sales(&self, _: &RequestContext, _: &SalesQuery) -> Result<Vec<CategorySales>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Store for Faulty {
    async fn ping(&self, _: &RequestContext) -> Result<(), StoreError> {
        panic!("the store panics on purpose")
    }

    fn pool(&self) -> PoolStatus {
        PoolStatus::default()
    }

    async fn close(&self) {}
}
