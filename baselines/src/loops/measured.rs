//! The loop: the same thing again and again by each task, counted between two points in time.
//!
//! The clock starts when everything is connected. What was begun before the counted time and ends within it is counted, what
//! ends after it is not: so both ends even out. Of latencies every one is kept, in a histogram for each task, and no task
//! waits for another.

use super::Settings;
use crate::failure::{BoxError, Failure};
use hdrhistogram::Histogram;
use serde::Serialize;
use std::io::Write;
use std::sync::mpsc;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};
#[cfg(any(feature = "postgres", feature = "mysql", feature = "redis", feature = "mongodb", feature = "dynamodb"))]
use tokio::task::JoinSet;

/// An hour: what a histogram has room for from the start, so that it need not grow while time is taken. What takes longer
/// counts as that long.
const LONGEST_NANOS: u64 = 3_600_000_000_000;

/// What came of a loop: the line that is printed.
#[derive(Serialize)]
pub struct Measured {
    /// What was done.
    requests: u64,
    /// What was done in all, before and after the counted time, too: as much must be in a database that was written to.
    done: u64,
    /// What failed; it is not in `requests`.
    errors: u64,
    /// The counted time.
    seconds: f64,
    latency_ms: Latency,
    /// Processor time of this process alone over the counted time, user and system; none if the system does not say.
    cpu_seconds: Option<f64>,
    #[serde(skip)]
    first_error: Option<BoxError>,
}

#[derive(Serialize)]
struct Latency {
    p50: f64,
    p90: f64,
    p99: f64,
    p999: f64,
    max: f64,
}

impl Measured {
    /// The line, and on standard error what failed first.
    pub fn print(&self) {
        if let Some(error) = &self.first_error {
            eprintln!("{} failed, the first one with: {error}", self.errors);
        }
        let line = serde_json::to_string(self).unwrap_or_default();
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

/// Runs `work` on a thread for each of these, which is made there: what blocks. It says how many requests it did.
///
/// # Errors
/// [`Failure::Threads`], and those of the makers.
pub fn on_threads<M, W>(settings: &Settings, makers: Vec<M>) -> Result<Measured, Failure>
where
    M: FnOnce() -> Result<W, Failure> + Send,
    W: FnMut() -> Result<u64, BoxError>,
{
    let (ready, all_ready) = mpsc::channel();
    let count = makers.len();
    std::thread::scope(|scope| {
        let (mut starts, mut threads) = (Vec::new(), Vec::new());
        for maker in makers {
            let (start, started) = mpsc::channel::<Clock>();
            let (ready, mut tally) = (ready.clone(), Tally::new()?);
            let run = move || {
                let (made, outcome) = maker().map_or_else(|failure| (None, Err(failure)), |work| (Some(work), Ok(())));
                let _ = ready.send(outcome);
                // There is no start if another one could not be made.
                let (Some(mut work), Ok(clock)) = (made, started.recv()) else { return tally };
                let mut last = Instant::now();
                while last < clock.end {
                    let outcome = work();
                    last = tally.count(clock, last, outcome);
                }
                tally
            };
            threads.push(std::thread::Builder::new().spawn_scoped(scope, run).map_err(Failure::Threads)?);
            starts.push(start);
        }
        all_ready.iter().take(count).collect::<Result<(), Failure>>()?;
        let clock = Clock::start(settings);
        for start in starts {
            // A thread that has ended by now is told of when it is joined.
            let _ = start.send(clock);
        }
        std::thread::sleep(clock.begin.saturating_duration_since(Instant::now()));
        let before = cpu_time();
        std::thread::sleep(clock.end.saturating_duration_since(Instant::now()));
        let cpu = before.zip(cpu_time());
        let tallies: Result<Vec<_>, _> = threads.into_iter().map(ScopedJoinHandle::join).collect();
        summed(settings, tallies.map_err(|_| Failure::Ended("a thread panicked".into()))?, cpu)
    })
}

/// As [`on_threads`], with tasks of tokio's: what waits for a server. Each `work` does one request.
///
/// # Errors
/// [`Failure::Ended`] if one panics.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "redis", feature = "mongodb", feature = "dynamodb"))]
pub async fn on_tasks<W, F>(settings: &Settings, works: Vec<W>) -> Result<Measured, Failure>
where
    W: FnMut() -> F + Send + 'static,
    F: Future<Output = Result<(), BoxError>> + Send,
{
    let mut tasks = JoinSet::new();
    let clock = Clock::start(settings);
    for mut work in works {
        let mut tally = Tally::new()?;
        tasks.spawn(async move {
            let mut last = Instant::now();
            while last < clock.end {
                let outcome = work().await;
                last = tally.count(clock, last, outcome.map(|()| 1));
            }
            tally
        });
    }
    tokio::time::sleep_until(clock.begin.into()).await;
    let before = cpu_time();
    tokio::time::sleep_until(clock.end.into()).await;
    let cpu = before.zip(cpu_time());
    let mut tallies = Vec::new();
    while let Some(tally) = tasks.join_next().await {
        tallies.push(tally.map_err(|panic| Failure::Ended(panic.into()))?);
    }
    summed(settings, tallies, cpu)
}

/// The runtime of [`on_tasks`].
///
/// # Errors
/// [`Failure::Threads`].
#[cfg(any(feature = "postgres", feature = "mysql", feature = "redis", feature = "mongodb", feature = "dynamodb"))]
pub fn runtime(settings: &Settings) -> Result<tokio::runtime::Runtime, Failure> {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    crate::process::runtime(settings.workers.map_or_else(cores, std::num::NonZeroUsize::get))
}

/// When counting begins, and when all is over.
#[derive(Clone, Copy)]
struct Clock {
    begin: Instant,
    end: Instant,
}

impl Clock {
    fn start(settings: &Settings) -> Self {
        let begin = Instant::now() + settings.warm_up_seconds;
        Self { begin, end: begin + settings.seconds }
    }
}

/// What one task did.
struct Tally {
    /// In nanoseconds, to three digits.
    latencies: Histogram<u64>,
    done: u64,
    errors: u64,
    first_error: Option<BoxError>,
}

impl Tally {
    fn new() -> Result<Self, Failure> {
        let latencies = Histogram::new_with_max(LONGEST_NANOS, 3).map_err(|error| Failure::Ended(error.into()))?;
        Ok(Self { latencies, done: 0, errors: 0, first_error: None })
    }

    /// Counts what has just ended, and says when that was.
    fn count(&mut self, clock: Clock, from: Instant, outcome: Result<u64, BoxError>) -> Instant {
        let now = Instant::now();
        self.done += *outcome.as_ref().unwrap_or(&0);
        if now <= clock.begin || now > clock.end {
            return now;
        }
        match outcome {
            Ok(requests) => {
                let nanos = u64::try_from((now - from).as_nanos()).unwrap_or(u64::MAX);
                self.latencies.saturating_record_n(nanos, requests);
            }
            Err(error) => {
                self.errors += 1;
                self.first_error.get_or_insert(error);
            }
        }
        now
    }
}

fn summed(settings: &Settings, tallies: Vec<Tally>, cpu: Option<(Duration, Duration)>) -> Result<Measured, Failure> {
    let mut all = Tally::new()?;
    for tally in tallies {
        all.latencies.add(&tally.latencies).map_err(|error| Failure::Ended(error.into()))?;
        all.done += tally.done;
        all.errors += tally.errors;
        all.first_error = all.first_error.or(tally.first_error);
    }
    let millis = |quantile| all.latencies.value_at_quantile(quantile) as f64 / 1e6;
    let [p50, p90, p99, p999, max] = [0.5, 0.9, 0.99, 0.999, 1.0].map(millis);
    Ok(Measured {
        requests: all.latencies.len(),
        done: all.done,
        errors: all.errors,
        seconds: settings.seconds.as_secs_f64(),
        latency_ms: Latency { p50, p90, p99, p999, max },
        cpu_seconds: cpu.map(|(before, after)| after.saturating_sub(before).as_secs_f64()),
        first_error: all.first_error,
    })
}

/// What this process has used of all processors, with those threads that have ended; none if the system does not say.
fn cpu_time() -> Option<Duration> {
    let (id, mut system) = (sysinfo::get_current_pid().ok()?, System::new().ok()?);
    let what = ProcessRefreshKind::nothing().with_cpu();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), false, what);
    system.process(id).map(|process| Duration::from_millis(process.accumulated_cpu_time()))
}

#[cfg(test)]
mod tests {
    use super::{Clock, Tally};
    use std::time::{Duration, Instant};

    #[test]
    fn what_ends_within_the_counted_time_counts_with_how_long_it_took() {
        let (now, hour, took) = (Instant::now(), Duration::from_secs(3_600), Duration::from_millis(50));
        let mut tally = Tally::new().unwrap();
        let counted = Clock { begin: now, end: now + hour };
        // Begun before the counted time, and three at once.
        tally.count(counted, now.checked_sub(took).unwrap(), Ok(3));
        tally.count(counted, now, Err("refused".into()));
        tally.count(Clock { begin: now + hour, end: now + 2 * hour }, now, Ok(1));
        tally.count(Clock { begin: now, end: now }, now, Ok(1));
        assert_eq!((tally.latencies.len(), tally.done, tally.errors), (3, 5, 1));
        let nanos = u128::from(tally.latencies.value_at_quantile(0.5));
        assert!((took.as_nanos()..hour.as_nanos()).contains(&nanos), "{nanos}");
        assert_eq!(tally.first_error.unwrap().to_string(), "refused");
    }
}
