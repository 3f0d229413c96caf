//! Services: permission first, then the business rules, then the store. One method an operation, called by exactly one
//! handler in each framework.

mod auth;
mod hello;
mod setup;
mod system;
mod users;

pub use auth::{AuthService, Caller};
pub use hello::HelloService;
pub use setup::{SetupError, create_demo_admin, create_demo_users, create_first_admin};
pub use system::SystemService;
pub use users::{Found, UserService};
