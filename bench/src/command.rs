//! `lab bench`: what people type.

use crate::databases::Databases;
use crate::display::Display;
use crate::error::BenchError;
use crate::facts;
use crate::files::{new_file, read, write_report, write_results};
use crate::generator::{Oha, Wrk, find_oha, find_wrk};
use crate::launcher::{Launcher, source_root};
use crate::process;
use crate::progress::Event;
use crate::result::{FORMAT, Results, Settings};
use crate::run::{Runner, Steps, chosen};
use crate::settings::{BenchArguments, BenchCommand, GeneratorKind, Plan};
use crate::workload::{Callers, PASSWORD};
use crate::{compare, report};
use shared::config::Secret;
use shared::passwords::Passwords;
use shared::repository::without_password;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// Runs the benchmark, or what was asked for instead.
///
/// # Errors
/// [`BenchError`], in one sentence that says what to do.
pub fn run(arguments: &BenchArguments) -> Result<(), BenchError> {
    match &arguments.command {
        Some(BenchCommand::Compare { before, after }) => {
            let comparison = compare::compare(&read(before)?, &read(after)?);
            let comparison = comparison.map_err(|error| BenchError::Report(error.to_string()))?;
            writeln!(std::io::stdout(), "{}", compare::text::text(&comparison))?;
            Ok(())
        }
        Some(BenchCommand::Report { results }) => {
            let path = write_report(&read(results)?, results)?;
            writeln!(std::io::stdout(), "{}", path.display())?;
            Ok(())
        }
        None => tokio::runtime::Runtime::new()?.block_on(bench(arguments)),
    }
}

async fn bench(arguments: &BenchArguments) -> Result<(), BenchError> {
    let display = Display::new(arguments.progress);
    if cfg!(debug_assertions) {
        display.note(
            "this program was built without optimisation: its figures say nothing; run it with `cargo run --release -p lab -- bench`",
        );
    }
    let plan = Plan::of(arguments)?;
    let candidates = chosen(&plan, arguments)?;
    let here = std::env::current_dir()?;
    let root = source_root(&here).ok_or_else(|| {
        BenchError::Answer(
            "this is not a clone of the project: the benchmark builds its yardsticks from the source".to_owned(),
        )
    })?;
    std::fs::create_dir_all(&arguments.results).map_err(BenchError::of_file(&arguments.results))?;

    let (wrk, wrk_version) = find_wrk().await?;
    let tools = root.join("target").join("bench-tools");
    let oha = match plan.has_fixed_rates || plan.generator == GeneratorKind::Oha {
        true => Some(find_oha(arguments.oha.as_deref(), &tools, |text| display.note(text)).await?),
        false => None,
    };
    let baselines = match &arguments.baselines {
        Some(program) => program.clone(),
        None => build_baselines(&root, &plan, &display).await?,
    };

    display.note("looking how quiet the machine is ...");
    let noise = facts::noise().await;
    if noise.is_noisy {
        display.note("the machine is noisy: small differences mean nothing");
    }
    let machine = facts::machine();
    let commit = facts::commit(&root).await;
    let mut versions = facts::versions(&root).await?;
    versions.insert("wrk".to_owned(), wrk_version);
    if let Some((_, version)) = &oha {
        versions.insert("oha".to_owned(), version.clone());
    }

    // Beside what is built, not where the system keeps temporary files: that may be memory, and a commit there waits for no disk.
    let target = target_folder(&root);
    std::fs::create_dir_all(&target).map_err(BenchError::of_file(&target))?;
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&target)?;
    let secret = Secret::random(32).map_err(|error| BenchError::Answer(error.to_string()))?.expose().to_owned();
    let hash = Passwords::start(1)?.hash(PASSWORD).await.map_err(|error| BenchError::Answer(error.to_string()))?;
    let workers = arguments.workers.map_or_else(cores, usize::from);
    let threads = cores();
    let file = new_file(&arguments.results, &commit.id, commit.has_changes, &machine.name)?;
    let started_at = now();
    let results = Results {
        format: FORMAT,
        started_at: started_at.clone(),
        finished_at: started_at,
        is_complete: false,
        commit,
        machine,
        noise,
        versions,
        settings: settings(arguments, &plan, workers, threads),
        subjects: Vec::new(),
        runs: Vec::new(),
    };
    let mut runner = Runner {
        launcher: Launcher {
            executable: std::env::current_exe()?,
            baselines,
            root: root.clone(),
            secret: secret.clone(),
            workers,
            cores: threads,
            pool_size: arguments.pool_size.map(usize::from),
            log: arguments.log.clone(),
            answers: folder.path().join("answers.json"),
        },
        databases: Databases::new(folder.path(), arguments.databases.clone(), hash, arguments.sqlite_synchronous),
        wrk: Wrk::new(wrk, threads, folder.path())?,
        oha: oha.map(|(program, _)| Oha::new(program, threads, folder.path())),
        callers: Callers::new(&secret)?,
        folder: folder.path().to_owned(),
        json: file.path().to_owned(),
        steps: Steps::new((plan.seconds + plan.warm_up_seconds) as f64),
        run_number: 0,
        content: BTreeMap::new(),
        filled: BTreeMap::new(),
        unfilled: BTreeSet::new(),
        plan,
        candidates,
        results,
        display,
    };
    let workspace = facts::Workspace::read(&root).await?;
    for candidate in &mut runner.candidates {
        candidate.describe(&workspace)?;
        candidate.subject.pool_size = runner.launcher.pool_of(candidate);
        runner.results.subjects.push(candidate.subject.clone());
    }

    // Ctrl-C drops what is under way, with its processes; what was timed stays.
    let has_parent = arguments.stop_on_stdin_close;
    let outcome = tokio::select! {
        outcome = runner.go() => outcome,
        () = stopped(has_parent) => Err(BenchError::Stopped),
    };
    runner.databases.remove_all().await;
    let outcome = match outcome {
        Ok(()) if arguments.sizes || arguments.build_times => tokio::select! {
            outcome = runner.build_each(arguments.build_times) => outcome,
            () = stopped(has_parent) => Err(BenchError::Stopped),
        },
        outcome => outcome,
    };
    finish(runner, arguments, file.path(), outcome).await
}

/// Resolves at Ctrl-C or SIGTERM, and for a child also when its parent is gone.
async fn stopped(has_parent: bool) {
    let parent_is_gone = async {
        if !has_parent {
            return std::future::pending().await;
        }
        let (tell, gone) = tokio::sync::oneshot::channel();
        server::on_stdin_close(|| {
            let _ = tell.send(());
        });
        let _ = gone.await;
    };
    tokio::select! {
        () = server::interrupted() => {}
        () = parent_is_gone => {}
    }
}

/// Keeps what was timed, whatever happened.
async fn finish(
    mut runner: Runner,
    arguments: &BenchArguments,
    json: &Path,
    outcome: Result<(), BenchError>,
) -> Result<(), BenchError> {
    runner.results.finished_at = now();
    runner.results.is_complete = outcome.is_ok();
    let has_runs = !runner.results.runs.is_empty();
    let mut report = None;
    if has_runs {
        write_results(&runner.results, json)?;
        report = Some(write_report(&runner.results, json)?);
    }
    runner.display.say(&Event::End {
        results: has_runs.then(|| json.to_owned()),
        report: report.clone(),
        is_complete: outcome.is_ok(),
    });
    if arguments.json {
        writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&runner.results).unwrap_or_default())?;
    } else if has_runs && !matches!(runner.display, Display::Json) {
        writeln!(std::io::stdout(), "{}", report::text::text(&runner.results))?;
    }
    if let Some(report) = report {
        eprintln!("results  {}\nreport   {}", json.display(), report.display());
    }
    match outcome {
        Err(BenchError::Stopped) if has_runs => {
            eprintln!("stopped: what was timed until now is kept");
            Ok(())
        }
        outcome => outcome,
    }
}

/// Builds the yardsticks, with what the chosen stores need.
async fn build_baselines(root: &Path, plan: &Plan, display: &Display) -> Result<PathBuf, BenchError> {
    let services = plan.variants.iter().filter_map(|variant| variant.store.database().service());
    let mut features: Vec<&str> = services.collect();
    features.sort_unstable();
    features.dedup();
    // Optimised as this program is.
    let (profile, folder) = if cfg!(debug_assertions) { ("dev", "debug") } else { ("release", "release") };
    display.note(format!("building the yardsticks (cargo build --profile {profile} -p baselines) ..."));
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--profile", profile, "--package", "baselines", "--features", &features.join(",")]);
    build.current_dir(root);
    process::run(build).await?;
    Ok(target_folder(root).join(folder).join("baselines"))
}

fn target_folder(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

fn settings(arguments: &BenchArguments, plan: &Plan, workers: usize, threads: usize) -> Settings {
    Settings {
        profile: plan.profile.to_owned(),
        workers,
        pool_size: arguments.pool_size.map(usize::from),
        log: arguments.log.clone(),
        sqlite_synchronous: arguments.sqlite_synchronous.name().to_owned(),
        rounds: plan.rounds,
        rounds_at_most: Some(plan.rounds_at_most),
        seconds: plan.seconds as f64,
        warm_up_seconds: plan.warm_up_seconds as f64,
        generator: plan.generator.name().to_owned(),
        generator_threads: threads,
        connections: plan.connections.clone(),
        users: plan.users.clone(),
        workloads: plan.workloads.iter().map(|workload| workload.name().to_owned()).collect(),
        command: command_line(std::env::args().skip(1)),
    }
}

/// The command line, without the program's folder, which is nobody's business, and without passwords in URLs.
fn command_line(arguments: impl Iterator<Item = String>) -> String {
    let shown = |argument: String| match argument.split_once('=') {
        _ if !argument.contains("://") => argument,
        Some((flag, url)) if flag.starts_with("--") => format!("{flag}={}", without_password(url)),
        _ => without_password(&argument),
    };
    std::iter::once("lab".to_owned()).chain(arguments.map(shown)).collect::<Vec<_>>().join(" ")
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::command_line;

    #[test]
    fn no_password_gets_into_a_result() {
        let arguments = [
            "bench",
            "--redis-url",
            "redis://:secret@db/0?prefix={database}",
            "--mysql-url=mysql://me:secret@db/{database}",
        ];
        let line = command_line(arguments.into_iter().map(str::to_owned));
        assert!(line.starts_with("lab bench --redis-url redis://") && line.contains("@db/{database}"), "{line}");
        assert!(!line.contains("secret"), "{line}");
    }
}
