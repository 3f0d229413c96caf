//! The executable that holds one variant alone: how large it is, and how long it takes to build.

use super::FactError;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// So many of cargo's last lines are told where a build fails.
const LINES_TOLD: usize = 20;

/// What a build begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// With nothing, in a folder of its own that is removed afterwards: only then its time means something.
    Fresh,
    /// With what earlier builds left in `target/bench-builds`. Not in `target/release`, whose features differ: each build
    /// would undo the other's work.
    Incremental,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Built {
    /// The size of the executable, without symbols.
    pub bytes: u64,
    /// How long the build took.
    pub seconds: f64,
}

/// Builds the server with one framework and one store, for release and stripped. `on_line` gets what cargo says meanwhile.
/// Whoever drops this before it is done ends the build.
///
/// # Errors
/// If cargo is not there, or the build fails: then with the last of what cargo said.
pub async fn build(
    root: &Path,
    framework: &str,
    store: &str,
    build: Build,
    on_line: impl FnMut(&str) + Send,
) -> Result<Built, FactError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| FactError::File { path, source }
    };
    // Beside the other target folders, and not where the system keeps small files: this one comes to a gigabyte.
    let own = match build {
        Build::Fresh => {
            let target = root.join("target");
            std::fs::create_dir_all(&target).map_err(failed(&target))?;
            Some(TempDir::with_prefix_in("bench-fresh-", &target).map_err(failed(&target))?)
        }
        Build::Incremental => None,
    };
    let target = own.as_ref().map_or_else(|| root.join("target/bench-builds"), |folder| folder.path().to_owned());
    let arguments = arguments(framework, store);
    let mut command = Command::new("cargo");
    command.args(&arguments).arg("--target-dir").arg(&target).current_dir(root);
    let begun = Instant::now();
    run(command, format!("cargo {}", arguments.join(" ")), on_line).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let executable: PathBuf = target.join("release").join(format!("server{}", std::env::consts::EXE_SUFFIX));
    let bytes = std::fs::metadata(&executable).map_err(failed(&executable))?.len();
    Ok(Built { bytes, seconds })
}

fn arguments(framework: &str, store: &str) -> Vec<String> {
    let features = format!("{framework},{store}");
    let strip = "profile.release.strip=\"symbols\"";
    let arguments = [
        "build",
        "--locked",
        "--release",
        "-p",
        "server",
        "--no-default-features",
        "--features",
        &features,
        "--config",
        strip,
    ];
    arguments.map(str::to_owned).to_vec()
}

/// Runs a command and passes on what it says on its standard error, line by line.
async fn run(mut command: Command, name: String, mut on_line: impl FnMut(&str) + Send) -> Result<(), FactError> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    // Of its own, so that it ends with the compilers that it has started.
    #[cfg(unix)]
    command.process_group(0);
    let child = command.spawn().map_err(|source| FactError::Program { program: "cargo", source })?;
    let mut group = Group(child);
    let mut last = VecDeque::new();
    let unreadable = |source| FactError::File { path: PathBuf::from("the output of cargo"), source };
    if let Some(output) = group.0.stderr.take() {
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await.map_err(unreadable)? {
            on_line(line.trim());
            if last.len() == LINES_TOLD {
                last.pop_front();
            }
            last.push_back(line);
        }
    }
    let status = group.0.wait().await.map_err(unreadable)?;
    if status.success() {
        return Ok(());
    }
    Err(FactError::Failed { command: name, output: last.make_contiguous().join("\n") })
}

/// A process with those that it started, ended when this is dropped before it has ended by itself.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // No id once it has ended and was waited for: the number may be somebody else's by then.
        if let Some(id) = self.0.id().filter(|_| cfg!(unix)) {
            let _ = std::process::Command::new("kill")
                .args(["-TERM", "--", &format!("-{id}")])
                .stderr(Stdio::null())
                .status();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{arguments, run};
    use std::time::{Duration, Instant};
    use tokio::process::Command;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn one_variant_alone_is_built() {
        let line = arguments("axum", "diesel-sqlite").join(" ");
        assert!(line.contains("--no-default-features --features axum,diesel-sqlite"), "{line}");
    }

    #[tokio::test]
    async fn what_is_said_is_passed_on() {
        let mut lines = Vec::new();
        run(shell("echo '   one' >&2; echo two >&2"), "sh".to_owned(), |line| lines.push(line.to_owned()))
            .await
            .unwrap();
        assert_eq!(lines, ["one", "two"]);
    }

    #[tokio::test]
    async fn a_failure_is_told_with_its_last_lines() {
        let error = run(shell("seq 100 >&2; exit 1"), "a build".to_owned(), |_| {}).await.unwrap_err().to_string();
        assert!(error.starts_with("`a build` failed: 81\n82\n") && error.ends_with("\n100"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_build_that_nobody_waits_for_ends_with_all_it_started() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let script = "sleep 600 & echo $! >&2; wait";
        let running = run(shell(script), "sh".to_owned(), |line| sender.send(line.to_owned()).unwrap());
        assert!(tokio::time::timeout(Duration::from_millis(500), running).await.is_err());
        let path = format!("/proc/{}/stat", receiver.recv().unwrap());
        // What has ended stays in the list until its parent has asked for it.
        let runs = || std::fs::read_to_string(&path).is_ok_and(|text| !text.contains(") Z "));
        let begun = Instant::now();
        while runs() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it still runs");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
