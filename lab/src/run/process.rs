//! One variant as a child process of this very executable: it can be stopped, measured and compared alone.

use super::log::Log;
use super::{START_TIMEOUT, STOP_TIMEOUT};
use server::{Framework, Store, VariantSettings};
use shared::config::Secret;
use shared::repository::prepare_private_file;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufWriter, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// So often the log files are brought up to date.
const FLUSH_EVERY: Duration = Duration::from_millis(250);

/// A variant to start.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub framework: Framework,
    pub store: Store,
    pub database_url: String,
    pub listen: SocketAddr,
    pub log_path: PathBuf,
}

impl Launch {
    /// `axum-diesel-sqlite`.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.framework, self.store)
    }

    /// The server that the data is in, as people call it; none for what needs none.
    pub(crate) fn server(&self) -> Option<&'static str> {
        let database = self.store.database();
        database.service().map(|_| database.title())
    }
}

/// What all variants are given.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// What tokens are signed with: a token of one variant is good at the others.
    pub token: Secret,
    /// The hash of the demo users' password, in PHC's string format.
    pub demo_hash: Secret,
}

/// A variant that listens.
pub(super) struct Process {
    pub address: SocketAddr,
    pub id: Option<u32>,
    child: Child,
}

impl Process {
    /// Starts a variant and waits until it listens. What it logs goes to its file and to `log`.
    ///
    /// # Errors
    /// What it said instead of listening.
    pub(super) async fn start(launch: &Launch, secrets: &Secrets, log: Arc<Log>) -> Result<Self, String> {
        let mut child = spawn(launch, secrets).map_err(|error| error.to_string())?;
        let Some(stdout) = child.stdout.take() else { return Err("it has no output".to_owned()) };
        let mut lines = BufReader::new(stdout).lines();
        let mut file = open_log(launch).await.map_err(|error| format!("{}: {error}", launch.log_path.display()))?;

        let listening = tokio::time::timeout(START_TIMEOUT, listening(&mut lines, &mut file, &log)).await;
        let in_time = listening.is_ok();
        let _ = file.flush().await;
        let Some(address) = listening.unwrap_or_default() else {
            // What it said is complete when it has ended.
            let _ = child.start_kill();
            let mut said = String::new();
            if let Some(stderr) = &mut child.stderr {
                let _ = tokio::time::timeout(Duration::from_secs(1), stderr.read_to_string(&mut said)).await;
            }
            return Err(reason(&said, in_time, launch));
        };
        tokio::spawn(async move { follow(&mut lines, &mut file, &log).await });
        if let Some(mut stderr) = child.stderr.take() {
            tokio::spawn(async move { tokio::io::copy(&mut stderr, &mut tokio::io::stderr()).await });
        }
        Ok(Self { address, id: child.id(), child })
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks it to end: it finishes what is in flight.
    pub(super) fn ask_to_stop(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Waits until it has ended, and kills it if that takes too long. What was answered is safe either way, because the
    /// stores answer after they have committed.
    pub(super) async fn stop(&mut self) {
        self.ask_to_stop();
        if tokio::time::timeout(STOP_TIMEOUT, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

fn spawn(launch: &Launch, secrets: &Secrets) -> std::io::Result<Child> {
    let mut command = Command::new(executable()?);
    // The lab's environment may hold some of them, meant for another program or for a variant that is run alone.
    for name in VariantSettings::variables() {
        command.env_remove(name);
    }
    command
        .args(["server", "--stop-on-stdin-close", "--trace", "--seed-demo"])
        .args(["--framework", &launch.framework.to_string(), "--store", &launch.store.to_string()])
        .args(["--listen", &launch.listen.to_string()])
        // Below `info`, the log does not say where the variant listens.
        .args(["--log", "info", "--log-format", "json"])
        // It may hold a password, and everybody on the machine sees the arguments of a process.
        .env("DATABASE_URL", &launch.database_url)
        .env("JWT_SECRET", secrets.token.expose())
        .env("DEMO_PASSWORD_HASH", secrets.demo_hash.expose())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command.spawn()
}

/// This very program, also after another one was built in its place: then Linux still has it under this name.
pub(crate) fn executable() -> std::io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    let running = PathBuf::from("/proc/self/exe");
    if !path.exists() && running.exists() { Ok(running) } else { Ok(path) }
}

/// The variant's log of this start; that of the last one is written over.
async fn open_log(launch: &Launch) -> std::io::Result<BufWriter<File>> {
    prepare_private_file(&launch.log_path)?;
    File::create(&launch.log_path).await.map(BufWriter::new)
}

/// Keeps all lines until the log ends. The file is written a few times a second, not for each line: under load a variant
/// logs thousands of them.
async fn follow(lines: &mut Lines<BufReader<ChildStdout>>, file: &mut BufWriter<File>, log: &Log) {
    let mut pause = tokio::time::interval(FLUSH_EVERY);
    loop {
        tokio::select! {
            line = lines.next_line() => match line {
                Ok(Some(line)) => keep(&line, file, log).await,
                _ => break,
            },
            _ = pause.tick() => drop(file.flush().await),
        }
    }
    let _ = file.flush().await;
}

async fn keep(line: &str, file: &mut BufWriter<File>, log: &Log) {
    log.push(line);
    // A full disk must not stop the variant: its log can still be read on the page.
    let _ = file.write_all(line.as_bytes()).await;
    let _ = file.write_all(b"\n").await;
}

/// Reads the log until the line that says where the variant listens; none if the log ends before.
async fn listening(
    lines: &mut Lines<BufReader<ChildStdout>>,
    file: &mut BufWriter<File>,
    log: &Log,
) -> Option<SocketAddr> {
    while let Some(line) = lines.next_line().await.ok()? {
        keep(&line, file, log).await;
        if let Some((_, rest)) = line.split_once("listening on http://") {
            return rest.split(['"', ' ']).next()?.trim().parse().ok();
        }
    }
    None
}

/// Why a variant did not start: what it said on its standard error, or where to look if it said nothing.
fn reason(said: &str, in_time: bool, launch: &Launch) -> String {
    let log = launch.log_path.display();
    match said.trim().trim_start_matches("error: ") {
        "" if in_time => format!("it ended before it said where it listens; its log is {log}"),
        "" => format!("it did not say within {} s where it listens; its log is {log}", START_TIMEOUT.as_secs()),
        said => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Launch, reason};
    use server::{Framework, Store};

    #[test]
    fn there_is_always_a_reason() {
        let launch = Launch {
            framework: Framework::Axum,
            store: Store::Memory,
            database_url: String::new(),
            listen: ([127, 0, 0, 1], 0).into(),
            log_path: "logs/x.log".into(),
        };
        assert_eq!(reason("error: no memory\n", true, &launch), "no memory");
        assert_eq!(reason("", true, &launch), "it ended before it said where it listens; its log is logs/x.log");
        assert_eq!(reason(" \n", false, &launch), "it did not say within 30 s where it listens; its log is logs/x.log");
    }
}
