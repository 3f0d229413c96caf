//! The nouns of the contract, with the rules that hold for them wherever they are kept.

mod time;
mod user;

pub use time::Timestamp;
pub use user::{EmailKey, PasswordHash, Role, User, UserId};
