//! The run: a child process that says on its standard output what happens, one JSON object a line.

use super::progress::Live;
use crate::run::process::executable;
use server::VariantSettings;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, Signal, System};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How long a run that was asked to stop has for writing down what it measured.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long its output is waited for when the process is gone: one that it started may still hold the pipe.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(1);

/// So many lines of its standard error are its last words.
const LAST_WORDS: usize = 20;

/// Why no run was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StartError {
    /// One at a time: two would slow each other down.
    #[error("A run goes on already: two at the same time would measure each other.")]
    Running,
    /// Figures of a program that was built without optimisation say nothing.
    #[error("This lab was built without optimisation: its figures would say nothing.")]
    NotOptimised,
}

/// The results and the run.
pub(crate) struct Benchmarks {
    /// Where the result files are.
    pub folder: PathBuf,
    /// What to run instead of this very program.
    program: Option<PathBuf>,
    /// What the run says.
    pub live: Arc<Live>,
    attended: Mutex<Option<Attended>>,
    stop_timeout: Duration,
}

/// The run that goes on, or the last one.
struct Attended {
    /// Its own: a wish to stop that comes too late must not meet the next run.
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Benchmarks {
    pub(crate) fn new(folder: PathBuf, program: Option<PathBuf>) -> Self {
        Self { folder, program, live: Arc::default(), attended: Mutex::default(), stop_timeout: STOP_TIMEOUT }
    }

    /// The same, with another time to stop.
    #[cfg(test)]
    pub(super) fn stopping_within(self, stop_timeout: Duration) -> Self {
        Self { stop_timeout, ..self }
    }

    /// Whether figures of this program would say something.
    pub(crate) fn is_optimised(&self) -> bool {
        self.program.is_some() || !cfg!(debug_assertions)
    }

    /// Starts the quick profile. How it goes, also that it could not be started, is told by [`Benchmarks::live`].
    ///
    /// # Errors
    /// [`StartError`].
    pub(crate) fn start(&self) -> Result<(), StartError> {
        if !self.is_optimised() {
            return Err(StartError::NotOptimised);
        }
        let mut attended = self.attended();
        if !self.live.begin() {
            return Err(StartError::Running);
        }
        match self.spawn() {
            Ok(child) => {
                let stop = Arc::<Notify>::default();
                let task = tokio::spawn(attend(child, self.live.clone(), stop.clone(), self.stop_timeout));
                *attended = Some(Attended { stop, task });
            }
            Err(error) => self.live.finish(error.to_string()),
        }
        Ok(())
    }

    /// Asks the run to stop, as Ctrl-C does: what was measured is kept. Without a run, nothing happens.
    pub(crate) fn stop(&self) {
        if let Some(attended) = &*self.attended() {
            self.live.stopping();
            attended.stop.notify_one();
        }
    }

    /// Stops the run and waits until its process is gone.
    pub(crate) async fn end(&self) {
        self.stop();
        let attended = self.attended().take();
        if let Some(attended) = attended {
            let _ = attended.task.await;
        }
    }

    fn attended(&self) -> MutexGuard<'_, Option<Attended>> {
        self.attended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self) -> std::io::Result<Child> {
        let program = self.program.clone().map_or_else(executable, Ok)?;
        let mut command = Command::new(program);
        for name in VariantSettings::variables() {
            command.env_remove(name);
        }
        command
            .args(["bench", "--quick", "--progress", "json", "--stop-on-stdin-close", "--results"])
            .arg(&self.folder)
            // It ends with the lab, however that ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Ctrl-C in the lab's terminal reaches it through the lab, once: twice would mean that nothing need be kept.
        #[cfg(unix)]
        command.process_group(0);
        command.spawn()
    }
}

/// Stays with the process until it is gone.
async fn attend(mut child: Child, live: Arc<Live>, stop: Arc<Notify>, stop_timeout: Duration) {
    // Waiting for a process closes its standard input, if the process still has it.
    let input = child.stdin.take();
    let said = Arc::<Mutex<VecDeque<String>>>::default();
    let (hears, last) = (live.clone(), said.clone());
    let reading = [
        child.stdout.take().map(|output| tokio::spawn(read(output, move |line| hears.hear(line)))),
        child.stderr.take().map(|errors| tokio::spawn(read(errors, move |line| keep(&last, line)))),
    ];
    let status = tokio::select! {
        status = child.wait() => status,
        () = stop.notified() => stopped(&mut child, stop_timeout).await,
    };
    drop(input);
    for task in reading.into_iter().flatten() {
        let abort = task.abort_handle();
        if tokio::time::timeout(OUTPUT_TIMEOUT, task).await.is_err() {
            abort.abort();
        }
    }
    let words = Vec::from(std::mem::take(&mut *said.lock().unwrap_or_else(PoisonError::into_inner))).join("\n");
    live.finish(reason(&words, &status));
}

/// Asks it to stop, and kills it if that takes too long.
async fn stopped(child: &mut Child, stop_timeout: Duration) -> std::io::Result<ExitStatus> {
    if let Some(id) = child.id() {
        interrupt(id);
    }
    match tokio::time::timeout(stop_timeout, child.wait()).await {
        Ok(status) => status,
        Err(_) => {
            child.start_kill()?;
            child.wait().await
        }
    }
}

/// SIGINT, as Ctrl-C sends it. The process is not waited for yet, so the number is its own.
fn interrupt(id: u32) {
    let id = Pid::from_u32(id);
    let Ok(mut system) = System::new() else { return };
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), false, ProcessRefreshKind::nothing());
    if let Some(process) = system.process(id) {
        process.kill_with(Signal::Interrupt);
    }
}

/// Line by line, also where bytes are no UTF-8: whoever stopped reading would stop the process.
async fn read(output: impl AsyncRead + Unpin, mut hear: impl FnMut(&str)) {
    let mut lines = BufReader::new(output).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        hear(&String::from_utf8_lossy(&line));
    }
}

fn keep(last: &Mutex<VecDeque<String>>, line: &str) {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    if last.len() == LAST_WORDS {
        last.pop_front();
    }
    last.push_back(line.to_owned());
}

/// What it said on its standard error, or at least how it ended.
fn reason(words: &str, status: &std::io::Result<ExitStatus>) -> String {
    match (words.trim().trim_start_matches("error: "), status) {
        ("", Ok(status)) => format!("it ended without a word and without a result ({status})"),
        ("", Err(error)) => error.to_string(),
        (words, _) => words.to_owned(),
    }
}
