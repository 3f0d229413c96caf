//! How far a run is, and how long the rest takes.

use crate::dataset::{ORDERS, PRODUCTS};
use crate::progress::Event;
use std::time::Duration;

/// So many suites run at the same time: most of a suite's time goes by in waiting for limits.
pub(super) const SUITES_AT_ONCE: usize = 3;

/// About how long the first of each kind takes, in seconds; those that are over say it better.
const A_SUITE: f64 = 20.0;
const TEN_THOUSAND_RECORDS: f64 = 1.0;
/// Starting, settling, looking after it and stopping, beside the time that was asked for.
const AROUND_A_RUN: f64 = 1.0;

/// What takes time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// The conformance suite against one server.
    Suite,
    /// Filling one database with so many users.
    Fill(u64),
    /// Timing one subject once.
    Run,
}

impl Step {
    /// How much there is to do, in what steps of its kind are measured by.
    fn size(self) -> f64 {
        match self {
            // With the products and orders that are there beside the users, however few those are.
            Self::Fill(users) => (users + PRODUCTS + ORDERS) as f64 / 10_000.0,
            Self::Suite | Self::Run => 1.0,
        }
    }
}

/// All steps of one kind.
#[derive(Debug, Default)]
struct Work {
    /// Seconds for one of size 1, for as long as none is over.
    expected: f64,
    at_once: usize,
    left: usize,
    size_left: f64,
    done: usize,
    size_done: f64,
    seconds: f64,
}

impl Work {
    fn new(expected: f64, at_once: usize) -> Self {
        Self { expected, at_once, ..Self::default() }
    }

    fn seconds_left(&self) -> f64 {
        let each = if self.size_done > 0.0 { self.seconds / self.size_done } else { self.expected };
        // The last takes as long as it takes, however many could run beside it.
        (self.size_left / self.at_once.max(1) as f64).max(self.size_left.min(1.0)) * each
    }
}

/// What is over and what is left.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    suites: Work,
    fills: Work,
    runs: Work,
}

impl Steps {
    /// Nothing to do yet; a run is asked to take so long, with its warm-up.
    pub(crate) fn new(seconds_of_a_run: f64) -> Self {
        Self {
            suites: Work::new(A_SUITE, SUITES_AT_ONCE),
            fills: Work::new(TEN_THOUSAND_RECORDS, 1),
            runs: Work::new(seconds_of_a_run + AROUND_A_RUN, 1),
        }
    }

    fn all(&self) -> [&Work; 3] {
        [&self.suites, &self.fills, &self.runs]
    }

    fn of(&mut self, step: Step) -> &mut Work {
        match step {
            Step::Suite => &mut self.suites,
            Step::Fill(_) => &mut self.fills,
            Step::Run => &mut self.runs,
        }
    }

    /// There are so many more to come.
    pub(super) fn expect(&mut self, step: Step, count: usize) {
        let work = self.of(step);
        work.left += count;
        work.size_left += step.size() * count as f64;
    }

    /// What was to come does not, but for what is expected anew.
    pub(super) fn forget_rest(&mut self) {
        for work in [&mut self.suites, &mut self.fills, &mut self.runs] {
            (work.left, work.size_left) = (0, 0.0);
        }
    }

    /// One is over, well or not.
    pub(super) fn end(&mut self, step: Step, took: Duration) {
        let work = self.of(step);
        work.done += 1;
        work.size_done += step.size();
        work.seconds += took.as_secs_f64();
        work.left = work.left.saturating_sub(1);
        work.size_left = (work.size_left - step.size()).max(0.0);
    }

    fn seconds_left(&self) -> f64 {
        self.all().into_iter().map(Work::seconds_left).sum()
    }

    /// What is told before everything else.
    pub(super) fn plan(&self) -> Event {
        Event::Plan { steps: self.all().iter().map(|work| work.done + work.left).sum(), seconds: self.seconds_left() }
    }

    /// What is told when the next one begins.
    pub(super) fn next(&self, what: String) -> Event {
        let done = self.all().iter().map(|work| work.done).sum();
        let left: usize = self.all().iter().map(|work| work.left).sum();
        Event::Step { done, steps: done + left, seconds_left: self.seconds_left(), what }
    }
}

#[cfg(test)]
mod tests {
    use super::{A_SUITE, AROUND_A_RUN, Step, Steps, TEN_THOUSAND_RECORDS};
    use crate::progress::Event;
    use std::time::Duration;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn told(steps: &Steps) -> (usize, usize, f64) {
        match steps.next(String::new()) {
            Event::Step { done, steps, seconds_left, .. } => (done, steps, seconds_left.round()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_kinds_are_in_the_plan() {
        let mut steps = Steps::new(4.0);
        steps.expect(Step::Suite, 6);
        steps.expect(Step::Fill(10_000), 6);
        steps.expect(Step::Fill(1_000_000), 2);
        steps.expect(Step::Run, 30);
        let filling = (6.0 * 1.3 + 2.0 * 100.3) * TEN_THOUSAND_RECORDS;
        let expected = 2.0 * A_SUITE + filling + 30.0 * (4.0 + AROUND_A_RUN);
        let Event::Plan { steps, seconds } = steps.plan() else { panic!("no plan") };
        assert_eq!((steps, seconds.round()), (44, expected.round()));
    }

    #[test]
    fn what_is_over_says_how_long_the_rest_takes() {
        let mut steps = Steps::new(4.0);
        steps.expect(Step::Run, 10);
        steps.end(Step::Run, seconds(6));
        steps.end(Step::Run, seconds(8));
        assert_eq!(told(&steps), (2, 10, 8.0 * 7.0));
        // Another kind takes its own time.
        steps.expect(Step::Fill(20_000), 2);
        steps.end(Step::Fill(20_000), seconds(10));
        assert_eq!(told(&steps), (3, 12, 8.0 * 7.0 + 10.0));
    }

    #[test]
    fn suites_run_side_by_side_but_the_last_takes_its_time() {
        let mut steps = Steps::new(0.0);
        steps.expect(Step::Suite, 4);
        steps.end(Step::Suite, seconds(30));
        assert_eq!(told(&steps).2, 30.0);
        steps.end(Step::Suite, seconds(30));
        assert_eq!(told(&steps).2, 30.0);
        steps.end(Step::Suite, seconds(30));
        steps.end(Step::Suite, seconds(30));
        assert_eq!(told(&steps), (4, 4, 0.0));
    }

    #[test]
    fn what_does_not_come_is_not_waited_for() {
        let mut steps = Steps::new(1.0);
        steps.expect(Step::Run, 10);
        steps.end(Step::Run, seconds(2));
        steps.forget_rest();
        steps.expect(Step::Run, 3);
        assert_eq!(told(&steps), (1, 4, 6.0));
    }
}
