//! What can be asked of a running variant: whether it is ready, how many requests it has answered, how much memory it has.

use super::log::OWN_REQUEST_ID;
use contract::client::{Client, Limits};
use contract::request::Request;
use std::net::SocketAddr;
use std::time::Duration;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// A variant that takes longer is not ready; more than this nobody says about its metrics.
const LIMITS: Limits = Limits { time: Duration::from_secs(2), body: 1024 * 1024 };

/// Whether a variant and its store answer.
pub(super) async fn is_ready(address: SocketAddr) -> bool {
    get(address, "/health/ready").await.is_some()
}

/// How many requests a variant has answered since it started, without those of the lab itself; none if it does not say.
pub(super) async fn requests(address: SocketAddr) -> Option<u64> {
    let metrics = get(address, "/metrics").await?;
    Some(count(&metrics))
}

/// The body of a 200.
async fn get(address: SocketAddr, path: &str) -> Option<String> {
    let client = Client::new(&format!("http://{address}")).ok()?.with_limits(LIMITS);
    let request = Request::new("GET", path).header("X-Request-Id", OWN_REQUEST_ID.as_str());
    let answer = client.send(&request).await.ok()?;
    (answer.status == 200 && !answer.is_cut).then(|| answer.text())
}

/// What the lab asks of a variant by itself: whether it is ready, its metrics, and the traces that the tester shows.
const OWN_ROUTES: [&str; 3] = ["/health/ready", "/metrics", "/trace/{request_id}"];

/// The sum of `http_requests_total` (Prometheus text format 0.0.4) over all routes but those that the lab asks.
fn count(metrics: &str) -> u64 {
    let counters = metrics.lines().filter(|line| line.starts_with("http_requests_total{"));
    let is_own = |line: &str| OWN_ROUTES.iter().any(|route| line.contains(&format!("route=\"{route}\"")));
    let others = counters.filter(|line| !is_own(line));
    let value = |line: &str| line.rsplit(' ').next()?.parse::<u64>().ok();
    others.filter_map(value).sum()
}

/// The memory that a process has in use (resident set size), in bytes.
pub(super) fn memory(process_id: u32) -> Option<u64> {
    let mut system = System::new().ok()?;
    let process_id = Pid::from_u32(process_id);
    let wanted = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[process_id]), false, wanted);
    system.process(process_id).map(sysinfo::Process::memory)
}

#[cfg(test)]
mod tests {
    use super::{count, memory};

    #[test]
    fn requests_of_the_lab_itself_do_not_count() {
        let metrics = "# HELP http_requests_total Requests answered.\n\
            http_requests_total{method=\"GET\",route=\"/api/hello\",status=\"200\"} 3\n\
            http_requests_total{method=\"GET\",route=\"/health/ready\",status=\"200\"} 50\n\
            http_requests_total{method=\"GET\",route=\"/metrics\",status=\"200\"} 50\n\
            http_requests_total{method=\"GET\",route=\"/trace/{request_id}\",status=\"200\"} 3\n\
            http_requests_total{method=\"GET\",route=\"\",status=\"404\"} 1\n\
            http_request_duration_seconds_count{route=\"/api/hello\"} 3\n";
        assert_eq!(count(metrics), 4);
    }

    #[test]
    fn a_process_has_some_memory_and_one_that_is_gone_has_none() {
        assert!(memory(std::process::id()).is_some_and(|bytes| bytes > 1_000_000));
        assert_eq!(memory(u32::MAX - 1), None);
    }
}
