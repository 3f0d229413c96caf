//! Closed loop: `wrk` with a Lua script that sends prepared requests.

use super::Counted;
use crate::error::BenchError;
use crate::process;
use crate::result::Latency;
use crate::workload::Prepared;
use serde::Deserialize;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::process::Command;

const SCRIPT: &str = include_str!("load.lua");

/// A `wrk` that is ready to run.
pub(crate) struct Wrk {
    program: PathBuf,
    script: PathBuf,
    folder: PathBuf,
    pub threads: usize,
}

/// What the script prints; latencies in microseconds.
#[derive(Deserialize)]
struct Printed {
    requests: u64,
    refused: u64,
    broken: u64,
    unique: u64,
    micros: u64,
    p50: u32,
    p90: u32,
    p99: u32,
    p999: u32,
    max: u32,
}

impl Wrk {
    /// Keeps its script and its requests in `folder`.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub(crate) fn new(program: PathBuf, threads: usize, folder: &Path) -> Result<Self, BenchError> {
        let script = folder.join("load.lua");
        std::fs::write(&script, SCRIPT).map_err(BenchError::of_file(&script))?;
        Ok(Self { program, script, folder: folder.to_owned(), threads })
    }

    /// Writes requests where [`Wrk::run`] finds them.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub(crate) fn write(&self, name: &str, requests: &[Prepared]) -> Result<PathBuf, BenchError> {
        let path = self.folder.join(format!("{name}.lua"));
        let mut text = String::from("return {\n");
        for request in requests {
            let _ = writeln!(text, "{},", lua_string(&request.raw()));
        }
        text.push_str("}\n");
        std::fs::write(&path, text).map_err(BenchError::of_file(&path))?;
        Ok(path)
    }

    /// Sends requests for some whole seconds. `run` is a number that no other run over this database has.
    ///
    /// # Errors
    /// If `wrk` fails.
    pub(crate) async fn run(
        &self,
        address: SocketAddr,
        requests: &Path,
        connections: usize,
        seconds: u64,
        run: u64,
    ) -> Result<Counted, BenchError> {
        let threads = threads(self.threads, connections);
        let mut command = Command::new(&self.program);
        command
            .args(["--threads", &threads.to_string(), "--connections", &connections.to_string()])
            .args(["--duration", &format!("{seconds}s"), "--timeout", "20s", "--latency"])
            .arg("--script")
            .arg(&self.script)
            .arg(format!("http://{address}"))
            .arg("--")
            .arg(requests)
            .arg((run % 1_000).to_string());
        let finished = process::run(command).await?;
        counted(&finished.stdout, finished.cpu_seconds)
            .map_err(|reason| BenchError::Program { program: "wrk".to_owned(), reason })
    }
}

/// The script numbers threads with two digits.
const THREADS_MAX: usize = 64;

/// How many threads: `wrk` gives all the same number of connections and leaves out what remains, so they must divide.
fn threads(most: usize, connections: usize) -> usize {
    (1..=most.clamp(1, THREADS_MAX)).rev().find(|threads| connections.is_multiple_of(*threads)).unwrap_or(1)
}

fn counted(stdout: &str, cpu_seconds: Option<f64>) -> Result<Counted, String> {
    let line = stdout.lines().rev().find(|line| line.starts_with('{')).ok_or_else(|| process::last_words(stdout))?;
    let printed: Printed = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let millis = |micros: u32| f64::from(micros) / 1_000.0;
    let latency = Latency {
        p50: millis(printed.p50),
        p90: millis(printed.p90),
        p99: millis(printed.p99),
        p999: millis(printed.p999),
        max: millis(printed.max),
    };
    Ok(Counted {
        seconds: std::time::Duration::from_micros(printed.micros).as_secs_f64(),
        requests: printed.requests.saturating_sub(printed.refused),
        errors: printed.refused + printed.broken,
        unique: Some(printed.unique),
        latency: (printed.requests > 0).then_some(latency),
        cpu_seconds,
    })
}

/// A Lua string literal of this text (Lua 5.1, section 2.1).
fn lua_string(text: &str) -> String {
    let mut literal = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => {
                literal.push('\\');
                literal.push(char::from(byte));
            }
            b' '..=b'~' => literal.push(char::from(byte)),
            _ => {
                let _ = write!(literal, "\\{byte:03}");
            }
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::{counted, lua_string, threads};

    #[test]
    fn threads_share_all_connections() {
        for (most, connections, expected) in
            [(2, 64, 2), (6, 16, 4), (12, 64, 8), (12, 1, 1), (8, 7, 7), (128, 256, 64), (0, 4, 1)]
        {
            assert_eq!(threads(most, connections), expected, "{most} threads, {connections} connections");
        }
    }

    #[test]
    fn a_request_is_written_as_lua_reads_it() {
        assert_eq!(lua_string("a \"b\"\\\r\né"), r#""a \"b\"\\\013\010\195\169""#);
    }

    #[test]
    fn refused_requests_do_not_count() {
        let said = "Running 2s test @ http://127.0.0.1:1\n  Requests/sec: 5\n\
            {\"requests\":100,\"refused\":3,\"broken\":1,\"unique\":0,\"micros\":2000000,\"p50\":1500,\"p90\":2000,\"p99\":2500,\"p999\":3000,\"max\":4000}\n";
        let counted = counted(said, None).unwrap();
        assert_eq!((counted.requests, counted.errors, counted.seconds), (97, 4, 2.0));
        assert_eq!(counted.latency.unwrap().p50, 1.5);
        assert!(super::counted("unable to connect\n", None).unwrap_err().contains("unable to connect"));
    }
}
