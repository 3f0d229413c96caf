//! Services: permission first, then the business rules, then the store. One method an operation, called by exactly one
//! handler in each framework.

mod auth;
mod changes;
mod hello;
mod orders;
mod products;
mod reports;
mod setup;
mod system;
mod users;

pub use auth::{AuthService, Caller};
pub use changes::Found;
pub use hello::HelloService;
pub use orders::{OrderService, Placed};
pub use products::ProductService;
pub use reports::ReportService;
pub use setup::{SetupError, create_demo_admin, create_demo_data, create_first_admin};
pub use system::SystemService;
pub use users::UserService;
