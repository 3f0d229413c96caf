//! The conformance suite of the API that `openapi.yaml` describes.
//!
//! It speaks HTTP to a base URL and knows nothing else of the server behind it: no framework, no store, no crate of
//! this workspace. A backend in another language can be held to it as it is.
//!
//! - [`request`] is what is sent, [`client`] sends it, [`answer`] holds what came back and the assertions on it;
//! - [`schema`] and [`rules`] are what every answer of every case must satisfy;
//! - [`world`] gives a case its users and tokens, its products and orders, [`forge`] the tokens that must be refused;
//! - [`cases`] are the cases, one module a heading; read `cases/hello.rs` first;
//! - [`login_timing`] measures what no case can hold firmly;
//! - [`session`] is one long script, [`differential`] compares its transcripts from several servers byte for byte.
//!
//! It is no load test and no fuzzer: it measures nothing, and each of its requests was thought of by a person.

#![forbid(unsafe_code)]

pub mod answer;
pub mod cases;
pub mod client;
pub mod differential;
pub mod forge;
mod goods;
pub mod login_timing;
pub mod normalise;
mod people;
pub mod request;
pub mod rules;
pub mod schema;
pub mod session;
mod wire;
pub mod world;

pub use answer::{CaseError, Outcome};
pub use cases::Case;
pub use people::Left;
pub use world::{Credentials, World};
