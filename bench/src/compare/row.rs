//! One measure of one figure in both files, and what the difference means.

use crate::report::figures::{Figure, Key};
use crate::report::number::{bytes, count, millis, three_digits};
use crate::report::words;
use crate::statistics::{Difference, Summary};

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Of a closed loop; more is better.
    RequestsPerSecond,
    /// Milliseconds at a fixed rate, as the three that follow: half of the requests took no longer.
    P50,
    /// Nine of ten.
    P90,
    /// 99 of 100.
    P99,
    /// 999 of 1,000.
    P999,
    /// Processor seconds of the server and the database for 1,000 requests.
    Cost,
    /// Bytes of the server.
    PeakMemory,
}

impl Measure {
    pub(super) const ALL: [Self; 7] =
        [Self::RequestsPerSecond, Self::P50, Self::P90, Self::P99, Self::P999, Self::Cost, Self::PeakMemory];

    /// As it stands in a table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestsPerSecond => "requests/s",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P99 => "p99",
            Self::P999 => "p99.9",
            Self::Cost => "CPU of 1,000 requests",
            Self::PeakMemory => "peak memory",
        }
    }

    /// A value of it with its unit.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        match self {
            Self::RequestsPerSecond => count(value),
            Self::P50 | Self::P90 | Self::P99 | Self::P999 => millis(value),
            Self::Cost => format!("{} s", three_digits(value)),
            Self::PeakMemory => bytes(value),
        }
    }

    /// Requests a second say how fast a server can be only in a closed loop, and latency what a client sees only in an open one.
    pub(super) fn of(self, figure: &Figure) -> Option<Summary> {
        let latency = figure.latency.filter(|_| !figure.key.is_closed());
        match self {
            Self::RequestsPerSecond => figure.key.is_closed().then_some(figure.requests_per_second),
            Self::P50 => latency.map(|latency| latency.p50),
            Self::P90 => latency.map(|latency| latency.p90),
            Self::P99 => latency.map(|latency| latency.p99),
            Self::P999 => latency.map(|latency| latency.p999),
            Self::Cost => figure.cost.total,
            Self::PeakMemory => figure.peak_memory,
        }
    }

    fn is_better(self, higher: bool) -> bool {
        (self == Self::RequestsPerSecond) == higher
    }
}

/// What a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// More than noise, to the good.
    Better,
    /// More than noise, to the bad.
    Worse,
    /// Rounds of the same differ as much, here or elsewhere in the files.
    Noise,
    /// Fewer than three rounds on one side.
    TooFewRounds,
}

impl Verdict {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Worse, Self::Better, Self::TooFewRounds, Self::Noise];

    /// As a heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Better => "Better, by more than noise",
            Self::Worse => "Worse, by more than noise",
            Self::Noise => "Within the noise",
            Self::TooFewRounds => "Too few rounds to tell",
        }
    }
}

/// One measure of one figure in both files.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was timed.
    pub key: Key,
    /// What of it.
    pub measure: Measure,
    /// In the first file.
    pub before: Summary,
    /// In the second.
    pub after: Summary,
    /// The second median as a multiple of the first.
    pub ratio: f64,
    /// What that means.
    pub verdict: Verdict,
}

impl Row {
    /// `floor` is the difference, as a share, below which nothing means anything on these machines.
    pub(super) fn of(key: &Key, measure: Measure, before: Summary, after: Summary, floor: f64) -> Option<Self> {
        let ratio = after.median / before.median;
        let verdict = match before.difference(&after) {
            Difference::TooFewRounds => Verdict::TooFewRounds,
            Difference::WithinNoise => Verdict::Noise,
            _ if (ratio - 1.0).abs() <= floor => Verdict::Noise,
            difference if measure.is_better(difference == Difference::Higher) => Verdict::Better,
            _ => Verdict::Worse,
        };
        let is_finite = ratio.is_finite() && ratio > 0.0;
        is_finite.then(|| Self { key: key.clone(), measure, before, after, ratio, verdict })
    }

    /// How large the difference is: half as much is as large as twice as much.
    #[must_use]
    pub fn size(&self) -> f64 {
        self.ratio.ln().abs()
    }

    /// `+12.3 %`.
    #[must_use]
    pub fn change(&self) -> String {
        format!("{:+.1} %", (self.ratio - 1.0) * 100.0)
    }

    /// What was timed, without the subject's name.
    #[must_use]
    pub fn place(&self) -> String {
        words::place(&self.key)
    }

    /// `31,517 (31,348 to 31,548)`.
    #[must_use]
    pub fn shown(&self, value: &Summary) -> String {
        let show = |value: f64| self.measure.show(value);
        match value.count {
            1 => show(value.median),
            _ => format!("{} ({} to {})", show(value.median), show(value.min), show(value.max)),
        }
    }
}
