//! One child process a variant, of this very executable: each can be stopped, measured and compared alone.

use super::{LabError, START_TIMEOUT, STOP_TIMEOUT};
use clap::{Arg, Args, ValueEnum};
use serde::Serialize;
use server::{Framework, Store, VariantSettings};
use shared::config::Secret;
use shared::repository::prepare_private_file;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::Mutex;

/// The frameworks that were built in.
pub(super) fn frameworks() -> impl Iterator<Item = Framework> {
    Framework::value_variants().iter().copied()
}

/// A variant to start.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    pub framework: Framework,
    pub store: Store,
    pub database_url: String,
    pub listen: SocketAddr,
}

impl Launch {
    /// `axum-diesel-sqlite`.
    pub(super) fn name(&self) -> String {
        format!("{}-{}", self.framework, self.store)
    }
}

/// A variant as the page and the terminal show it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Variant {
    pub name: String,
    pub framework: String,
    pub store: String,
    pub address: SocketAddr,
    pub process_id: Option<u32>,
    /// `ready`, `not ready`, or how the process ended.
    pub status: String,
}

struct Running {
    variant: Variant,
    child: Mutex<Child>,
}

/// The variants that run.
pub(super) struct Variants(Vec<Running>);

impl Variants {
    /// Starts them all, with one token secret: a token of one is good at the others.
    ///
    /// # Errors
    /// [`LabError::Variant`] with what the first one that failed said; the others are stopped.
    pub(super) async fn start(launches: Vec<Launch>, secret: &Secret, logs: &Path) -> Result<Self, LabError> {
        let mut running = Vec::new();
        for launch in launches {
            running.push(start(&launch, secret, logs).await?);
        }
        Ok(Self(running))
    }

    /// The variants as they were started.
    pub(super) fn list(&self) -> impl Iterator<Item = &Variant> {
        self.0.iter().map(|running| &running.variant)
    }

    /// The variants as they are now: each is asked whether it is ready.
    pub(super) async fn statuses(&self) -> Vec<Variant> {
        let mut variants = Vec::new();
        for running in &self.0 {
            let ended = running.child.lock().await.try_wait();
            let status = match ended {
                Ok(Some(status)) => format!("ended, {status}"),
                _ if is_ready(running.variant.address).await => "ready".to_owned(),
                _ => "not ready".to_owned(),
            };
            variants.push(Variant { status, ..running.variant.clone() });
        }
        variants
    }

    /// Ends them all: each finishes what is in flight, and is killed if that takes too long. What was answered is safe
    /// either way, because the stores answer after they have committed.
    pub(super) async fn stop(&self) {
        for running in &self.0 {
            drop(running.child.lock().await.stdin.take());
        }
        let deadline = tokio::time::Instant::now() + STOP_TIMEOUT;
        for running in &self.0 {
            let mut child = running.child.lock().await;
            if tokio::time::timeout_at(deadline, child.wait()).await.is_err() {
                let _ = child.kill().await;
            }
        }
    }
}

/// The variables that a variant would take settings from. The lab's environment may hold some of them, meant for
/// another program or for a variant that is run alone.
fn settings_variables() -> impl Iterator<Item = OsString> {
    let flags = VariantSettings::augment_args(clap::Command::new("server"));
    let named: Vec<_> = flags.get_arguments().filter_map(Arg::get_env).map(OsString::from).collect();
    named.into_iter().chain(["JWT_SECRET", "ADMIN_PASSWORD"].map(OsString::from))
}

async fn start(launch: &Launch, secret: &Secret, logs: &Path) -> Result<Running, LabError> {
    let name = launch.name();
    let mut command = Command::new(std::env::current_exe()?);
    for name in settings_variables() {
        command.env_remove(name);
    }
    command
        .args(["server", "--stop-on-stdin-close", "--trace"])
        .args(["--framework", &launch.framework.to_string(), "--store", &launch.store.to_string()])
        .args(["--database-url", &launch.database_url, "--listen", &launch.listen.to_string()])
        // Below `info`, the log does not say where the variant listens.
        .args(["--log", "info", "--log-format", "json"])
        .env("JWT_SECRET", secret.expose())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let failed = |reason: String| LabError::Variant { variant: name.clone(), reason };
    let Some(stdout) = child.stdout.take() else { return Err(failed("it has no output".to_owned())) };
    let mut lines = BufReader::new(stdout);
    let log_path = logs.join(format!("{name}.log"));
    prepare_private_file(&log_path)?;
    let mut log = tokio::fs::File::create(&log_path).await?;

    let listening = tokio::time::timeout(START_TIMEOUT, listening(&mut lines, &mut log)).await;
    let in_time = listening.is_ok();
    let Some(address) = listening.unwrap_or_default() else {
        // What it said is complete when it has ended.
        let _ = child.start_kill();
        let mut said = String::new();
        if let Some(stderr) = &mut child.stderr {
            let _ = tokio::time::timeout(Duration::from_secs(1), stderr.read_to_string(&mut said)).await;
        }
        let _ = log.flush().await;
        return Err(failed(reason(&said, in_time, &log_path)));
    };
    tokio::spawn(async move { tokio::io::copy(&mut lines, &mut log).await });
    if let Some(mut stderr) = child.stderr.take() {
        tokio::spawn(async move { tokio::io::copy(&mut stderr, &mut tokio::io::stderr()).await });
    }
    let variant = Variant {
        name,
        framework: launch.framework.to_string(),
        store: launch.store.to_string(),
        address,
        process_id: child.id(),
        status: "ready".to_owned(),
    };
    Ok(Running { variant, child: Mutex::new(child) })
}

/// Why a variant did not start: what it said on its standard error, or where to look if it said nothing.
fn reason(said: &str, in_time: bool, log: &Path) -> String {
    let log = log.display();
    match said.trim().trim_start_matches("error: ") {
        "" if in_time => format!("it ended before it said where it listens; its log is {log}"),
        "" => format!("it did not say within {} s where it listens; its log is {log}", START_TIMEOUT.as_secs()),
        said => said.to_owned(),
    }
}

/// Reads the log until the line that says where the variant listens; none if the log ends before.
async fn listening(lines: &mut BufReader<ChildStdout>, log: &mut tokio::fs::File) -> Option<SocketAddr> {
    let mut line = String::new();
    while lines.read_line(&mut line).await.ok()? > 0 {
        log.write_all(line.as_bytes()).await.ok()?;
        if let Some((_, rest)) = line.split_once("listening on http://") {
            return rest.split(['"', ' ']).next()?.trim().parse().ok();
        }
        line.clear();
    }
    None
}

/// Asks a variant whether it and its store answer.
async fn is_ready(address: SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n").await.ok()?;
        let mut status_line = String::new();
        BufReader::new(stream).read_line(&mut status_line).await.ok()?;
        status_line.starts_with("HTTP/1.1 200 ").then_some(())
    };
    tokio::time::timeout(Duration::from_secs(2), ask).await.is_ok_and(|answer| answer.is_some())
}

#[cfg(test)]
mod tests {
    use super::{reason, settings_variables};
    use std::path::Path;

    #[test]
    fn there_is_always_a_reason() {
        let log = Path::new("logs/x.log");
        assert_eq!(reason("error: no memory\n", true, log), "no memory");
        assert_eq!(reason("", true, log), "it ended before it said where it listens; its log is logs/x.log");
        assert_eq!(reason(" \n", false, log), "it did not say within 30 s where it listens; its log is logs/x.log");
    }

    #[test]
    fn no_setting_of_a_variant_comes_from_the_labs_environment() {
        let names: Vec<_> = settings_variables().filter_map(|name| name.into_string().ok()).collect();
        for name in ["FRAMEWORK", "STORE", "DATABASE_URL", "LISTEN", "SEED_DEMO", "LOG", "LOG_FORMAT", "WORKERS"]
            .into_iter()
            .chain(["JWT_SECRET", "JWT_SECRET_FILE", "ADMIN_EMAIL", "ADMIN_PASSWORD", "STORE_TIMEOUT_MS"])
        {
            assert!(names.iter().any(|known| known == name), "{name} is not in {names:?}");
        }
    }
}
