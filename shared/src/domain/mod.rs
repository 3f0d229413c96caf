//! The nouns of the contract, with the rules that hold for them wherever they are kept.

mod id;
mod order;
mod pricing;
mod product;
mod report;
mod time;
mod user;

pub use id::{OrderId, ProductId, UserId};
pub use order::{Customer, Order, OrderLine, OrderStatus};
pub use pricing::{Priced, price};
pub use product::{AttributeValue, Attributes, Number, Product};
pub use report::CategorySales;
pub use time::{Day, Timestamp};
pub use user::{EmailKey, PasswordHash, Role, User};
