//! Everything that a framework crate is given: services to call, and what its middleware needs.

use crate::cors::Cors;
use crate::drain::Drain;
use crate::passwords::Passwords;
use crate::repository::Repositories;
use crate::services::{
    AuthService, HelloService, OrderService, ProductService, ReportService, SystemService, UserService,
};
use crate::telemetry::Telemetry;
use crate::tokens::Tokens;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// The services of the API, one for each heading of the contract.
pub struct Services {
    /// Hello.
    pub hello: HelloService,
    /// Registration, sign-in, token check.
    pub auth: Arc<AuthService>,
    /// Users.
    pub users: Arc<UserService>,
    /// Products.
    pub products: Arc<ProductService>,
    /// Orders.
    pub orders: Arc<OrderService>,
    /// Reports.
    pub reports: Arc<ReportService>,
    /// Health, metrics, traces.
    pub system: Arc<SystemService>,
}

impl Services {
    /// The services over these repositories.
    pub fn new(
        repositories: Repositories,
        passwords: Arc<Passwords>,
        tokens: Tokens,
        telemetry: Arc<Telemetry>,
    ) -> Self {
        let Repositories { users, products, orders, reports, store } = repositories;
        let auth = Arc::new(AuthService::new(users.clone(), passwords.clone(), tokens));
        Self {
            hello: HelloService,
            auth: auth.clone(),
            products: Arc::new(ProductService::new(products.clone(), auth.clone())),
            orders: Arc::new(OrderService::new(orders, products, users.clone(), auth.clone())),
            reports: Arc::new(ReportService::new(reports)),
            users: Arc::new(UserService::new(users, passwords, auth)),
            system: Arc::new(SystemService::new(store, telemetry)),
        }
    }
}

/// An application, for a framework to serve. Cloning it is cheap and gives the same application: axum does so several times a
/// request, where counting each part's owners would cost more than the answer.
#[derive(Clone)]
pub struct App(Arc<Parts>);

impl App {
    /// The application made of these.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What an application is made of.
pub struct Parts {
    /// What handlers call.
    pub services: Services,
    /// What begins and ends the record of a request.
    pub telemetry: Arc<Telemetry>,
    /// What counts requests in flight and ends the server.
    pub drain: Drain,
    /// Cross-origin rules.
    pub cors: Cors,
    /// Longest wait for a body.
    pub body_timeout: Duration,
    /// Longest wait for requests in flight at the end.
    pub shutdown_timeout: Duration,
    /// Threads that serve requests.
    pub workers: usize,
}
