//! Open loop: `oha` at a fixed rate, with latency corrected for coordinated omission. Without a rate it closes the loop.

use super::Counted;
use crate::error::BenchError;
use crate::process;
use crate::result::Latency;
use crate::workload::{Prepared, UNIQUE};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// An `oha` that is ready to run.
pub(crate) struct Oha {
    program: PathBuf,
    folder: PathBuf,
    pub threads: usize,
}

/// A load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OhaLoad {
    /// Requests a second; none where each connection's next request follows its answer.
    pub rate: Option<f64>,
    pub connections: usize,
    pub seconds: u64,
    /// The status of a success.
    pub status: u16,
    /// A number that no other run over this database has.
    pub run: u64,
}

/// What `oha --output-format json` prints, as far as it is used here; times in seconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Printed {
    summary: Summary,
    latency_percentiles: BTreeMap<String, Option<f64>>,
    status_code_distribution: BTreeMap<String, u64>,
    error_distribution: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct Summary {
    total: f64,
    slowest: Option<f64>,
}

impl Oha {
    /// Keeps its requests in `folder`.
    pub(crate) fn new(program: PathBuf, threads: usize, folder: &Path) -> Self {
        Self { program, folder: folder.to_owned(), threads }
    }

    /// Sends the requests, drawn by chance. All of them have one method and one token.
    ///
    /// # Errors
    /// If `oha` fails, or there is no request.
    pub(crate) async fn run(
        &self,
        address: SocketAddr,
        name: &str,
        requests: &[Prepared],
        load: OhaLoad,
    ) -> Result<Counted, BenchError> {
        let failed = |reason: String| BenchError::Program { program: "oha".to_owned(), reason };
        let first = requests.first().ok_or_else(|| failed("there is nothing to send".to_owned()))?;
        let urls: Vec<String> = requests.iter().map(|request| format!("http://{address}{}", request.path)).collect();
        let urls = self.write(&format!("{name}.urls"), &urls)?;
        let mut command = Command::new(&self.program);
        command
            .args(["--no-tui", "--output-format", "json", "--no-color", "-w", "--redirect", "0"])
            .args(["-z", &format!("{}s", load.seconds)])
            .args(["-c", &load.connections.to_string(), "--worker-threads", &self.threads.to_string()])
            .args(["-t", "20s", "-m", first.method]);
        if let Some(rate) = load.rate {
            command.args(["--latency-correction", "-q", &rate.to_string()]);
        }
        if let Some(token) = &first.token {
            command.args(["-H", &format!("Authorization: Bearer {token}")]);
        }
        if first.body.is_some() {
            let body = |(number, request): (usize, &Prepared)| {
                let unique = format!("{:03}99{number:07}", load.run % 1_000);
                request.body.as_deref().unwrap_or_default().replace(UNIQUE, &unique)
            };
            let bodies: Vec<String> = requests.iter().enumerate().map(body).collect();
            command.args(["-T", "application/json"]).arg("-Z").arg(self.write(&format!("{name}.bodies"), &bodies)?);
        }
        command.arg("--urls-from-file").arg(urls);
        let finished = process::run(command).await?;
        counted(&finished.stdout, load.status, finished.cpu_seconds).map_err(failed)
    }

    fn write(&self, name: &str, lines: &[String]) -> Result<PathBuf, BenchError> {
        let path = self.folder.join(name);
        std::fs::write(&path, lines.join("\n")).map_err(BenchError::of_file(&path))?;
        Ok(path)
    }
}

fn counted(stdout: &str, status: u16, cpu_seconds: Option<f64>) -> Result<Counted, String> {
    let printed: Printed = serde_json::from_str(stdout).map_err(|error| error.to_string())?;
    let status = status.to_string();
    let requests = printed.status_code_distribution.get(&status).copied().unwrap_or_default();
    let others = printed.status_code_distribution.iter().filter(|(other, _)| **other != status);
    let errors = others.map(|(_, count)| count).sum::<u64>() + printed.error_distribution.values().sum::<u64>();
    let millis = |name: &str| printed.latency_percentiles.get(name).copied().flatten().map(|seconds| seconds * 1_000.0);
    let latency = || {
        Some(Latency {
            p50: millis("p50")?,
            p90: millis("p90")?,
            p99: millis("p99")?,
            p999: millis("p99.9")?,
            max: printed.summary.slowest? * 1_000.0,
        })
    };
    Ok(Counted { seconds: printed.summary.total, requests, errors, unique: None, latency: latency(), cpu_seconds })
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn only_the_status_of_a_success_counts() {
        let said = r#"{"summary":{"successRate":1.0,"total":2.0,"slowest":0.02},
            "latencyPercentiles":{"p50":0.001,"p90":0.002,"p99":0.003,"p99.9":0.004,"p99.99":null},
            "statusCodeDistribution":{"201":90,"409":4},"errorDistribution":{"connection refused":1}}"#;
        let counted = counted(said, 201, Some(0.5)).unwrap();
        assert_eq!((counted.requests, counted.errors, counted.seconds), (90, 5, 2.0));
        let latency = counted.latency.unwrap();
        assert_eq!((latency.p50, latency.p999, latency.max), (1.0, 4.0, 20.0));
        assert!(super::counted("error", 200, None).is_err());
    }
}
