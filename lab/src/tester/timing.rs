//! `Server-Timing` (W3C Server Timing) as the lamps and the bar of an answer.

use super::mistakes::LAYERS;
use contract::answer::Answer;
use std::time::Duration;

/// A layer with its time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lamp {
    pub name: String,
    /// Milliseconds; none if the request did not reach it.
    pub milliseconds: Option<f64>,
}

/// A part of the bar, in thousandths of its whole width.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    /// The layer, or `rest`.
    pub name: String,
    pub from: f64,
    pub width: f64,
    pub milliseconds: f64,
}

/// Where the time of an answer went.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Timing {
    /// The four layers, and whatever else a foreign server names; empty if the answer tells no layers.
    pub lamps: Vec<Lamp>,
    /// Milliseconds that no layer accounts for.
    pub rest: f64,
    /// Milliseconds from connecting to the last byte.
    pub total: f64,
}

impl Timing {
    /// Reads the header, all lines of it. A layer that is not named was not reached; without the header, that is known of
    /// a refusal below `/api` only, since a server of somebody else need not tell its layers.
    pub(crate) fn new(answer: &Answer, took: Duration) -> Self {
        let lines = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("server-timing"));
        let entries: Vec<Lamp> = lines.flat_map(|(_, value)| value.split(',')).filter_map(entry).collect();
        let total = took.as_secs_f64() * 1_000.0;
        let mut lamps = Vec::new();
        let is_refusal = answer.path.starts_with("/api/") && (400..500).contains(&answer.status);
        if !entries.is_empty() || is_refusal {
            let time =
                |name: &str| entries.iter().find(|entry| entry.name == name).and_then(|entry| entry.milliseconds);
            lamps.extend(LAYERS.map(|name| Lamp { name: name.to_owned(), milliseconds: time(name) }));
            lamps.extend(entries.iter().filter(|entry| !LAYERS.contains(&entry.name.as_str())).cloned());
        }
        let told: f64 = lamps.iter().filter_map(|lamp| lamp.milliseconds).sum();
        Self { lamps, rest: (total - told).max(0.0), total }
    }

    /// The bar on a scale of so many milliseconds. Each part is wide enough to be seen.
    pub(crate) fn bar(&self, scale: f64) -> Vec<Segment> {
        const VISIBLE: f64 = 4.0;
        let known = self.lamps.iter().filter_map(|lamp| Some((lamp.name.clone(), lamp.milliseconds?)));
        let mut from = 0.0;
        let mut segments = Vec::new();
        for (name, milliseconds) in known.chain([("rest".to_owned(), self.rest)]) {
            let width = (milliseconds / scale * 1_000.0).max(VISIBLE).min(1_000.0 - from);
            segments.push(Segment { name, from, width, milliseconds });
            from += width;
        }
        segments
    }
}

/// `store;dur=0.310`.
fn entry(entry: &str) -> Option<Lamp> {
    let mut parts = entry.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let duration = parts.find_map(|part| part.strip_prefix("dur=")?.trim_matches('"').parse::<f64>().ok());
    let milliseconds = duration.filter(|duration| duration.is_finite() && *duration >= 0.0).unwrap_or(0.0);
    Some(Lamp { name: name.chars().take(40).collect(), milliseconds: Some(milliseconds) })
}

#[cfg(test)]
mod tests {
    use super::Timing;
    use contract::answer::Answer;
    use contract::request::Request;
    use std::time::Duration;

    fn timing(path: &str, status: u16, lines: &[&str]) -> Timing {
        let headers = lines.iter().map(|value| ("Server-Timing".to_owned(), (*value).to_owned())).collect();
        Timing::new(&Answer::new(&Request::new("GET", path), status, headers, Vec::new()), Duration::from_millis(10))
    }

    #[test]
    fn a_layer_that_is_not_named_was_not_reached() {
        let timing = timing("/api/users", 200, &["auth;dur=0.500", "store;dur=4.5"]);
        let lamps: Vec<_> = timing.lamps.iter().map(|lamp| lamp.milliseconds).collect();
        assert_eq!((lamps, timing.rest), (vec![Some(0.5), None, None, Some(4.5)], 5.0));
        let bar = timing.bar(20.0);
        let shown: Vec<_> = bar.iter().map(|segment| (segment.name.as_str(), segment.from, segment.width)).collect();
        assert_eq!(shown, [("auth", 0.0, 25.0), ("store", 25.0, 225.0), ("rest", 250.0, 250.0)]);
    }

    #[test]
    fn without_the_header_the_layers_of_a_refusal_are_dark_and_nothing_is_said_of_others() {
        let refused = timing("/api/nothing", 404, &[]);
        assert!(refused.lamps.len() == 4 && refused.lamps.iter().all(|lamp| lamp.milliseconds.is_none()));
        assert!(timing("/metrics", 200, &[]).lamps.is_empty() && timing("/api/hello", 200, &[]).lamps.is_empty());
    }

    #[test]
    fn the_words_of_a_foreign_server_do_no_harm() {
        for header in ["", ";;,", "db;dur=-5", "db;dur=nan", "db;dur=1e400;desc=\"x\"", "db;dur=99999"] {
            let timing = timing("/", 200, &[header]);
            assert!(timing.bar(10.0).iter().all(|segment| segment.from + segment.width <= 1_000.0), "{header}");
        }
    }
}
