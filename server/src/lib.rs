//! The composition root: one framework + one store + configuration = one process.
//!
//! This is the only crate that sees both frameworks and stores. Each is a feature, so that one variant can be built
//! without the others: `cargo run -p server --no-default-features --features axum,diesel`.

mod framework;
mod lifecycle;
mod settings;
mod store;

pub use framework::Framework;
pub use lifecycle::{StartError, interrupted, run};
pub use settings::VariantSettings;
pub use store::{Database, Store, StoreChoice};
