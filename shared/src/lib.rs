//! What every variant has in common, and the only place where a rule lives.
//!
//! A request goes client → framework → **service → repository trait** → store → database; the two in the middle are
//! here. This crate names no web framework and no database driver, and [`problem`] is its only file that knows HTTP
//! status codes: everything else speaks of users, tokens and repositories.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`domain`] | users, ids, roles, points in time |
//! | [`dto`] | what travels in bodies and queries, with its validation |
//! | [`body`], [`query`], [`precondition`], [`paging`] | reading a request: the same verdict whatever framework read it |
//! | [`services`] | permission and business rules, one method an operation |
//! | [`repository`] | what a store must be able to do |
//! | [`tokens`], [`passwords`], [`attempts`] | JWT, Argon2id, failed sign-ins |
//! | [`problem`] | every error that a client can be told, RFC 9457 |
//! | [`context`], [`telemetry`] | what belongs to one request: id, timing, statements; logs, metrics, traces |
//! | [`config`], [`cors`], [`drain`], [`paths`], [`pages`] | configuration, cross-origin rules, shutdown, path equivalence, static pages |
//!
//! Read beside it: `framework-axum`, which calls the services, and `examples-sql/diesel`, which implements the
//! repositories.

pub mod app;
pub mod attempts;
pub mod body;
pub mod config;
pub mod context;
pub mod cors;
pub mod demo;
pub mod domain;
pub mod drain;
pub mod dto;
#[cfg(feature = "framework-faults")]
pub mod framework_faults;
pub mod pages;
pub mod paging;
pub mod passwords;
pub mod paths;
pub mod precondition;
pub mod problem;
pub mod query;
pub mod repository;
pub mod services;
#[cfg(feature = "store-contract")]
pub mod store_contract;
pub mod telemetry;
pub mod tokens;
pub mod validation;
