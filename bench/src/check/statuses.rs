//! What a variant says itself that it answered, beside what the load generator counted.

use super::{Samples, unanswered};
use crate::error::BenchError;
use crate::generator::Counted;
use crate::process::client;
use crate::workload::Workload;
use contract::request::Request;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Answers since a server's start, by method, route and status.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Statuses(BTreeMap<(String, String, u16), u64>);

impl Statuses {
    /// Those that a variant tells at `/metrics`. It counts an answer before it sends it.
    ///
    /// # Errors
    /// If it tells none.
    pub(crate) async fn of(address: SocketAddr) -> Result<Self, BenchError> {
        let answer = client(address)?.send(&Request::new("GET", "/metrics")).await.map_err(unanswered)?;
        match answer.status {
            200 => Ok(Self::parse(&answer.text())),
            status => Err(BenchError::Answer(format!("GET /metrics was answered {status}"))),
        }
    }

    /// Reads Prometheus' text format, as far as `shared::telemetry` writes it.
    fn parse(text: &str) -> Self {
        let counted = text.lines().filter_map(|line| {
            let (labels, count) = line.strip_prefix("http_requests_total{")?.rsplit_once("} ")?;
            let label = |name: &str| {
                let mut pairs = labels.split("\",").filter_map(|pair| pair.split_once("=\""));
                pairs.find(|(key, _)| *key == name).map(|(_, value)| value.trim_end_matches('"').to_owned())
            };
            Some(((label("method")?, label("route")?, label("status")?.parse().ok()?), count.parse().ok()?))
        });
        Self(counted.collect())
    }

    /// Whether what was answered since `earlier` is what the generator and the samples were told: each success was one, and
    /// whatever was none is known.
    ///
    /// # Errors
    /// What is not, as a sentence.
    pub(crate) fn account_for(
        &self,
        earlier: &Self,
        workload: Workload,
        parts: &[(Workload, Counted)],
        samples: &Samples,
        connections: usize,
    ) -> Result<(), String> {
        let (mut successes, mut others) = (0, BTreeMap::new());
        for (key, count) in &self.0 {
            let (method, route, status) = key;
            let count = count.saturating_sub(earlier.0.get(key).copied().unwrap_or_default());
            if count == 0 || !workload.routes().contains(&(method, route)) {
                continue;
            }
            match *status == workload.status() {
                true => successes += count,
                false => *others.entry(*status).or_insert(0) += count,
            }
        }
        let acknowledged = samples.good + parts.iter().map(|(_, counted)| counted.requests).sum::<u64>();
        if successes < acknowledged {
            return Err(format!("{acknowledged} answers were taken for successes, but the server gave {successes}"));
        }
        let errors = parts.iter().map(|(_, counted)| counted.errors).sum::<u64>();
        // Where some were refused, those under way when the load ended may be refused too, and nobody is told.
        let untold = if errors == 0 { 0 } else { connections as u64 };
        if others.values().sum::<u64>() > errors + u64::from(samples.bad.is_some()) + untold {
            let listed: Vec<String> = others.iter().map(|(status, count)| format!("{count} times {status}")).collect();
            return Err(format!("the server answered {}, but {errors} errors were told of", listed.join(", ")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Statuses;
    use crate::check::Samples;
    use crate::generator::Counted;
    use crate::workload::Workload;

    fn statuses(lines: &[(&str, &str, u16, u64)]) -> Statuses {
        let line = |(method, route, status, count): &(&str, &str, u16, u64)| {
            format!(
                "http_requests_total{{framework=\"axum\",method=\"{method}\",route=\"{route}\",status=\"{status}\",store=\"redis\"}} {count}\n"
            )
        };
        Statuses::parse(&format!("# TYPE http_requests_total counter\n{}", lines.iter().map(line).collect::<String>()))
    }

    fn check(workload: Workload, after: &[(&str, &str, u16, u64)], (requests, errors): (u64, u64), expected: &str) {
        let earlier = statuses(&[("GET", "/api/users/{id}", 200, 1_000), ("GET", "/api/users/{id}", 302, 7)]);
        let counted = Counted { requests, errors, ..Counted::default() };
        let samples = Samples { good: 4, ..Samples::default() };
        let outcome = statuses(after).account_for(&earlier, workload, &[(workload, counted)], &samples, 8);
        match expected {
            "" => assert_eq!(outcome, Ok(())),
            expected => assert!(outcome.as_ref().is_err_and(|reason| reason.contains(expected)), "{outcome:?}"),
        }
    }

    #[test]
    fn a_redirection_is_no_success() {
        let of = |successes, redirections| {
            [("GET", "/api/users/{id}", 200, successes), ("GET", "/api/users/{id}", 302, redirections)]
        };
        check(Workload::ReadOne, &of(1_104, 7), (100, 0), "");
        // Those under way when the load ended.
        check(Workload::ReadOne, &of(1_112, 7), (100, 0), "");
        check(
            Workload::ReadOne,
            &of(1_103, 8),
            (100, 0),
            "104 answers were taken for successes, but the server gave 103",
        );
        check(Workload::ReadOne, &of(1_104, 8), (100, 0), "1 times 302");
        check(Workload::ReadOne, &of(1_104, 9), (100, 2), "");
        check(Workload::ReadOne, &of(1_104, 18), (100, 2), "11 times 302");
    }

    #[test]
    fn only_what_a_workload_asks_for_counts() {
        let answered = |created| [("GET", "/api/products", 200, 90), ("POST", "/api/products", 201, created)];
        check(Workload::Create, &answered(104), (100, 0), "");
        check(Workload::Create, &answered(103), (100, 0), "the server gave 103");
        check(Workload::Create, &[("POST", "/api/products", 200, 104)], (100, 0), "the server gave 0");
        let mixed = [("GET", "/api/users/{id}", 200, 1_080), ("PATCH", "/api/users/{id}", 200, 24)];
        check(Workload::Mix, &mixed, (100, 0), "");
    }
}
