//! A server that is timed, as a process of its own, and the programs that are waited for.

use crate::error::BenchError;
use crate::usage;
use contract::client::{Client, Limits};
use contract::request::Request;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// Longest wait for a server to answer for the first time.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Longest wait for it to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// So often its log is looked at while it starts.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A server is idle that used at most so much processor time (two ticks of Linux' clock) from one look to the next.
const IDLE_SECONDS: f64 = 0.02;
const IDLE_LOOK: Duration = Duration::from_millis(100);
const IDLE_LOOKS: usize = 100;

/// A server that answers.
pub(crate) struct Server {
    pub address: SocketAddr,
    /// From the start of the process to the first answer.
    pub start_millis: f64,
    child: Child,
    id: u32,
    log: PathBuf,
}

impl Server {
    /// Starts a program that says `listening on http://ADDRESS`, and waits for its first answer. Its log goes to a file, as
    /// that of a service would, not through this process, whose work would be counted for the machine's.
    ///
    /// # Errors
    /// [`BenchError::Start`] with the end of its log.
    pub(crate) async fn start(subject: &str, mut command: Command, log: &Path) -> Result<Self, BenchError> {
        let failed = |reason: String| BenchError::Start { subject: subject.to_owned(), reason };
        let output = std::fs::File::create(log).map_err(BenchError::of_file(log))?;
        let errors = output.try_clone()?;
        command.stdin(Stdio::piped()).stdout(output).stderr(errors);
        let begun = Instant::now();
        let mut child = own_group(&mut command).spawn().map_err(|error| failed(error.to_string()))?;
        let id = child.id().unwrap_or_default();
        let deadline = begun + START_TIMEOUT;
        let address = loop {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            if let Some(address) = address_in(&said) {
                break address;
            }
            if child.try_wait()?.is_some() {
                return Err(failed(last_words(&said)));
            }
            if Instant::now() > deadline {
                return Err(failed(format!("it does not say within {} s where it listens", START_TIMEOUT.as_secs())));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        };
        let client = client(address)?;
        while client.send(&Request::new("GET", "/api/hello")).await.is_err() {
            if Instant::now() > deadline {
                return Err(failed(format!("it does not answer at {address}")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let start_millis = begun.elapsed().as_secs_f64() * 1_000.0;
        Ok(Self { address, start_millis, child, id, log: log.to_owned() })
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> Option<usage::Usage> {
        // With its children: gunicorn serves by processes.
        usage::of_tree(self.id)
    }

    /// Waits until it has nothing to do any more: what a warm-up has left in its queues would be timed with the next requests.
    pub(crate) async fn idle(&self) {
        for _ in 0..IDLE_LOOKS {
            let before = self.usage();
            tokio::time::sleep(IDLE_LOOK).await;
            let used = before.zip(self.usage()).map(|(before, after)| after.cpu_seconds - before.cpu_seconds);
            if used.is_none_or(|used| used <= IDLE_SECONDS) {
                return;
            }
        }
    }

    /// The end of its log, if it has ended by itself.
    pub(crate) fn last_words(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        let said = std::fs::read_to_string(&self.log).unwrap_or_default();
        Some(format!("it ended ({status}): {}", last_words(&said)))
    }

    /// Ends it: by the end of its standard input or by SIGTERM, whichever it knows, else by SIGKILL.
    pub(crate) async fn stop(mut self) {
        drop(self.child.stdin.take());
        terminate(self.id).await;
        if tokio::time::timeout(STOP_TIMEOUT, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
        let _ = std::fs::remove_file(&self.log);
    }
}

/// A client that asks beside the load.
pub(crate) fn client(address: SocketAddr) -> Result<Client, BenchError> {
    let client = Client::new(&format!("http://{address}")).map_err(|error| BenchError::Answer(error.to_string()))?;
    Ok(client.with_limits(Limits { time: Duration::from_secs(30), body: 4 * 1024 * 1024 }))
}

/// Of its own process group: Ctrl-C in a terminal is for the benchmark alone, which then ends them in order.
fn own_group(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    command.process_group(0);
    command.kill_on_drop(true)
}

async fn terminate(id: u32) {
    let mut kill = Command::new("kill");
    let _ = kill.args(["-TERM", &id.to_string()]).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
}

fn address_in(log: &str) -> Option<SocketAddr> {
    let (_, rest) = log.split_once("listening on http://")?;
    // Half a line is not an address yet.
    let (address, _) = rest.split_once(['"', ' ', '\n', '/', ')'])?;
    address.trim().parse().ok()
}

/// The last lines of what a program said.
pub(crate) fn last_words(said: &str) -> String {
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(3)..).unwrap_or_default().join(" / ");
    if last.is_empty() { "it said nothing".to_owned() } else { last.trim_start_matches("error: ").to_owned() }
}

/// What a program did that was waited for.
pub(crate) struct Finished {
    pub stdout: String,
    /// Processor time of the program, as far as it could be watched.
    pub cpu_seconds: Option<f64>,
}

/// So often a program is looked at: what it used is no longer there when it has ended.
const WATCH_EVERY: Duration = Duration::from_millis(20);

/// Runs a program to its end. It is killed if this is dropped.
///
/// # Errors
/// [`BenchError::Program`] with what it said if it cannot be started or fails.
pub(crate) async fn run(mut command: Command) -> Result<Finished, BenchError> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let program = Path::new(&program).file_name().map_or(program.clone(), |name| name.to_string_lossy().into_owned());
    let failed = |reason: String| BenchError::Program { program: program.clone(), reason };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = own_group(&mut command).spawn().map_err(|error| failed(error.to_string()))?;
    let id = child.id().unwrap_or_default();
    let mut used = None;
    let output = child.wait_with_output();
    tokio::pin!(output);
    let mut watch = tokio::time::interval(WATCH_EVERY);
    let output = loop {
        tokio::select! {
            output = &mut output => break output.map_err(|error| failed(error.to_string()))?,
            _ = watch.tick() => used = usage::of_process(id).or(used),
        }
    };
    if !output.status.success() {
        let said = format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        return Err(failed(last_words(&said)));
    }
    Ok(Finished {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        cpu_seconds: used.map(|used| used.cpu_seconds),
    })
}

#[cfg(test)]
mod tests {
    use super::{Server, address_in, last_words, run};
    use tokio::process::Command;

    #[test]
    fn an_address_is_read_from_a_line_that_is_whole() {
        let line = r#"{"level":"INFO","message":"listening on http://127.0.0.1:41234"}"#;
        assert_eq!(address_in(line), Some(([127, 0, 0, 1], 41234).into()));
        assert_eq!(address_in("listening on http://127.0.0.1:4123\n"), Some(([127, 0, 0, 1], 4123).into()));
        assert_eq!(address_in("listening on http://127.0.0.1:41"), None);
    }

    #[test]
    fn last_words_are_the_last_lines() {
        assert_eq!(last_words("a\nb\n\nc\nd\n"), "b / c / d");
        assert_eq!(last_words("error: no memory\n"), "no memory");
        assert_eq!(last_words(""), "it said nothing");
    }

    #[tokio::test]
    async fn a_program_that_fails_is_told_with_what_it_said() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such table >&2; exit 3"]);
        let error = run(command).await.err().unwrap().to_string();
        assert_eq!(error, "sh failed: no such table");
    }

    #[tokio::test]
    async fn a_server_that_ends_at_once_is_told_with_what_it_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo 'error: the port is taken' >&2; exit 1"]);
        let error = Server::start("x", command, &folder.path().join("x.log")).await.err().unwrap();
        assert_eq!(error.to_string(), "x did not start: the port is taken");
    }
}
