//! Products: everybody sees them, admins change them.

use super::auth::{AuthService, Caller};
use super::changes::{Found, TRIES_MAX, Turns};
use crate::context::{Layer, RequestContext};
use crate::domain::{Product, ProductId, Timestamp};
use crate::dto::{ListProductsQuery, ProductRequest, ProductResponse};
use crate::paging::Page;
use crate::precondition::{IfMatch, IfNoneMatch};
use crate::problem::Problem;
use crate::repository::{ProductQuery, ProductRepository, StoreError};
use std::sync::Arc;

/// Lists, creates, finds, replaces and deletes products.
pub struct ProductService {
    products: Arc<dyn ProductRepository>,
    auth: Arc<AuthService>,
    turns: Turns,
}

impl ProductService {
    /// Keeps products in `products` and asks `auth` before it changes any.
    pub fn new(products: Arc<dyn ProductRepository>, auth: Arc<AuthService>) -> Self {
        Self { products, auth, turns: Turns::default() }
    }

    /// `GET /api/products`: a page, for everybody.
    ///
    /// # Errors
    /// That of an overloaded or unavailable server, here as in every method.
    pub async fn list(
        &self,
        context: &RequestContext,
        query: ListProductsQuery,
    ) -> Result<Page<ProductResponse>, Problem> {
        let _timer = context.enter(Layer::Service);
        let ListProductsQuery { limit, after, category } = query;
        // One more than asked for: its being there is what says that there is a next page.
        let wanted = ProductQuery { category, after, limit: limit + 1 };
        let products = context.store(self.products.list(context, &wanted)).await?;
        let filter = wanted.category.as_deref().map(|category| ("category", category));
        Ok(Page::of(products, limit, "/api/products", filter, |product| product.id.as_bytes()))
    }

    /// `POST /api/products`: by admins.
    ///
    /// # Errors
    /// [`Problem::Forbidden`], [`Problem::SkuTaken`].
    pub async fn create(
        &self,
        context: &RequestContext,
        caller: Caller,
        request: ProductRequest,
    ) -> Result<ProductResponse, Problem> {
        let _timer = context.enter(Layer::Service);
        self.auth.confirm(context, caller).await?;
        admin(caller)?;
        let product = new_product(request);
        context.store(self.products.insert(context, &product)).await?;
        Ok(product.into())
    }

    /// `GET /api/products/{id}`: for everybody.
    ///
    /// # Errors
    /// [`Problem::NotFound`].
    pub async fn find(
        &self,
        context: &RequestContext,
        id: &str,
        if_none_match: &IfNoneMatch,
    ) -> Result<Found<ProductResponse>, Problem> {
        let _timer = context.enter(Layer::Service);
        let product = self.read(context, id).await?;
        Ok(Found::of(product.version, product, if_none_match))
    }

    /// `PUT /api/products/{id}`: everything but id, version and times, by admins.
    ///
    /// # Errors
    /// [`Problem::Forbidden`], [`Problem::NotFound`], [`Problem::PreconditionFailed`], [`Problem::SkuTaken`],
    /// [`Problem::EditConflict`].
    pub async fn replace(
        &self,
        context: &RequestContext,
        caller: Caller,
        id: &str,
        if_match: &IfMatch,
        request: ProductRequest,
    ) -> Result<ProductResponse, Problem> {
        let _timer = context.enter(Layer::Service);
        self.auth.confirm(context, caller).await?;
        admin(caller)?;
        let _turn = self.turns.take(context, id, if_match).await?;
        let mut product = new_product(request);
        for _ in 0..TRIES_MAX {
            let stored = self.read(context, id).await?;
            if_match.check(stored.version)?;
            (product.id, product.version, product.created_at) = (stored.id, stored.version + 1, stored.created_at);
            // A clock that was set back must not make a change older than the one before.
            product.updated_at = Timestamp::now().max(stored.updated_at);
            match context.store(self.products.update(context, &product, stored.version)).await {
                // Others changed it at the same time, or ordered some of it.
                Err(StoreError::VersionConflict) => {}
                outcome => {
                    outcome?;
                    return Ok(product.into());
                }
            }
        }
        Err(Problem::EditConflict)
    }

    /// `DELETE /api/products/{id}`: by admins. Orders of it keep their copies.
    ///
    /// # Errors
    /// [`Problem::Forbidden`], [`Problem::NotFound`], [`Problem::PreconditionFailed`], [`Problem::EditConflict`].
    pub async fn delete(
        &self,
        context: &RequestContext,
        caller: Caller,
        id: &str,
        if_match: &IfMatch,
    ) -> Result<(), Problem> {
        let _timer = context.enter(Layer::Service);
        self.auth.confirm(context, caller).await?;
        admin(caller)?;
        let _turn = self.turns.take(context, id, if_match).await?;
        for _ in 0..TRIES_MAX {
            let product = self.read(context, id).await?;
            if_match.check(product.version)?;
            match context.store(self.products.delete(context, product.id, product.version)).await {
                Err(StoreError::VersionConflict) => {}
                outcome => return Ok(outcome?),
            }
        }
        Err(Problem::EditConflict)
    }

    async fn read(&self, context: &RequestContext, id: &str) -> Result<Product, Problem> {
        let id = ProductId::parse(id).ok_or(Problem::NotFound)?;
        context.store(self.products.find(context, id)).await?.ok_or(Problem::NotFound)
    }
}

/// A product as it is first kept.
fn new_product(request: ProductRequest) -> Product {
    let ProductRequest { sku, name, category, price_cents, stock, attributes } = request;
    let now = Timestamp::now();
    Product {
        id: ProductId::generate(),
        sku,
        name: name.trim().to_owned(),
        category: category.trim().to_owned(),
        price_cents,
        stock,
        attributes,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn admin(caller: Caller) -> Result<(), Problem> {
    caller.must_be_admin("Only admins change products")
}
