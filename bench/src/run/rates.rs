//! Fixed rates: which they are, and whether the generator kept to them.

use super::{Runner, Series};
use crate::error::BenchError;
use crate::generator::Counted;
use crate::report::number::count;
use crate::result::{Kind, Load};
use crate::statistics::Summary;
use crate::workload::Workload;
use std::collections::BTreeMap;

/// The connections at which rates are fixed, if they are among those asked for.
const CONNECTIONS_AT_FIXED_RATE: usize = 64;

/// Half of what a subject can do at most: p99 here says how it bears bursts.
const OF_HIGHEST: f64 = 0.5;

/// So much of what was due must have come: a generator that falls behind leaves out the requests that would have waited longest, and
/// what it times is another rate's latency.
const KEPT: f64 = 0.95;

/// So many requests may fall over the beginning or the end of a run, however few are due in it.
const AT_THE_EDGES: f64 = 2.0;

impl Runner {
    /// Latency at half of each subject's own highest rate, and of all at one round rate that the slowest variant can bear.
    pub(super) async fn time_at_fixed_rates(&mut self, series: &Series) -> Result<(), BenchError> {
        let highest: Vec<(usize, f64, Kind)> = series
            .places
            .iter()
            .filter_map(|place| {
                let candidate = self.candidates.get(*place).filter(|candidate| candidate.is_server())?;
                let rate = self.highest(&candidate.subject.name, series.workload, series.users)?;
                Some((*place, rate * OF_HIGHEST, candidate.subject.kind))
            })
            .collect();
        let variants = highest.iter().filter(|(_, _, kind)| *kind == Kind::Variant);
        let Some(common) = variants.map(|(_, rate, _)| *rate).min_by(f64::total_cmp).map(round_rate) else {
            return Ok(());
        };
        let connections = self.plan.connections.iter().copied().find(|count| *count == CONNECTIONS_AT_FIXED_RATE);
        let Some(connections) = connections.or_else(|| self.plan.connections.last().copied()) else { return Ok(()) };
        for round in 1..=self.plan.rounds {
            for (place, own, kind) in &highest {
                let own = Load::Open { rate: own.round().max(1.0), of_highest: Some(OF_HIGHEST) };
                self.time(*place, series, connections, round, own).await?;
                if *kind == Kind::Variant {
                    let common = Load::Open { rate: common, of_highest: None };
                    self.time(*place, series, connections, round, common).await?;
                }
            }
        }
        Ok(())
    }

    /// The most that a subject did at any number of connections, by the medians.
    fn highest(&self, subject: &str, workload: Workload, users: u64) -> Option<f64> {
        let runs = self.results.runs.iter().filter(|run| {
            let is_it = run.subject == subject && run.workload == workload.name() && run.users == users;
            is_it && run.load == Load::Closed && run.failure.is_none()
        });
        let mut by_connections: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for run in runs {
            by_connections.entry(run.connections).or_default().push(run.requests_per_second);
        }
        let medians = by_connections.into_values().filter_map(Summary::of);
        medians.map(|summary| summary.median).max_by(f64::total_cmp)
    }
}

/// The next lower of 1, 2, 5, 10, 20, 50 ...: two runs that differ a little get the same, and can be compared.
fn round_rate(rate: f64) -> f64 {
    let decade = 10_f64.powf(rate.max(1.0).log10().floor());
    [5.0, 2.0].into_iter().map(|step| step * decade).find(|step| *step <= rate).unwrap_or(decade)
}

/// Why a part of a workload was not timed at the rate that was asked for, if so. What counts is what was sent within `seconds`; the
/// last answers may come later.
pub(super) fn not_kept(
    load: Load,
    workload: Workload,
    part: Workload,
    seconds: u64,
    counted: &Counted,
) -> Option<String> {
    let Load::Open { rate, .. } = load else { return None };
    let (_, share) = workload.at_fixed_rate().iter().find(|(other, _)| *other == part)?;
    let (asked, seconds) = (rate * share, seconds as f64);
    let came = (counted.requests + counted.errors) as f64;
    let is_kept = came + AT_THE_EDGES >= asked * seconds * KEPT;
    (!is_kept).then(|| {
        format!(
            "the load generator was asked for {} requests a second, and {} came: this is no latency at that rate",
            count(asked),
            count(came / seconds)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{not_kept, round_rate};
    use crate::generator::Counted;
    use crate::result::Load;
    use crate::workload::Workload;

    #[test]
    fn a_common_rate_is_a_round_number() {
        for (rate, expected) in
            [(0.3, 1.0), (1.0, 1.0), (4.9, 2.0), (5.0, 5.0), (999.0, 500.0), (1_000.0, 1_000.0), (17_850.0, 10_000.0)]
        {
            assert_eq!(round_rate(rate), expected, "{rate}");
        }
    }

    #[test]
    fn a_rate_is_kept_if_nearly_all_that_was_due_came() {
        let check = |rate: f64, part: Workload, (requests, errors): (u64, u64), is_kept: bool| {
            let load = Load::Open { rate, of_highest: None };
            let counted = Counted { seconds: 2.1, requests, errors, ..Counted::default() };
            let workload = if part == Workload::Hello { part } else { Workload::Mix };
            let reason = not_kept(load, workload, part, 2, &counted);
            assert_eq!(reason.is_none(), is_kept, "{requests} of {rate} a second: {reason:?}");
        };
        check(1_000.0, Workload::Hello, (2_000, 0), true);
        check(1_000.0, Workload::Hello, (1_800, 100), true);
        check(1_000.0, Workload::Hello, (1_800, 90), false);
        check(1_000.0, Workload::ReadOne, (1_600, 0), true);
        check(1_000.0, Workload::Update, (400, 0), true);
        check(1_000.0, Workload::Update, (300, 0), false);
        check(1.0, Workload::Hello, (1, 0), true);
        check(1.0, Workload::Hello, (0, 0), true);
    }

    #[test]
    fn what_was_asked_for_and_what_came_is_said() {
        let counted = Counted { requests: 6_400, ..Counted::default() };
        let load = Load::Open { rate: 5_000.0, of_highest: None };
        let reason = not_kept(load, Workload::Hello, Workload::Hello, 2, &counted).unwrap();
        assert!(reason.contains("asked for 5,000 requests a second, and 3,200 came"), "{reason}");
        assert_eq!(not_kept(Load::Closed, Workload::Hello, Workload::Hello, 2, &counted), None);
    }
}
