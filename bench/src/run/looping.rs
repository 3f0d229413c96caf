//! Timing once what is no server: a driver's own loop, or a database's own benchmark.

use super::{Runner, Timing};
use crate::candidate::Candidate;
use crate::check::Acknowledged;
use crate::error::BenchError;
use crate::result::{Load, Run};
use crate::yardsticks;

impl Runner {
    pub(super) async fn time_loop(
        &mut self,
        candidate: &Candidate,
        timing: Timing,
        url: &str,
        load: Load,
    ) -> Result<Vec<Run>, BenchError> {
        let before = self.content_before(candidate, None, url, timing).await?;
        let seconds = (self.plan.seconds, self.plan.warm_up_seconds);
        let Timing { users, connections, .. } = timing;
        let counted =
            yardsticks::run(candidate, &self.launcher, &self.folder, url, users, connections, seconds).await?;
        let mut run = self.run_of(&candidate.subject.name, timing, load, &counted);
        if let Some(before) = before {
            // It ends by itself, with nothing under way, and says how often it did it in all.
            let done = counted.unique.unwrap_or(counted.requests);
            let acknowledged = Acknowledged { least: done, most: done };
            run.failure = self.holds(candidate, None, url, timing, &before, &acknowledged).await?.err();
        }
        Ok(vec![run])
    }
}
