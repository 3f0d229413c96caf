//! The composition root: one framework + one store + configuration = one process.
//!
//! This is the only crate that sees both frameworks and stores. Each is a feature, so that one variant can be built
//! without the others: `cargo run -p server --no-default-features --features axum,diesel`.

// The futures of ten drivers are inside of each other: an optimised build looks further into them than 128 steps.
#![recursion_limit = "256"]

mod databases;
mod framework;
mod lifecycle;
mod settings;
mod store;

pub use databases::{DatabaseUrls, host_and_port};
pub use framework::Framework;
pub use lifecycle::{StartError, interrupted, on_stdin_close, run};
pub use settings::VariantSettings;
pub use store::{Database, Store, StoreChoice};

/// Of every program that serves a variant. What a request is given is often freed by another thread than the one that took it,
/// and the system's allocator makes such threads wait for each other: that was a fifth of what a read from SQLite costs. The
/// yardsticks have the same. Without huge pages (its feature `no_thp`), which would double a small service's memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
