//! Two result files side by side.

use crate::fixtures::results;
use bench::compare::{self, CompareError, Comparison, Measure, Verdict, compare};
use bench::result::{Load, Results};
use std::path::Path;

const AXUM: &str = "axum-diesel-sqlite";

/// One figure of axum with these requests a second, a round each.
fn with_rates(rates: &[f64]) -> Results {
    let mut results = results();
    let sample = results.runs.iter().find(|run| run.subject == AXUM && run.connections == 64).unwrap().clone();
    results.runs.clear();
    for (place, rate) in rates.iter().enumerate() {
        let mut run = sample.clone();
        run.round = place + 1;
        run.requests_per_second = *rate;
        run.server_cpu_seconds = None;
        run.peak_memory_bytes = None;
        results.runs.push(run);
    }
    results
}

#[test]
fn a_difference_has_a_verdict() {
    let check = |before: &[f64], after: &[f64], expected: Verdict| {
        let comparison = compare(&with_rates(before), &with_rates(after)).unwrap();
        assert_eq!(comparison.rows.len(), 1);
        assert_eq!(comparison.rows[0].verdict, expected, "{before:?}, then {after:?}");
    };
    check(&[100.0, 101.0, 102.0], &[120.0, 121.0, 122.0], Verdict::Better);
    check(&[120.0, 121.0, 122.0], &[100.0, 101.0, 102.0], Verdict::Worse);
    check(&[100.0, 101.0, 102.0], &[101.0, 121.0, 122.0], Verdict::Noise);
    check(&[80.0, 100.0, 104.0], &[105.0, 110.0, 111.0], Verdict::Noise);
    check(&[100.0, 101.0], &[120.0, 121.0, 122.0], Verdict::TooFewRounds);
    check(&[100.0], &[500.0], Verdict::TooFewRounds);
    check(&[100.0, 101.0, 102.0], &[100.0, 101.0, 102.0], Verdict::Noise);
}

#[test]
fn what_a_machine_varied_by_is_no_difference() {
    let check = |spread: f64, expected: Verdict| {
        let (mut before, after) = (with_rates(&[100.0, 101.0, 102.0]), with_rates(&[120.0, 121.0, 122.0]));
        before.noise.spread = spread;
        assert_eq!(compare(&before, &after).unwrap().rows[0].verdict, expected, "{spread}");
    };
    check(0.1, Verdict::Better);
    check(0.3, Verdict::Noise);
}

#[test]
fn less_is_better_but_for_requests() {
    let (before, mut after) = (results(), results());
    for run in &mut after.runs {
        run.requests_per_second *= 2.0;
        run.server_cpu_seconds = run.server_cpu_seconds.map(|seconds| seconds * 2.0);
        run.peak_memory_bytes = run.peak_memory_bytes.map(|bytes| bytes / 2);
        if let Some(latency) = &mut run.latency {
            for percentile in [&mut latency.p50, &mut latency.p90, &mut latency.p99, &mut latency.p999] {
                *percentile /= 2.0;
            }
        }
    }
    let comparison = compare(&before, &after).unwrap();
    let check = |measure: Measure, expected: Verdict| {
        let rows = comparison.rows.iter().filter(|row| row.measure == measure && row.key.subject == AXUM);
        let verdicts: Vec<Verdict> = rows.map(|row| row.verdict).collect();
        assert!(
            !verdicts.is_empty() && verdicts.iter().all(|verdict| *verdict == expected),
            "{measure:?}: {verdicts:?}"
        );
    };
    check(Measure::RequestsPerSecond, Verdict::Better);
    for percentile in [Measure::P50, Measure::P90, Measure::P99, Measure::P999] {
        check(percentile, Verdict::Better);
    }
    check(Measure::Cost, Verdict::Worse);
    check(Measure::PeakMemory, Verdict::Better);
}

#[test]
fn each_load_has_its_own_measure() {
    let comparison = compare(&results(), &results()).unwrap();
    for row in &comparison.rows {
        match row.measure {
            Measure::RequestsPerSecond => assert_eq!(row.key.load, Load::Closed),
            Measure::P50 | Measure::P90 | Measure::P99 | Measure::P999 => assert_ne!(row.key.load, Load::Closed),
            Measure::Cost | Measure::PeakMemory => {}
        }
    }
    assert!(comparison.of(Verdict::Better).is_empty() && comparison.of(Verdict::Worse).is_empty());
}

#[test]
fn the_largest_difference_stands_first() {
    let mut after = results();
    for run in &mut after.runs {
        // A third is a larger change than twice as much.
        match run.workload.as_str() {
            "list" => run.requests_per_second *= 2.0,
            "order" => run.requests_per_second /= 3.0,
            _ => {}
        }
    }
    let comparison = compare(&results(), &after).unwrap();
    assert_eq!(comparison.rows[0].key.workload, "order");
    let sizes: Vec<f64> = comparison.rows.iter().map(|row| row.size()).collect();
    assert!(sizes.is_sorted_by(|one, other| one >= other));
}

#[test]
fn what_only_one_has_is_listed() {
    let (mut before, mut after) = (results(), results());
    before.runs.retain(|run| run.workload != "mix");
    after.runs.retain(|run| run.subject != "flask");
    let comparison = compare(&before, &after).unwrap();
    assert!(comparison.only_before.iter().all(|line| line.starts_with("flask: ")));
    assert!(comparison.only_after.iter().all(|line| line.contains(": mix, ")));
    assert!(!comparison.only_before.is_empty() && !comparison.only_after.is_empty());
}

/// Changes the second file.
type Change = fn(&mut Results);

#[test]
fn what_makes_files_hard_to_compare_is_said() {
    let quiet = || {
        let mut results = results();
        results.noise.is_noisy = false;
        results
    };
    let cautions = |change: Change| {
        let mut after = quiet();
        change(&mut after);
        compare(&quiet(), &after).unwrap().cautions
    };
    assert_eq!(cautions(|_| {}), Vec::<String>::new());
    let check = |expected: &str, change: Change| {
        let cautions = cautions(change);
        assert!(cautions.len() == 1 && cautions[0].contains(expected), "{expected}: {cautions:?}");
    };
    check("ratios between machines mean nothing", |results| results.machine.cpu = "another".to_owned());
    check("ratios between machines mean nothing", |results| results.machine.cores = 64);
    check("workers 2 and 8", |results| results.settings.workers = 8);
    check("seconds of each run 5 and 30", |results| results.settings.seconds = 30.0);
    check("pool 4 and each store's own", |results| results.settings.pool_size = None);
    check("log info and off", |results| results.settings.log = "off".to_owned());
    check("rustc 1.95.0 and 1.96.0", |results| drop(results.versions.insert("rustc".to_owned(), "1.96.0".to_owned())));
    check("set by performance and by unknown", |results| results.machine.governor = None);
    check("noisy during the second run", |results| results.noise.is_noisy = true);
    check("The second run was cut off", |results| results.is_complete = false);
    // What was chosen is no caution: it shows in what one of the files lacks.
    assert_eq!(cautions(|results| results.settings.workloads.clear()), Vec::<String>::new());
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let mut other = results();
    other.format = 7;
    for (one, two) in [(&results(), &other), (&other, &results())] {
        let error = compare(one, two).unwrap_err();
        assert!(matches!(error, CompareError::Format { found: 7, .. }), "{error}");
    }
    let mut nothing = results();
    nothing.runs.clear();
    assert_eq!(compare(&results(), &nothing), Err(CompareError::NothingInCommon));
}

fn sample() -> Comparison {
    let mut after = results();
    after.commit.id = "0123456789abcdef".to_owned();
    after.settings.workers = 4;
    for run in &mut after.runs {
        match run.workload.as_str() {
            "list" => run.requests_per_second *= 1.4,
            "order" => run.requests_per_second *= 0.7,
            _ => {}
        }
    }
    after.runs.retain(|run| run.subject != "flask" && (run.round < 3 || run.workload != "hello"));
    compare(&results(), &after).unwrap()
}

#[test]
fn the_text_has_what_counts() {
    let text = compare::text(&sample());
    for words in [
        "a7327145058e with changes on xeon-platinum-2, 2026-11-23",
        "0123456789ab",
        "Caution: The settings differ",
        "Worse, by more than noise",
        "Better, by more than noise",
        "Too few rounds to tell",
        "Only in the first",
        "axum-diesel-sqlite, requests/s: order, 10,000 users, 64 connections",
    ] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert!(!text.contains("Only in the second") && !text.contains("Within the noise\n"));
}

#[test]
fn the_page_has_all() {
    let page = compare::html(&sample()).unwrap();
    for words in [
        "Within the noise",
        "Too few rounds to tell",
        "Only in the first",
        "<th scope=\"row\">axum-diesel-sqlite<small>",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<script") && !page.contains("http"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-compare-sample.html");
    std::fs::write(target, page).unwrap();
}
