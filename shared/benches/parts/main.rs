//! What each part of a request costs by itself: `cargo bench -p shared`, or `cargo bench -p shared -- tokens` for some.
//!
//! A regression shows here before a server is started, in the part that has it. What a request costs as a whole is the
//! comparison benchmark's to say: parts that are each fast may wait for each other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod bodies;
mod lists;
mod problems;
mod requests;
mod tokens;

use criterion::{criterion_group, criterion_main};
use futures_util::FutureExt;

criterion_group!(parts, bodies::read, tokens::check, problems::render, lists::page, requests::surround);
criterion_main!(parts);

/// What a future that waits for nothing comes to. A runtime's own share would be more than most parts take.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("a part of a request waited")
}
