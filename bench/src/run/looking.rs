//! Looking at a subject before and after a load: what it says that it answered, and what its database holds.

use super::{Runner, Timing};
use crate::candidate::Candidate;
use crate::check::{Acknowledged, Content, Keeps, Samples, Statuses};
use crate::error::BenchError;
use crate::generator::Counted;
use crate::process::Server;
use crate::settings::Variant;
use crate::workload::Workload;
use server::Framework;
use std::net::SocketAddr;

/// What was seen before a load.
pub(super) struct Before {
    /// Of what its workload writes, if it writes anything.
    content: Option<Content>,
    /// Where the server counts its answers.
    statuses: Option<Statuses>,
}

/// What a load did.
pub(super) struct Loaded<'a> {
    pub counted: &'a [(Workload, Counted)],
    pub samples: &'a Samples,
}

impl Runner {
    /// Looks before a load.
    ///
    /// # Errors
    /// If the server, or the one that looks at its database, does not answer.
    pub(super) async fn look_before(
        &mut self,
        candidate: &Candidate,
        address: SocketAddr,
        url: &str,
        timing: Timing,
    ) -> Result<Before, BenchError> {
        let content = self.content_before(candidate, Some(address), url, timing).await?;
        // Last, since looking at the content is answered, too.
        let statuses = match candidate.keeps() {
            Keeps::Contract => Some(Statuses::of(address).await?),
            Keeps::Bodies | Keeps::Recording => None,
        };
        Ok(Before { content, statuses })
    }

    /// Looks after a load, and says what is not as it should be.
    ///
    /// # Errors
    /// As [`Self::look_before`].
    pub(super) async fn look_after(
        &mut self,
        before: Before,
        candidate: &Candidate,
        address: SocketAddr,
        url: &str,
        timing: Timing,
        Loaded { counted, samples }: Loaded<'_>,
    ) -> Result<Option<String>, BenchError> {
        let Timing { workload, connections, .. } = timing;
        let answered = match &before.statuses {
            Some(earlier) => {
                let statuses = Statuses::of(address).await?;
                statuses.account_for(earlier, workload, counted, samples, connections)
            }
            None => Ok(()),
        };
        let acknowledged = Acknowledged::of(workload, counted, samples, connections);
        let kept = match before.content {
            Some(earlier) => self.holds(candidate, Some(address), url, timing, &earlier, &acknowledged).await?,
            None => Ok(()),
        };
        Ok(answered.and(kept).err())
    }

    /// What the database holds of what this workload writes; nothing if it writes nothing, or there is no database.
    pub(super) async fn content_before(
        &mut self,
        candidate: &Candidate,
        address: Option<SocketAddr>,
        url: &str,
        timing: Timing,
    ) -> Result<Option<Content>, BenchError> {
        if !timing.workload.writes() || candidate.store.is_none() {
            return Ok(None);
        }
        let earlier = self.content.remove(&(url.to_owned(), timing.workload)).unwrap_or_default();
        self.content_now(candidate, address, url, timing, &earlier).await.map(Some)
    }

    /// Whether the database holds what was acknowledged since `earlier`.
    pub(super) async fn holds(
        &mut self,
        candidate: &Candidate,
        address: Option<SocketAddr>,
        url: &str,
        timing: Timing,
        earlier: &Content,
        acknowledged: &Acknowledged,
    ) -> Result<Result<(), String>, BenchError> {
        let after = self.content_now(candidate, address, url, timing, earlier).await?;
        let outcome = after.holds(earlier, timing.workload, acknowledged);
        self.content.insert((url.to_owned(), timing.workload), after);
        Ok(outcome)
    }

    /// A variant says itself what it holds. No other subject lists all that it writes, so a variant over the same store is started
    /// beside it, just to look: never while a load runs, since a SQLite file has one writer, and processes wait for each other.
    async fn content_now(
        &self,
        candidate: &Candidate,
        address: Option<SocketAddr>,
        url: &str,
        timing: Timing,
        earlier: &Content,
    ) -> Result<Content, BenchError> {
        let Timing { workload, users, .. } = timing;
        let settled = |address| Content::settled(address, workload, users, &self.callers, earlier);
        if let (Some(address), Keeps::Contract) = (address, candidate.keeps()) {
            return settled(address).await;
        }
        let name = format!("{}-looking", candidate.subject.name);
        let store = candidate.store.ok_or_else(|| BenchError::Answer(format!("{name}: there is no database")))?;
        let command = self.launcher.variant(Variant { framework: Framework::Axum, store }, url);
        let server = Server::start(&name, command, &self.folder.join(format!("{name}.log"))).await?;
        let content = settled(server.address).await;
        server.stop().await;
        content
    }
}
