//! One function an operation, each in three steps: extract, call one service method, respond.

pub mod auth;
pub mod hello;
pub mod orders;
pub mod products;
pub mod reports;
pub mod system;
pub mod users;
