//! `lab bench`, really run: small, but with every part: the suite, the load generators, the yardsticks, the checks, the files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use bench::files::read;
use bench::progress::Event;
use bench::result::{Kind, Load, Results, Run, Verified};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

fn bench(results: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.arg("bench").args(arguments).arg("--results").arg(results).current_dir(root());
    command
}

/// The benchmark builds its yardsticks from the source.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn events(stdout: &str) -> Vec<Event> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

fn said(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The only JSON file in a folder.
fn result_file(folder: &Path) -> (PathBuf, Results) {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    (files[0].clone(), read(&files[0]).unwrap())
}

#[test]
fn a_small_run_times_every_workload_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let small = ["--variants", "rocket-sea-orm-sqlite", "--connections", "4", "--users", "1000", "--warm-up", "0"];
    let short = ["--rounds", "1", "--seconds", "1", "--progress", "json", "--peers", "actix-diesel-r2d2,without-log"];
    let output = bench(folder.path(), &[small.as_slice(), short.as_slice()].concat()).output().unwrap();
    let (stdout, stderr) = said(&output);
    assert!(output.status.success(), "{stderr}\n{stdout}");

    let events = events(&stdout);
    assert!(matches!(events.last(), Some(Event::End { is_complete: true, results: Some(_), report: Some(_) })));
    let planned = events.iter().find_map(|event| match event {
        Event::Plan { steps, .. } => Some(*steps),
        _ => None,
    });
    let first = |is_it: fn(&Event) -> bool| events.iter().position(is_it).unwrap();
    let is_plan = |event: &Event| matches!(event, Event::Plan { .. });
    let is_verified = |event: &Event| matches!(event, Event::Verified { .. });
    assert!(first(is_plan) < first(is_verified), "the suites are part of the plan");
    let steps = events.iter().filter(|event| matches!(event, Event::Step { .. })).count();
    assert_eq!(planned, Some(steps), "the plan is what is done");

    let (path, results) = result_file(folder.path());
    assert!(results.is_complete && results.noise.spread >= 0.0 && results.versions.contains_key("oha"));
    for run in &results.runs {
        // A busy machine may keep oha from its rate; then that is said.
        let is_told = |failure: &String| run.load != Load::Closed && failure.ends_with("no latency at that rate");
        assert!(run.failure.as_ref().is_none_or(is_told) && run.errors == 0, "{run:?}");
        assert!(run.requests > 0 && run.requests_per_second > 0.0, "{run:?}");
    }
    let variants: Vec<_> = results.subjects.iter().filter(|subject| subject.kind == Kind::Variant).collect();
    assert_eq!(variants.len(), 1);
    for variant in variants {
        assert!(matches!(variant.verified, Verified::Passed { cases } if cases > 300), "{variant:?}");
        assert!(variant.lines_of_code > Some(500) && variant.pool_size > Some(0), "{variant:?}");
        assert_eq!(variant.round_trips.get("users::find"), Some(&1), "{variant:?}");
        let runs: Vec<_> = results.runs.iter().filter(|run| run.subject == variant.name).collect();
        assert!(runs.iter().all(|run| run.start_millis > Some(0.0)));
        let workloads: BTreeSet<_> = runs.iter().map(|run| run.workload.as_str()).collect();
        let mixes = ["mix", "mix-read-one", "mix-update", "login-mix-read-one", "login-mix-login"];
        let others = ["hello", "read-one", "list", "report", "login", "update", "create", "order"];
        for workload in mixes.iter().chain(&others) {
            assert!(workloads.contains(workload), "{workload} is not in {workloads:?}");
        }
        let mut open = runs.iter().filter(|run| matches!(run.load, Load::Open { .. }));
        let whole = open.find(|run| run.workload == "mix").unwrap();
        assert!(whole.latency.is_none());
        if cfg!(target_os = "linux") {
            assert!(runs.iter().all(|run| run.peak_memory_bytes > run.file_memory_bytes));
            assert!(runs.iter().all(|run| run.file_memory_bytes > Some(1_000_000)));
            assert!(whole.server_cpu_seconds.is_some());
        }
    }
    let without_log = "rocket-sea-orm-sqlite-without-log";
    for yardstick in ["hyper", "sqlite-read", "sqlite-order", "argon2id", "peer-actix-diesel-r2d2", without_log] {
        assert!(results.runs.iter().any(|run| run.subject == yardstick), "{yardstick} was not timed");
    }
    let report = std::fs::read_to_string(path.with_extension("html")).unwrap();
    assert!(report.contains("rocket-sea-orm-sqlite") && report.contains("<svg"));

    let mut compare = Command::new(env!("CARGO_BIN_EXE_lab"));
    let output = compare.args(["bench", "compare"]).args([&path, &path]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output).1);
}

#[test]
fn a_variant_that_cannot_be_verified_is_not_timed_and_the_others_are() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens at port 1; on builds without Redis the name is refused.
    let arguments =
        ["--variants", "actix-diesel-sqlite,actix-redis", "--redis-url", "redis://127.0.0.1:1/0?prefix={database}"];
    let short =
        ["--workloads", "update", "--connections", "2", "--rounds", "1", "--seconds", "1", "--users", "1000,2000"];
    // Of one round no spread is known, so there is another.
    let others = ["--generator", "oha", "--sqlite-synchronous", "normal", "--rounds-at-most", "2"];
    let arguments = [arguments.as_slice(), short.as_slice(), others.as_slice()].concat();
    let output = bench(folder.path(), &arguments).output().unwrap();
    let (_, stderr) = said(&output);
    if !server::Store::built_in().contains(&server::Store::Redis) {
        assert!(!output.status.success() && stderr.contains("actix-redis is no variant"), "{stderr}");
        return;
    }
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("actix-redis: NOT TIMED"), "{stderr}");
    let (_, results) = result_file(folder.path());
    let redis = results.subjects.iter().find(|subject| subject.name == "actix-redis").unwrap();
    assert!(matches!(redis.verified, Verified::Failed { .. }));
    assert!(results.runs.iter().all(|run| run.subject != "actix-redis"));
    let is_timed = |run: &&Run| run.subject == "actix-diesel-sqlite" && run.load == Load::Closed;
    let timed: Vec<_> = results.runs.iter().filter(is_timed).collect();
    assert!(timed.iter().all(|run| run.failure.is_none() && run.requests > 0), "{timed:?}");
    // The sizes take turns, too.
    let turns = [(1_000, 1), (2_000, 1), (1_000, 2), (2_000, 2)];
    assert!(timed.iter().map(|run| (run.users, run.round)).eq(turns), "{timed:?}");
    assert!(stderr.contains("all go once more") && stderr.contains("update a user of 2,000 users"), "{stderr}");
    let is_larger = |run: &&Run| run.users == 2_000;
    assert!(results.runs.iter().filter(is_larger).all(|run| run.subject == "actix-diesel-sqlite"));
    assert_eq!((results.settings.rounds, results.settings.rounds_at_most), (1, Some(2)));
    assert_eq!((results.settings.generator.as_str(), results.settings.sqlite_synchronous.as_str()), ("oha", "normal"));
}

#[test]
fn a_run_that_times_nothing_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--variants", "axum-redis", "--redis-url", "redis://127.0.0.1:1/0?prefix={database}"];
    let short = ["--workloads", "hello", "--connections", "2", "--rounds", "1", "--seconds", "1", "--users", "1000"];
    let output = bench(folder.path(), &[arguments.as_slice(), short.as_slice()].concat()).output().unwrap();
    let (_, stderr) = said(&output);
    let expected = match server::Store::built_in().contains(&server::Store::Redis) {
        true => "no variant is left",
        false => "axum-redis is no variant",
    };
    assert!(!output.status.success() && stderr.contains(expected), "{stderr}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Reads events until one is as wanted.
fn wait_for(reader: &mut BufReader<ChildStdout>, is_wanted: impl Fn(&Event) -> bool) {
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap() > 0 {
        if is_wanted(&serde_json::from_str(&line).unwrap()) {
            return;
        }
        line.clear();
    }
    panic!("it ended before");
}

fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn what_was_timed_until_ctrl_c_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["--variants", "axum-diesel-sqlite", "--workloads", "hello", "--connections", "2", "--rounds", "50"];
    let rest = ["--seconds", "1", "--users", "1000", "--progress", "json"];
    let mut command = bench(folder.path(), &[arguments.as_slice(), rest.as_slice()].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    wait_for(&mut reader, |event| matches!(event, Event::Timed { .. }));
    interrupt(&child);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(matches!(events(&rest).last(), Some(Event::End { is_complete: false, results: Some(_), .. })));
    let (_, results) = result_file(folder.path());
    assert!(!results.is_complete && !results.runs.is_empty());
}

#[test]
fn what_cannot_be_is_refused_with_what_can() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, expected) in [
        (["--variants", "axum-sqlite"].as_slice(), "axum-diesel-sqlite"),
        (&["--peers", "django"], "flask"),
        (&["--peers", "flask", "--sqlite-synchronous", "normal"], "flask always waits for the disk"),
        (&["--workloads", "everything"], "read-one"),
        (&["compare", "/nowhere.json", "/nowhere.json"], "/nowhere.json"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
        let output = command.arg("bench").args(arguments).current_dir(root()).output().unwrap();
        let (_, stderr) = said(&output);
        assert!(!output.status.success() && stderr.contains(expected), "{arguments:?}: {stderr}");
    }
    let file = folder.path().join("x.json");
    std::fs::write(&file, "{\"format\": 99}").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    let output = command.args(["bench", "report"]).arg(&file).output().unwrap();
    assert!(said(&output).1.contains("its format is"), "{}", said(&output).1);
}
