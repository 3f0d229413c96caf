//! The charts of latency over percentiles.

use super::ReportError;
use super::charts::{Looks, families, finish, group, lines, rounds_of};
use super::figures::{Figure, Figures, distinct};
use super::lines::{LineChart, Scale};
use super::number::{counted, millis, whole};
use super::parts::{Cell, Chart, NOTHING, Section};
use super::words;
use crate::result::{Load, Subject};

/// Latency over percentiles while requests come at a fixed rate: one chart for each workload and number of connections.
///
/// # Errors
///
/// [`ReportError`].
pub fn latency(figures: &Figures<'_>, looks: &Looks<'_>) -> Result<Option<Section>, ReportError> {
    let open: Vec<&Figure> =
        figures.list.iter().filter(|figure| !figure.key.is_closed() && figure.latency.is_some()).collect();
    let panels = distinct(open.iter().map(|figure| {
        let key = &figure.key;
        (key.workload.as_str(), key.users, key.connections, share(key.load))
    }));
    let mut groups = Vec::new();
    for (title, subjects) in families(figures) {
        let mut charts = Vec::new();
        for panel in &panels {
            let of_it = |figure: &&&Figure| {
                let key = &figure.key;
                (key.workload.as_str(), key.users, key.connections, share(key.load)) == *panel
            };
            let timed: Vec<&Figure> = open.iter().filter(of_it).copied().collect();
            charts.extend(latency_chart(&timed, looks, &subjects)?);
        }
        groups.push(group(title, charts, &subjects, looks)?);
    }
    let about = format!(
        "Requests come at a fixed rate, whatever is answered, and the time of each counts from when it was due: a server that stalls \
         is not asked less. Lower is better, and so is flatter; {}.",
        rounds_of(figures),
    );
    Ok(Section { id: "latency", title: "Latency at a fixed rate", about, groups }.if_any())
}

/// Whether the rate is a share of what the subject can do at most, in thousandths, or the same for all.
fn share(load: Load) -> Option<u64> {
    match load {
        Load::Open { of_highest, .. } => of_highest.map(|share| (share * 1_000.0).round() as u64),
        Load::Closed => None,
    }
}

fn latency_chart(
    timed: &[&Figure],
    looks: &Looks<'_>,
    subjects: &[&Subject],
) -> Result<Option<(Chart, Vec<String>)>, ReportError> {
    let of = |subject: &str| timed.iter().find(|figure| figure.key.subject == subject);
    let values = |subject: &str| {
        let latency = of(subject).and_then(|figure| figure.latency);
        let parts = latency.map(|latency| [latency.p50, latency.p90, latency.p99, latency.p999]);
        parts.map_or_else(Vec::new, |parts| parts.into_iter().map(Some).collect())
    };
    let lines = lines(subjects, values);
    let Some(key) = timed.first().map(|figure| &figure.key) else { return Ok(None) };
    let rates = distinct(timed.iter().map(|figure| words::load(figure.key.load)));
    let rate = match rates.as_slice() {
        [rate] if share(key.load).is_none() => format!("{rate} for all"),
        _ => share(key.load).map_or("each at a rate of its own".to_owned(), |share| {
            format!("each at {} % of its own highest rate", share / 10)
        }),
    };
    let name = words::workload(&key.workload);
    let caption = format!("{name}, {rate}, {}, {} users", counted(key.connections, "connection"), whole(key.users));
    let spans = timed.iter().filter_map(|figure| figure.latency).map(|latency| (latency.p50.min, latency.p999.max));
    let range = spans.fold(f64::MAX..0.0, |range, (low, high)| range.start.min(low)..range.end.max(high));
    let chart = LineChart {
        alternative: format!("{caption}: percentiles of latency; the numbers are in the table below."),
        x_title: "percentile of requests",
        y_title: "milliseconds, logarithmic",
        places: ["p50", "p90", "p99", "p99.9"]
            .into_iter()
            .enumerate()
            .map(|(place, name)| (place as f64, name.to_owned()))
            .collect(),
        range,
        note: None,
        scale: Scale::Logarithmic,
        lines: Vec::new(),
    };
    let mut chart = finish(chart, &lines, looks, caption.clone(), format!("{caption}: latency by percentile"), millis)?;
    if let (Some((chart, _)), true) = (&mut chart, rates.len() > 1) {
        chart.table.head.push("rate".to_owned());
        for (name, cells) in chart.table.bodies.iter_mut().flat_map(|body| &mut body.rows) {
            let rate = of(name).map(|figure| words::load(figure.key.load));
            cells.push(Cell::plain(rate.unwrap_or_else(|| NOTHING.to_owned())));
        }
    }
    Ok(chart)
}
