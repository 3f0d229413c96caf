//! How what a run says reads on the page.

use bench::result::{Load, Run, Verified};

/// One timed run, as a row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    pub subject: String,
    pub workload: String,
    /// Users, rate and round, where they are more than one would think.
    pub about: String,
    pub connections: usize,
    /// Requests a second, or nothing where the run failed.
    pub rate: String,
    /// Milliseconds, or nothing where the run failed or the tool does not say.
    pub p99: String,
    /// Why there is no figure.
    pub failure: Option<String>,
}

impl Figure {
    pub(crate) fn of(run: &Run) -> Self {
        let rate = match run.load {
            Load::Closed => String::new(),
            Load::Open { rate, .. } => format!(", {} a second sent", grouped(rate)),
        };
        let p99 = |latency: bench::result::Latency| format!("{:.2} ms", latency.p99);
        Self {
            subject: run.subject.clone(),
            workload: run.workload.clone(),
            about: format!("{} users{rate}, round {}", grouped(run.users as f64), run.round),
            connections: run.connections,
            rate: run.failure.as_ref().map_or_else(|| grouped(run.requests_per_second), |_| String::new()),
            p99: run.latency.filter(|_| run.failure.is_none()).map(p99).unwrap_or_default(),
            failure: run.failure.clone(),
        }
    }
}

/// Something to know beside the figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    /// `good`, `bad`, or neither: the colour of its first word.
    pub mood: &'static str,
    /// `verified`, `not timed`, `note`.
    pub word: &'static str,
    pub text: String,
}

impl Remark {
    pub(crate) fn note(text: String) -> Self {
        Self { mood: "", word: "note", text }
    }

    /// How a subject went through the conformance suite.
    pub(crate) fn verified(subject: &str, verified: &Verified) -> Self {
        match verified {
            Verified::Passed { cases } => {
                Self { mood: "good", word: "verified", text: format!("{subject} passed all {cases} cases") }
            }
            Verified::Failed { cases, failures } => {
                let failed = failures.len();
                let first = failures.first().map(|failure| format!(", first: {failure}")).unwrap_or_default();
                Self {
                    mood: "bad",
                    word: "not timed",
                    text: format!("{subject} failed {failed} of {cases} cases{first}"),
                }
            }
            Verified::NotApplicable => Self {
                mood: "good",
                word: "checked",
                text: format!("{subject} answers what it should; it is no server of the contract"),
            },
        }
    }
}

/// `12,345`, rounded.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `about 2 min 10 s left`: not more exact than it can be known.
pub(crate) fn left(seconds: f64) -> String {
    let seconds = if seconds.is_finite() { seconds.clamp(0.0, 1e6) } else { 0.0 };
    if seconds < 5.0 {
        return "a few seconds left".to_owned();
    }
    let step = if seconds < 20.0 { 1.0 } else { 10.0 };
    let rounded = ((seconds / step).round() * step) as u64;
    match (rounded / 60, rounded % 60) {
        (0, seconds) => format!("about {seconds} s left"),
        (minutes, seconds) if minutes < 5 && seconds > 0 => format!("about {minutes} min {seconds} s left"),
        (minutes, _) => format!("about {minutes} min left"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Remark, grouped, left};
    use bench::result::Verified;

    #[test]
    fn numbers_are_read_in_groups_of_three() {
        for (number, text) in [(0.0, "0"), (999.4, "999"), (1_000.0, "1,000"), (1_234_567.8, "1,234,568")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn the_time_left_is_not_more_exact_than_it_is() {
        for (seconds, text) in [
            (-3.0, "a few seconds left"),
            (f64::NAN, "a few seconds left"),
            (7.4, "about 7 s left"),
            (57.0, "about 1 min left"),
            (128.0, "about 2 min 10 s left"),
            (1_834.0, "about 30 min left"),
        ] {
            assert_eq!(left(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn what_was_not_verified_says_why() {
        let failed = Verified::Failed { cases: 40, failures: vec!["users: list is empty".into(), "b".into()] };
        let remark = Remark::verified("axum-memory", &failed);
        assert_eq!(remark.text, "axum-memory failed 2 of 40 cases, first: users: list is empty");
        assert_eq!(remark.mood, "bad");
        assert_eq!(Remark::verified("axum-memory", &Verified::Passed { cases: 40 }).mood, "good");
    }
}
