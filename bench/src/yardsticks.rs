//! What figures are measured by: recorded answers for hyper, and the drivers' and databases' own loops.

use crate::candidate::{Candidate, Program};
use crate::dataset::{self, ACTIVE_USERS, CUSTOMERS};
use crate::error::BenchError;
use crate::generator::Counted;
use crate::launcher::Launcher;
use crate::process::{self, last_words};
use crate::result::Latency;
use crate::workload::Prepared;
use contract::client::Client;
use contract::request::Request;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use tokio::process::Command;

/// What belongs to the connection or the moment, not to the answer: hyper says these itself.
const OWN_HEADERS: [&str; 6] = ["connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"];

/// An answer as the program `baselines hyper` takes it.
///
/// # Errors
/// If there is none.
pub(crate) async fn recorded(client: &Client, prepared: &Prepared, request: &Request) -> Result<Value, BenchError> {
    let answer = client.send(request).await.map_err(|error| BenchError::Answer(error.to_string()))?;
    let kept = answer.headers.iter().filter(|(name, _)| !OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()));
    let headers: Vec<[&str; 2]> = kept.map(|(name, value)| [name.as_str(), value.as_str()]).collect();
    let path = prepared.path.split('?').next().unwrap_or_default();
    // Any id is answered alike.
    let path = match path.rsplit_once('/') {
        Some((parent, id)) if id.len() == 36 => format!("{parent}/"),
        _ => path.to_owned(),
    };
    Ok(json!({
        "method": prepared.method,
        "path": path,
        "status": answer.status,
        "headers": headers,
        "body": answer.text(),
    }))
}

/// What a loop of the program `baselines` prints.
#[derive(Deserialize)]
struct Printed {
    requests: u64,
    /// What it did in all, before and after the counted time, too.
    done: u64,
    errors: u64,
    seconds: f64,
    latency_ms: Option<Latency>,
    cpu_seconds: Option<f64>,
}

/// Runs a yardstick that is no server.
///
/// # Errors
/// If it fails, or cannot be had.
pub(crate) async fn run(
    candidate: &Candidate,
    launcher: &Launcher,
    folder: &Path,
    database_url: &str,
    users: u64,
    connections: usize,
    (seconds, warm_up_seconds): (u64, u64),
) -> Result<Counted, BenchError> {
    match &candidate.program {
        Program::Loop(name) => {
            // Threads of SQLite are as many as the servers have; theirs of Argon2id are one a core, however many serve requests.
            let pool = launcher.pool_of(candidate).unwrap_or(launcher.workers);
            let tasks = if *name == "argon2id" { launcher.cores } else { connections };
            let mut command = Command::new(&launcher.baselines);
            command
                .args(["loop", name, "--tasks", &tasks.to_string(), "--seconds", &seconds.to_string()])
                .args(["--warm-up-seconds", &warm_up_seconds.to_string(), "--database-url", database_url])
                .args(["--connections", &pool.to_string()])
                .arg("--ids")
                .arg(ids(folder, users, if *name == "sqlite-order" { CUSTOMERS } else { ACTIVE_USERS })?);
            let finished = process::run(command).await?;
            let line = finished.stdout.lines().last().unwrap_or_default();
            let failed = |reason| BenchError::Program { program: (*name).to_owned(), reason };
            let printed: Printed = serde_json::from_str(line).map_err(|_| failed(last_words(&finished.stdout)))?;
            Ok(Counted {
                seconds: printed.seconds,
                requests: printed.requests,
                errors: printed.errors,
                unique: Some(printed.done),
                latency: printed.latency_ms,
                cpu_seconds: printed.cpu_seconds.or(finished.cpu_seconds),
            })
        }
        Program::Pgbench => pgbench(database_url, connections, seconds, launcher.workers).await,
        Program::RedisBenchmark => redis_benchmark(database_url, connections).await,
        _ => Err(BenchError::Answer(format!("{} is a server", candidate.subject.name))),
    }
}

/// The ids of the first users, who are read, or whose the orders are.
fn ids(folder: &Path, users: u64, most: u64) -> Result<std::path::PathBuf, BenchError> {
    let count = users.min(most);
    let path = folder.join(format!("ids-{count}"));
    if !path.exists() {
        let ids: Vec<String> = (1..=count).map(|number| dataset::user_id(number).to_string()).collect();
        std::fs::write(&path, ids.join("\n")).map_err(BenchError::of_file(&path))?;
    }
    Ok(path)
}

/// `pgbench -S -M prepared`: one row by its key, the statement prepared once, in a database of its own (scale 1: 100,000 rows).
async fn pgbench(database_url: &str, connections: usize, seconds: u64, threads: usize) -> Result<Counted, BenchError> {
    let mut fill = Command::new("pgbench");
    fill.args(["--initialize", "--quiet", "--scale", "1", database_url]);
    let missing = |error: BenchError| match error {
        BenchError::Program { reason, .. } if reason.contains("No such file") => BenchError::Missing {
            program: "pgbench",
            remedy: "install PostgreSQL's programs (Debian: apt-get install postgresql-contrib)".to_owned(),
        },
        error => error,
    };
    process::run(fill).await.map_err(missing)?;
    let mut command = Command::new("pgbench");
    command
        .args(["--select-only", "--protocol", "prepared", "--no-vacuum"])
        .args(["--client", &connections.to_string(), "--jobs", &threads.min(connections).to_string()])
        .args(["--time", &seconds.to_string(), database_url]);
    let finished = process::run(command).await?;
    let value = |name: &str| {
        let line = finished.stdout.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().find_map(|word| word.parse::<f64>().ok())
    };
    let rate = value("tps = ");
    let count = value("number of transactions actually processed: ");
    let (Some(rate), Some(count)) = (rate, count) else {
        return Err(BenchError::Program { program: "pgbench".to_owned(), reason: last_words(&finished.stdout) });
    };
    Ok(Counted {
        seconds: count / rate,
        requests: count as u64,
        errors: 0,
        unique: None,
        latency: None,
        cpu_seconds: finished.cpu_seconds,
    })
}

/// So many requests `redis-benchmark` sends: it knows no duration.
const REDIS_REQUESTS: u64 = 200_000;

/// The key of the first user, as `store-redis` names it.
fn user_key(database_url: &str) -> String {
    let query = database_url.split_once('?').map_or("", |(_, query)| query);
    let prefix = query.split('&').find_map(|option| option.strip_prefix("prefix=")).unwrap_or("stackdiff");
    format!("{{{prefix}}}:user:{}", dataset::user_id(1))
}

/// `redis-benchmark`, asking for what the variants ask for: one user, whole.
async fn redis_benchmark(database_url: &str, connections: usize) -> Result<Counted, BenchError> {
    let failed =
        |reason: &str| BenchError::Program { program: "redis-benchmark".to_owned(), reason: reason.to_owned() };
    let address = server::host_and_port(database_url).ok_or_else(|| failed("the URL names no server"))?;
    let (host, port) = address.rsplit_once(':').ok_or_else(|| failed("the URL names no port"))?;
    let mut command = Command::new("redis-benchmark");
    command.args(["-h", host, "-p", port, "-n", &REDIS_REQUESTS.to_string(), "-c", &connections.to_string(), "--csv"]);
    command.args(["HGETALL", &user_key(database_url)]);
    let finished = process::run(command).await?;
    let line = finished
        .stdout
        .lines()
        .find(|line| line.starts_with("\"HGETALL "))
        .ok_or_else(|| failed("it says nothing of HGETALL"))?;
    let numbers: Vec<f64> = line.split(',').filter_map(|field| field.trim_matches('"').parse().ok()).collect();
    // Requests a second; then milliseconds: mean, least, p50, p95, p99, most.
    let [rate, ..] = numbers.as_slice() else { return Err(failed("it says no rate")) };
    Ok(Counted {
        seconds: REDIS_REQUESTS as f64 / rate,
        requests: REDIS_REQUESTS,
        errors: 0,
        unique: None,
        latency: None,
        cpu_seconds: finished.cpu_seconds,
    })
}
