//! Results of a benchmark that nobody ran, and a program that stands in for one: this test program itself, called as the
//! lab calls the benchmark. So what it says and leaves has the format that `bench` has today.

use bench::progress::Event;
use bench::result::{Commit, FORMAT, Kind, Latency, Load, Machine, Noise, Results, Run, Settings, Subject, Verified};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

const SUBJECTS: [&str; 4] = ["axum-diesel-sqlite", "actix-diesel-sqlite", "rocket-diesel-sqlite", "hyper"];

/// What the stand-in waits for, in the folder of the results, before it goes on.
pub const GO: &str = "go";

/// Writes two results of different days, a file of another format and one that is broken.
pub fn write_some(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let older = results("4f1d0c2b9a8e7d6c", "2026-11-20T08:15:00Z", 0.8);
    write(folder, "4f1d0c2b-small-2.json", &Results { is_complete: false, ..older });
    write(folder, "a732714c-small-2.json", &results("a732714c5b6a7988", "2026-11-22T17:40:00Z", 1.0));
    std::fs::write(folder.join("later.json"), "{\"format\": 99}").unwrap();
    std::fs::write(folder.join("broken.json"), "{\"format\":").unwrap();
}

fn write(folder: &Path, name: &str, results: &Results) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, serde_json::to_vec_pretty(results).unwrap()).unwrap();
    path
}

fn subject(name: &str) -> Subject {
    let framework = name.split_once('-').map(|(framework, _)| framework.to_owned());
    let is_variant = framework.is_some();
    Subject {
        name: name.to_owned(),
        title: name.replace('-', " over "),
        kind: if is_variant { Kind::Variant } else { Kind::Ceiling },
        framework,
        store: name.split_once('-').map(|(_, store)| store.to_owned()),
        ceiling_of: if is_variant { Vec::new() } else { vec!["*".to_owned()] },
        verified: if is_variant { Verified::Passed { cases: 214 } } else { Verified::NotApplicable },
        pool_size: is_variant.then_some(2),
        executable_bytes: Some(21_000_000),
        build_seconds: None,
        lines_of_code: is_variant.then_some(2_100),
        direct_dependencies: is_variant.then_some(17),
        round_trips: BTreeMap::new(),
    }
}

fn run(subject: &str, workload: &str, connections: usize, load: Load, round: usize, speed: f64) -> Run {
    let of_subject = SUBJECTS.iter().position(|name| *name == subject).unwrap() as f64;
    let requests_per_second =
        speed * 9_000.0 * (1.0 + of_subject / 4.0) * (connections as f64).ln_1p() + 37.0 * round as f64;
    let p50 = connections as f64 / requests_per_second * 1_000.0;
    Run {
        subject: subject.to_owned(),
        workload: workload.to_owned(),
        users: 10_000,
        connections,
        load,
        round,
        seconds: 2.0,
        requests: (requests_per_second * 2.0) as u64,
        errors: 0,
        requests_per_second,
        latency: Some(Latency { p50, p90: p50 * 1.6, p99: p50 * 3.1, p999: p50 * 5.0, max: p50 * 9.0 }),
        server_cpu_seconds: Some(1.2 + of_subject / 10.0),
        database_cpu_seconds: None,
        generator_cpu_seconds: Some(0.8),
        peak_memory_bytes: Some(24_000_000),
        file_memory_bytes: Some(9_000_000),
        start_millis: Some(31.0 + round as f64),
        failure: None,
    }
}

fn results(commit: &str, started_at: &str, speed: f64) -> Results {
    let runs = (1..=3).flat_map(|round| {
        let of = move |subject| {
            let at = move |connections| {
                ["hello", "read-one"].map(|load| run(subject, load, connections, Load::Closed, round, speed))
            };
            let open = run(subject, "read-one", 64, Load::Open { rate: 4_000.0, of_highest: None }, round, speed);
            [1, 16, 64].into_iter().flat_map(at).chain([open])
        };
        SUBJECTS.into_iter().flat_map(of)
    });
    Results {
        format: FORMAT,
        started_at: started_at.to_owned(),
        finished_at: started_at.to_owned(),
        is_complete: true,
        commit: Commit { id: commit.to_owned(), has_changes: speed < 1.0 },
        machine: Machine {
            name: "small-2".to_owned(),
            cpu: "Small processor".to_owned(),
            cores: 2,
            memory_bytes: 8_000_000_000,
            system: "Linux 6.1".to_owned(),
            governor: None,
            hypervisor: Some("kvm".to_owned()),
        },
        noise: Noise { busy_share: Some(0.01), stolen_share: Some(0.0), spread: 0.04, is_noisy: false },
        versions: BTreeMap::from([("rustc".to_owned(), "1.95.0".to_owned()), ("wrk".to_owned(), "4.1.0".to_owned())]),
        settings: Settings {
            profile: "quick".to_owned(),
            workers: 2,
            pool_size: None,
            log: "info".to_owned(),
            rounds: 3,
            rounds_at_most: Some(3),
            seconds: 2.0,
            warm_up_seconds: 0.5,
            sqlite_synchronous: "full".to_owned(),
            generator: "wrk".to_owned(),
            generator_threads: 1,
            connections: vec![1, 16, 64],
            users: vec![10_000],
            workloads: vec!["hello".to_owned(), "read-one".to_owned()],
            command: "lab bench --quick".to_owned(),
        },
        subjects: SUBJECTS.map(subject).to_vec(),
        runs: runs.collect(),
    }
}

/// Says what a benchmark says, and leaves what it leaves.
pub fn stand_in() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = std::env::args().skip_while(|argument| argument != "--results").nth(1).unwrap();
    let code = runtime.block_on(pretend(Path::new(&folder)));
    runtime.shutdown_background();
    code
}

fn say(event: Event) {
    println!("{}", serde_json::to_string(&event).unwrap());
}

async fn pretend(folder: &Path) -> ExitCode {
    let mut whole = results("0badcafe12345678", "2026-11-23T02:51:00Z", 1.1);
    let interrupted = tokio::signal::ctrl_c();
    say(Event::Plan { steps: whole.runs.len() + SUBJECTS.len(), seconds: 170.0 });
    // A setting of a variant must not come from the environment of the lab.
    if let Some(log) = std::env::var_os("LOG") {
        say(Event::Note { text: format!("LOG is {}", log.display()) });
    }
    for subject in &whole.subjects {
        say(Event::Verified { subject: subject.name.clone(), verified: subject.verified.clone() });
    }
    say(Event::Note { text: "A hypervisor is below: neighbours may take time away.".to_owned() });
    let half = whole.runs.len() / 2;
    time(&whole.runs[..half], 0, whole.runs.len());
    let go = folder.join(GO);
    let is_complete = tokio::select! {
        () = there(&go) => true,
        _ = interrupted => false,
        () = input_ends() => false,
    };
    if is_complete {
        time(&whole.runs[half..], half, whole.runs.len());
    } else {
        whole.runs.truncate(half);
    }
    whole.is_complete = is_complete;
    std::fs::create_dir_all(folder).unwrap();
    let path = write(folder, "0badcafe-small-2.json", &whole);
    say(Event::End { results: Some(path), report: None, is_complete });
    if is_complete { ExitCode::SUCCESS } else { ExitCode::from(130) }
}

fn time(runs: &[Run], done: usize, steps: usize) {
    for (place, run) in runs.iter().enumerate() {
        let done = done + place;
        let what =
            format!("{}: {}, {} connections, round {} of 3", run.subject, run.workload, run.connections, run.round);
        say(Event::Step { done, steps, seconds_left: (steps - done) as f64 * 2.0, what });
        say(Event::Timed { run: Box::new(run.clone()) });
    }
}

async fn there(path: &Path) {
    while !path.exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The lab is gone.
async fn input_ends() {
    let read = || std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    let _ = tokio::task::spawn_blocking(read).await;
}
