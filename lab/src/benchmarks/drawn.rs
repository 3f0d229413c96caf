//! A result, or two of them, as HTML for the middle of a page: the one place where the lab asks crate `bench` for that.

use askama::Template;
use bench::result::{Results, Run};
use bench::statistics::Summary;

/// Tables and charts of one result.
///
/// # Errors
/// Why it cannot be drawn, in a sentence.
pub(crate) fn one(results: &Results) -> Result<String, String> {
    summary(results)
}

/// Which differences between two results are more than noise.
///
/// # Errors
/// Why they cannot be compared, in a sentence.
pub(crate) fn two(before: &Results, after: &Results) -> Result<String, String> {
    Ok(format!("<h3>Before</h3>{}<h3>After</h3>{}", summary(before)?, summary(after)?))
}

/// The medians, one row for each thing that was timed.
#[derive(Template)]
#[template(
    source = r#"<div class="card region" role="region" aria-label="Medians" tabindex="0"><table class="figures">
<thead><tr><th scope="col">subject</th><th scope="col">workload</th><th scope="col" class="number">connections</th><th scope="col" class="number">requests/s</th><th scope="col" class="number">p99</th></tr></thead>
<tbody>{% for row in rows %}<tr><th scope="row">{{ row.0 }}</th><td>{{ row.1 }}</td><td class="number">{{ row.2 }}</td><td class="number">{{ row.3 }}</td><td class="number">{{ row.4 }}</td></tr>
{% endfor %}</tbody></table></div>"#,
    ext = "html"
)]
struct Medians<'a> {
    rows: Vec<(&'a str, &'a str, usize, String, String)>,
}

fn summary(results: &Results) -> Result<String, String> {
    let mut groups: Vec<Vec<&Run>> = Vec::new();
    let key = |run: &Run| (run.subject.clone(), run.workload.clone(), run.users, run.connections);
    for run in results.runs.iter().filter(|run| run.failure.is_none()) {
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| key(first) == key(run))) {
            Some(group) => group.push(run),
            None => groups.push(vec![run]),
        }
    }
    let median = |group: &[&Run], of: fn(&Run) -> Option<f64>| {
        Summary::of(group.iter().filter_map(|run| of(run))).map(|summary| summary.median)
    };
    let row = |group: &'_ Vec<&'_ Run>| {
        let rate = median(group, |run| Some(run.requests_per_second)).map(super::words::grouped).unwrap_or_default();
        let p99 = median(group, |run| Some(run.latency?.p99)).map(|p99| format!("{p99:.2} ms")).unwrap_or_default();
        (rate, p99)
    };
    let rows = groups.iter().filter_map(|group| {
        let first = group.first()?;
        let (rate, p99) = row(group);
        Some((first.subject.as_str(), first.workload.as_str(), first.connections, rate, p99))
    });
    Medians { rows: rows.collect() }.render().map_err(|error| error.to_string())
}
