//! Runs of programs that stand in for the benchmark.

use super::progress::{Ending, News, Phase, State};
use super::run::{Benchmarks, StartError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A program of `tests/fixtures/programs`.
fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/programs").join(name)
}

/// The longest wait for anything that is bound to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// The state, as soon as it is so.
async fn until(benchmarks: &Benchmarks, is_so: impl Fn(&State) -> bool) -> State {
    let (mut state, mut news) = benchmarks.live.follow();
    while !is_so(&state) {
        match tokio::time::timeout(PATIENCE, news.recv()).await.unwrap().unwrap() {
            News::Whole(whole) => state = *whole,
            _ => state = benchmarks.live.state(),
        }
    }
    state
}

fn is_over(state: &State) -> bool {
    matches!(state.phase, Phase::Over(_))
}

/// How a run of this program ends.
async fn ending(name: &str) -> Phase {
    let benchmarks = Benchmarks::new("results".into(), Some(program(name)));
    benchmarks.start().unwrap();
    until(&benchmarks, is_over).await.phase
}

#[tokio::test]
async fn a_run_that_fails_leaves_its_last_words() {
    let words = "the load generator wrk is missing; apt-get install -y wrk";
    assert_eq!(ending("fails").await, Phase::Over(Ending::Failed(words.into())));
    let words = "it ended without a word and without a result (exit status: 3)";
    assert_eq!(ending("says-nothing").await, Phase::Over(Ending::Failed(words.into())));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told_like_one_that_failed() {
    let Phase::Over(Ending::Failed(words)) = ending("not-there").await else { panic!("it is there") };
    assert!(words.contains("No such file"), "{words}");
}

#[tokio::test]
async fn there_is_one_run_at_a_time_and_one_that_does_not_stop_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let benchmarks = Benchmarks::new(folder.path().to_owned(), Some(program("goes-on")));
    let benchmarks = benchmarks.stopping_within(Duration::from_millis(100));
    benchmarks.stop();
    benchmarks.start().unwrap();
    let state = until(&benchmarks, |state| !state.remarks.is_empty()).await;
    let said = &state.remarks.first().unwrap().text;
    let results = format!(" --results {}", folder.path().display());
    assert!(said.starts_with("bench --quick --progress json ") && said.ends_with(&results), "{said}");
    assert_eq!(benchmarks.start(), Err(StartError::Running));
    benchmarks.end().await;
    assert_eq!(benchmarks.live.state().phase, Phase::Over(Ending::Nothing));

    // Nothing is left of it, also no wish to stop.
    benchmarks.start().unwrap();
    assert!(until(&benchmarks, |state| !state.remarks.is_empty()).await.is_running());
    std::fs::write(folder.path().join("go"), "").unwrap();
    assert!(matches!(until(&benchmarks, is_over).await.phase, Phase::Over(Ending::Failed(_))));
}

#[tokio::test]
async fn a_program_without_optimisation_is_not_timed() {
    if cfg!(debug_assertions) {
        let benchmarks = Benchmarks::new("results".into(), None);
        assert_eq!(benchmarks.start(), Err(StartError::NotOptimised));
        assert_eq!(benchmarks.live.state().phase, Phase::None);
    }
}
