//! Timing one server once: start it, put the load on, look after it.

use super::looking::Loaded;
use super::rates::not_kept;
use super::{Runner, Timing};
use crate::candidate::Candidate;
use crate::check::sample;
use crate::error::BenchError;
use crate::generator::{Counted, OhaLoad};
use crate::process::Server;
use crate::result::{Load, Run};
use crate::settings::GeneratorKind;
use crate::usage;
use crate::workload::{Prepared, SIGNING_IN, Workload, prepare};
use server::Database;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::Path;

impl Runner {
    pub(super) async fn time_server(
        &mut self,
        candidate: &Candidate,
        timing: Timing,
        requests: &[Prepared],
        file: &Path,
        url: &str,
        load: Load,
    ) -> Result<Vec<Run>, BenchError> {
        let Timing { workload, connections, .. } = timing;
        let name = candidate.subject.name.clone();
        let command = self.launcher.command(candidate, url)?;
        let mut server = Server::start(&name, command, &self.folder.join(format!("{name}.log"))).await?;
        if self.plan.warm_up_seconds > 0 {
            self.run_number += 1;
            self.wrk.run(server.address, file, connections, self.plan.warm_up_seconds, self.run_number).await?;
            server.idle().await;
        }
        let before = self.look_before(candidate, server.address, url, timing).await?;
        self.run_number += 1;
        let database = self.database_process(candidate, url);
        let (server_before, database_before) = (server.usage(), database.and_then(usage::of_tree));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let sampling = sample(server.address, workload, requests, candidate.keeps(), self.run_number, stopped);
        let loading = async {
            let counted = self.load(server.address, workload, requests, file, connections, load).await;
            let _ = stop.send(());
            counted
        };
        let (counted, samples) = tokio::join!(loading, sampling);
        let (server_after, database_after) = (server.usage(), database.and_then(usage::of_tree));
        if let Some(words) = server.last_words() {
            return Err(BenchError::Start { subject: name, reason: words });
        }
        let (counted, samples) = (counted?, samples?);
        let cpu =
            |after: Option<usage::Usage>, before: Option<usage::Usage>| Some(after?.cpu_seconds - before?.cpu_seconds);
        let mut runs: Vec<Run> = Vec::new();
        for (part, of_part) in &counted {
            let mut run = self.run_of(&name, timing, load, of_part);
            if counted.len() > 1 {
                // Parts have latencies of their own; whose of them the server's time was, nobody can tell.
                run.workload = format!("{}-{}", workload.name(), part.name());
            }
            let not_kept = || not_kept(load, workload, *part, self.plan.seconds, of_part);
            run.failure = samples.bad.clone().or_else(not_kept);
            runs.push(run);
        }
        if workload == Workload::Mix && counted.len() > 1 {
            // What the server's time was spent on: the parts keep their shares. Not so of reads and sign-ins, each as fast as it
            // can: there the time of a thousand requests would say how many of them happened to be reads.
            let failure = runs.iter().find_map(|run| run.failure.clone());
            runs.push(Run { failure, ..self.run_of(&name, timing, load, &whole(&counted)) });
        }
        for run in &mut runs {
            if run.workload == workload.name() {
                run.server_cpu_seconds = cpu(server_after, server_before);
                run.database_cpu_seconds = cpu(database_after, database_before);
            }
            run.start_millis = Some(server.start_millis);
            run.peak_memory_bytes = server_after.map(|usage| usage.peak_memory_bytes);
            run.file_memory_bytes = server_after.map(|usage| usage.file_memory_bytes);
        }
        let loaded = Loaded { counted: &counted, samples: &samples };
        if let Some(reason) = self.look_after(before, candidate, server.address, url, timing, loaded).await? {
            for run in &mut runs {
                run.failure.get_or_insert_with(|| reason.clone());
            }
        }
        server.stop().await;
        Ok(runs)
    }

    /// Puts the load on, and says what came of each of its parts.
    pub(super) async fn load(
        &self,
        address: SocketAddr,
        workload: Workload,
        requests: &[Prepared],
        file: &Path,
        connections: usize,
        load: Load,
    ) -> Result<Vec<(Workload, Counted)>, BenchError> {
        let (rate, oha) = match (load, &self.oha) {
            (Load::Open { rate, .. }, Some(oha)) => (Some(rate), oha),
            (Load::Closed, Some(oha)) if self.plan.generator == GeneratorKind::Oha && workload.is_sent_by_oha() => {
                (None, oha)
            }
            _ => return self.load_by_wrk(address, workload, file, connections).await,
        };
        let parts = workload.at_fixed_rate();
        let sending = parts.iter().map(|(part, share)| {
            let own: Vec<Prepared> =
                requests.iter().filter(|request| workload.of_request(request) == *part).cloned().collect();
            let load = OhaLoad {
                rate: rate.map(|rate| rate * share),
                connections: connections.div_ceil(parts.len()),
                seconds: self.plan.seconds,
                status: part.status(),
                run: self.run_number,
            };
            async move { oha.run(address, part.name(), &own, load).await.map(|counted| (*part, counted)) }
        });
        futures_util::future::try_join_all(sending).await
    }

    async fn load_by_wrk(
        &self,
        address: SocketAddr,
        workload: Workload,
        file: &Path,
        connections: usize,
    ) -> Result<Vec<(Workload, Counted)>, BenchError> {
        let run = |file, connections| self.wrk.run(address, file, connections, self.plan.seconds, self.run_number);
        if workload != Workload::LoginMix {
            return Ok(vec![(workload, run(file, connections).await?)]);
        }
        let logins = self.wrk.write("beside", &prepare(Workload::Login, 0, &self.callers))?;
        let (reads, logins) = tokio::try_join!(run(file, connections), run(&logins, SIGNING_IN))?;
        Ok(vec![(Workload::ReadOne, reads), (Workload::Login, logins)])
    }

    /// The process of the database, if it is a server on this machine.
    pub(super) fn database_process(&self, candidate: &Candidate, url: &str) -> Option<u32> {
        let database = candidate.store?.database();
        if matches!(database, Database::Memory | Database::Sqlite) {
            return None;
        }
        let address = server::host_and_port(url)?.to_socket_addrs().ok()?.next()?;
        address.ip().is_loopback().then(|| usage::listening_on(address)).flatten()
    }
}

/// The parts of a load together. There is no latency: percentiles of parts cannot be added.
fn whole(parts: &[(Workload, Counted)]) -> Counted {
    let nothing = Counted { cpu_seconds: Some(0.0), ..Counted::default() };
    parts.iter().fold(nothing, |sum, (_, part)| Counted {
        seconds: sum.seconds.max(part.seconds),
        requests: sum.requests + part.requests,
        errors: sum.errors + part.errors,
        cpu_seconds: sum.cpu_seconds.zip(part.cpu_seconds).map(|(sum, seconds)| sum + seconds),
        ..sum
    })
}

#[cfg(test)]
mod tests {
    use super::whole;
    use crate::generator::Counted;
    use crate::result::Latency;
    use crate::workload::Workload;

    #[test]
    fn the_whole_has_what_can_be_added() {
        let latency = Some(Latency { p50: 1.0, p90: 1.0, p99: 1.0, p999: 1.0, max: 1.0 });
        let part = |requests, errors, seconds| {
            let cpu_seconds = Some(0.5);
            (Workload::ReadOne, Counted { seconds, requests, errors, latency, cpu_seconds, ..Counted::default() })
        };
        let parts = [part(80, 1, 3.0), part(20, 2, 3.1)];
        let cpu_seconds = Some(1.0);
        let expected = Counted { seconds: 3.1, requests: 100, errors: 3, cpu_seconds, ..Counted::default() };
        assert_eq!(whole(&parts), expected);
    }
}
