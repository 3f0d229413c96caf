//! Verify, then time: the conformance suite before everything else.

use crate::error::BenchError;
use crate::result::Verified;
use contract::{Case, Credentials, World};
use futures_util::{StreamExt as _, stream};
use std::net::SocketAddr;

/// So many cases run side by side.
const AT_ONCE: usize = 8;

/// Runs cases against a server on a database of its own.
///
/// # Errors
/// If nothing can be run at all.
pub(crate) async fn verify(
    address: SocketAddr,
    credentials: &Credentials,
    cases: Vec<Case>,
) -> Result<Verified, BenchError> {
    let world = World::new(&format!("http://{address}"), credentials.clone());
    let world = world.map_err(|error| BenchError::Answer(error.to_string()))?;
    let count = cases.len();
    let running = cases.into_iter().map(|case| {
        let world = &world;
        async move { case.run(world).await.err().map(|error| format!("{}: {error}", case.name())) }
    });
    let failures: Vec<String> = stream::iter(running).buffered(AT_ONCE).filter_map(std::future::ready).collect().await;
    if failures.is_empty() {
        return Ok(Verified::Passed { cases: count });
    }
    Ok(Verified::Failed { cases: count, failures })
}
