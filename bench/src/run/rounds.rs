//! How often: until the spread is known.

use crate::report::number::{percent, whole};
use crate::result::Run;
use crate::statistics::{ROUNDS_TO_TELL, Summary};
use std::collections::BTreeMap;

/// The rounds of a subject are enough when the middle half of them spans no more than this share of their median. A tenth, since
/// that is the least difference that readers take for one. The middle half, not the range: a range only grows with each round, and one
/// disturbed round would make all others go again and again. Of three rounds it is half the range.
const MIDDLE_HALF_MAX: f64 = 0.10;

/// Why all subjects go once more, if they do: what the rounds of the one with the widest spread have been like. `runs` are those of
/// one workload at one number of connections.
pub(super) fn why_once_more(runs: &[Run]) -> Option<String> {
    let mut rates: BTreeMap<(&str, &str, u64), Vec<f64>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.failure.is_none()) {
        rates.entry((&run.subject, &run.workload, run.users)).or_default().push(run.requests_per_second);
    }
    let spreads = rates.into_iter().filter_map(|(of, rates)| {
        let summary = Summary::of(rates)?;
        // As wide as can be, for all that is known.
        Some((of, if summary.count < ROUNDS_TO_TELL { f64::INFINITY } else { summary.middle_half() }))
    });
    let ((subject, workload, users), widest) = spreads.max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    let users = whole(users);
    let reason = match widest {
        widest if widest.is_infinite() => {
            format!("too few rounds of {subject}, {workload}, {users} users, count to know their spread")
        }
        widest if widest > MIDDLE_HALF_MAX => {
            let share = percent(widest);
            format!("{subject}, {workload}, {users} users: the middle half of its rounds spans {share} of their median")
        }
        _ => return None,
    };
    Some(format!("{reason}; all go once more"))
}

#[cfg(test)]
mod tests {
    use super::why_once_more;
    use crate::result::{Load, Run};

    fn runs(subject: &str, rates: &[f64]) -> Vec<Run> {
        let run = |(place, rate): (usize, &f64)| Run {
            subject: subject.to_owned(),
            workload: "hello".to_owned(),
            users: 1_000,
            connections: 64,
            load: Load::Closed,
            round: place + 1,
            seconds: 1.0,
            requests: 1,
            errors: 0,
            requests_per_second: *rate,
            latency: None,
            server_cpu_seconds: None,
            database_cpu_seconds: None,
            generator_cpu_seconds: None,
            peak_memory_bytes: None,
            file_memory_bytes: None,
            start_millis: None,
            failure: None,
        };
        rates.iter().enumerate().map(run).collect()
    }

    #[test]
    fn rounds_that_agree_are_enough() {
        assert_eq!(why_once_more(&[]), None);
        assert_eq!(why_once_more(&runs("axum", &[95.0, 100.0, 105.0])), None);
        // One that was disturbed is one of many.
        assert_eq!(why_once_more(&runs("axum", &[40.0, 98.0, 100.0, 101.0, 102.0])), None);
    }

    #[test]
    fn whose_rounds_differ_most_is_told() {
        let all = [runs("axum", &[85.0, 100.0, 115.0]), runs("actix", &[60.0, 100.0, 140.0]), runs("hyper", &[9.0; 3])];
        let reason = why_once_more(&all.concat()).unwrap();
        assert!(reason.starts_with("actix, hello, 1,000 users: the middle half of its rounds spans 40 %"), "{reason}");
    }

    #[test]
    fn another_size_is_another_figure() {
        let (small, mut large) = (runs("axum", &[100.0; 3]), runs("axum", &[50.0; 3]));
        large.iter_mut().for_each(|run| run.users = 1_000_000);
        assert_eq!(why_once_more(&[small, large].concat()), None);
    }

    #[test]
    fn too_few_rounds_say_nothing_and_failed_ones_are_none() {
        assert!(why_once_more(&runs("axum", &[100.0, 100.0])).unwrap().starts_with("too few rounds of axum"));
        let mut one_failed = runs("axum", &[100.0; 3]);
        one_failed[1].failure = Some("a lost write".to_owned());
        assert!(why_once_more(&one_failed).is_some());
        // Whoever always fails keeps nobody.
        one_failed.iter_mut().for_each(|run| run.failure = Some("a lost write".to_owned()));
        assert_eq!(why_once_more(&[one_failed, runs("hyper", &[9.0; 3])].concat()), None);
    }
}
