//! How quiet the machine is: what others take of it while nothing is measured, and how much the time of one and the same
//! piece of work differs.

use crate::result::Noise;
use crate::statistics::Summary;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// So long the machine is watched.
const WATCHED: Duration = Duration::from_secs(2);

/// So often the piece of work is done: a neighbour that comes for a tenth of a second now and then is met.
const TIMES: usize = 50;

/// So many steps has the piece of work: some 20 ms, longer than the scheduler lets anybody wait.
const STEPS: u64 = 20_000_000;

/// More of the machine's time than this for others is noise: on two cores, a tenth of one.
const BUSY_MAX: f64 = 0.05;

/// More than this for other machines is noise: it comes in bursts, and a server meets it at once on all its threads.
const STOLEN_MAX: f64 = 0.01;

/// A larger difference between the times of the same work is noise: runs then differ by as much whatever was changed.
const SPREAD_MAX: f64 = 0.10;

/// Watches the machine for [`WATCHED`], then does the piece of work [`TIMES`] times.
pub async fn noise() -> Noise {
    let before = Ticks::now();
    tokio::time::sleep(WATCHED).await;
    let shares = before.zip(Ticks::now()).and_then(|(before, after)| before.until(&after));
    let times = tokio::task::spawn_blocking(|| times(TIMES, STEPS)).await.unwrap_or_default();
    judged(shares, Summary::of(times).map_or(0.0, |summary| summary.spread()))
}

/// The shares of others and of other machines, and the spread of the times, with what they mean.
fn judged(shares: Option<(f64, f64)>, spread: f64) -> Noise {
    let (busy_share, stolen_share) = shares.unzip();
    let is_noisy = busy_share.is_some_and(|share| share > BUSY_MAX)
        || stolen_share.is_some_and(|share| share > STOLEN_MAX)
        || spread > SPREAD_MAX;
    Noise { busy_share, stolen_share, spread, is_noisy }
}

/// How long the same piece of work took each time, in seconds, on the thread that calls this. What was slow because the
/// processor had slept until then is left out.
fn times(times: usize, steps: u64) -> Vec<f64> {
    work(steps);
    let timed = |_| {
        let begun = Instant::now();
        work(steps);
        begun.elapsed().as_secs_f64()
    };
    (0..times).map(timed).collect()
}

/// Arithmetic in which each step waits for the one before: no memory, no system.
fn work(steps: u64) {
    let mut number = black_box(1_u64);
    for _ in 0..steps {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
    }
    black_box(number);
}

/// What the processors have done since the start of the machine, in Linux's ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ticks {
    busy: u64,
    idle: u64,
    stolen: u64,
}

impl Ticks {
    /// None on a system that is not Linux.
    fn now() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// The first line of `/proc/stat`: all cores together. Time for guests is in `user` and `nice` already.
    fn parse(text: &str) -> Option<Self> {
        let numbers = text.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
        let numbers: Vec<u64> = numbers.map_while(|number| number.parse().ok()).collect();
        let [user, nice, system, idle, waiting, interrupts, soft_interrupts, stolen, ..] = numbers.as_slice() else {
            return None;
        };
        let busy = user + nice + system + interrupts + soft_interrupts;
        Some(Self { busy, idle: idle + waiting, stolen: *stolen })
    }

    /// The shares of the time until then that were busy and that were stolen; none if no time has gone by.
    fn until(&self, after: &Self) -> Option<(f64, f64)> {
        let since = |before: u64, after: u64| after.saturating_sub(before) as f64;
        let (busy, stolen) = (since(self.busy, after.busy), since(self.stolen, after.stolen));
        let all = busy + stolen + since(self.idle, after.idle);
        (all > 0.0).then(|| (busy / all, stolen / all))
    }
}

#[cfg(test)]
mod tests {
    use super::{Ticks, judged, times};

    #[test]
    fn the_processors_time_is_read() {
        let before = Ticks::parse("cpu  100 10 50 1000 40 5 5 20 7 0\ncpu0 1 2 3\n").unwrap();
        assert_eq!(before, Ticks { busy: 170, idle: 1_040, stolen: 20 });
        let after = Ticks { busy: 180, idle: 1_120, stolen: 30 };
        assert_eq!(before.until(&after), Some((0.1, 0.1)));
        assert_eq!(before.until(&before), None);
        for text in ["", "cpu0 1 2 3 4 5 6 7 8", "cpu  1 2 3", "cpu  1 2 3 4 5 6 7"] {
            assert_eq!(Ticks::parse(text), None, "{text}");
        }
    }

    #[test]
    fn one_kind_of_noise_is_enough() {
        for (shares, spread, expected) in [
            (Some((0.05, 0.01)), 0.10, false),
            (Some((0.06, 0.0)), 0.0, true),
            (Some((0.0, 0.02)), 0.0, true),
            (Some((0.0, 0.0)), 0.11, true),
            (None, 0.05, false),
            (None, 0.11, true),
        ] {
            let noise = judged(shares, spread);
            assert_eq!(noise.is_noisy, expected, "{noise:?}");
            assert_eq!(noise.busy_share, shares.map(|(busy, _)| busy));
        }
    }

    #[test]
    fn each_time_is_counted() {
        let times = times(5, 1_000);
        assert!(times.len() == 5 && times.iter().all(|time| *time > 0.0), "{times:?}");
    }
}
