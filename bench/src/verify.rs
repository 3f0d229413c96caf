//! Verify, then time: the conformance suite before everything else.

use crate::error::BenchError;
use crate::result::Verified;
use contract::{Credentials, World, cases};
use futures_util::{StreamExt as _, stream};
use std::net::SocketAddr;

/// So many cases run side by side.
const AT_ONCE: usize = 8;

/// So many failures are told; more of them say the same.
const TOLD: usize = 5;

/// Runs all cases against a server on a database of its own.
///
/// # Errors
/// If nothing can be run at all.
pub(crate) async fn verify(address: SocketAddr, credentials: &Credentials) -> Result<Verified, BenchError> {
    let world = World::new(&format!("http://{address}"), credentials.clone());
    let world = world.map_err(|error| BenchError::Answer(error.to_string()))?;
    let all = cases::all();
    let count = all.len();
    let running = all.into_iter().map(|case| {
        let world = &world;
        async move { case.run(world).await.err().map(|error| format!("{}: {error}", case.name())) }
    });
    let failures: Vec<String> = stream::iter(running).buffered(AT_ONCE).filter_map(std::future::ready).collect().await;
    if failures.is_empty() {
        return Ok(Verified::Passed { cases: count });
    }
    let failed = failures.len();
    let mut told: Vec<String> = failures.into_iter().take(TOLD).collect();
    if failed > TOLD {
        told.push(format!("and {} more", failed - TOLD));
    }
    Ok(Verified::Failed { cases: count, failures: told })
}
